"""What the page of a conductor asks it for, each part by itself and again every few seconds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin.conductor_cards import ConductorCard
from jobs.admin.durations import span_words
from jobs.admin.looks import Look, job_look
from jobs.admin.questions import Answer, ask, known
from jobs.admin.requests import person
from jobs.admin.rows import job_url
from jobs.admin.told import is_number, masked_line, moment_of
from jobs.admin.visible import one_line, visible
from jobs.conductor import DaemonConfig, DaemonHealth, DaemonReady, DaemonTop, RateLimits
from jobs.registry.models import Conductor
from jobs.registry.secrets import tree_without_secrets
from jobs.terms import LIVE_JOB_STATUSES, Verb

EVERY_S: Final = 10
_MAX_PROCESSES: Final = 100
_MAX_JOBS: Final = 30
_MAX_LIMITS: Final = 30

_TITLES: Final = {
    "health": "Health",
    "top": "Load and processes",
    "limits": "Rate limits",
    "config": "Limits and settings",
}


@dataclass(frozen=True, slots=True)
class PartLink:
    """A part of the page that is loaded by itself."""

    slug: str
    title: str
    url: str


def part_links(conductor: Conductor) -> list[PartLink]:
    """The parts of a conductor's page."""
    return [
        PartLink(slug, title, reverse("admin:jobs_conductor_part", args=(conductor.pk, slug)))
        for slug, title in _TITLES.items()
    ]


@require_safe
def part_view(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    """One part: a piece of HTML for the page's script, a page of its own without one."""
    if part not in _TITLES:
        raise Http404
    user = person(request)
    conductor = policy.visible_conductors(user).filter(pk=pk).first()
    if conductor is None:
        raise Http404("There is no such conductor, or none that you may see.")
    runs = {
        job_id: pk
        for pk, job_id in policy.visible_jobs(user)
        .filter(conductor=conductor, gone_at=None, status__in=LIVE_JOB_STATUSES)
        .order_by("id")
        .values_list("pk", "job_id")[:1_000]
    }
    context = {
        **admin.site.each_context(request),
        "title": _TITLES[part],
        "conductor": ConductorCard.of(conductor),
        "conductor_name": one_line(conductor.name),
        **_PARTS[part](conductor, runs),
    }
    if part == "limits":
        may_clear = policy.may(user, Verb.CLEAR_RATE_LIMITS)
        # On the page that clears them, their list needs no way there.
        is_list = request.GET.get("only") == "list"
        context["clear_url"] = _clear_url(conductor) if may_clear and not is_list else ""
    return render(request, f"jobs/conductor_parts/{part}.html", context)


Runs = Mapping[str, int]


def _health(conductor: Conductor, runs: Runs) -> dict[str, Any]:
    health: Answer[DaemonHealth] = ask(conductor, "health", lambda c: c.daemon_health())
    ready: Answer[DaemonReady] = (
        # Two silences one after the other would be longer than a browser waits for this part.
        known(conductor, "ready", health.trouble)
        if health.trouble
        else ask(conductor, "ready", lambda c: c.daemon_ready())
    )
    uptime = health.value.uptime_seconds if health.value else None
    return {
        "answer": health,
        "health": health.value,
        "status": one_line((health.value.status if health.value else "") or ""),
        "uptime": None if uptime is None else span_words(int(uptime)),
        "ready_answer": ready,
        "ready": ready.value,
        "ready_status": one_line((ready.value.status if ready.value else "") or ""),
    }


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process below a conductor."""

    pid: int | None
    command: str
    state: str
    memory: str
    cpu: str
    age: str
    is_zombie: bool


@dataclass(frozen=True, slots=True)
class JobProcesses:
    """The processes of one job; without a name those that no job is told for."""

    name: str
    url: str
    progress: str
    look: Look | None
    processes: list[ProcessRow]


def _top(conductor: Conductor, runs: Runs) -> dict[str, Any]:
    answer: Answer[DaemonTop] = ask(conductor, "top", lambda client: client.daemon_top())
    top = answer.value
    if top is None:
        return {"answer": answer, "top": None}
    loads = [top.load_avg_1, top.load_avg_5, top.load_avg_15]
    zombies = set(top.zombie_pids)
    return {
        "answer": answer,
        "top": top,
        "load": " · ".join("?" if load is None else f"{load:.2f}" for load in loads)
        if any(load is not None for load in loads)
        else "",
        "memory": _of(top.system_memory_used_mb, top.system_memory_total_mb),
        "own_memory": _megabytes(top.daemon_rss_mb),
        "pressure": _pressure(top.pressure_level),
        "jobs": _by_job(top, zombies, runs),
        "more_processes": max(0, len(top.processes) - _MAX_PROCESSES),
        # Those that have no row of their own: some conductors leave zombies out of their list.
        "zombies": sorted(zombies - {_whole(one.get("pid")) or 0 for one in top.processes})[:50],
        "gpus": [_data(tree_without_secrets(gpu)) for gpu in top.gpus[:8]],
    }


def _by_job(top: DaemonTop, zombies: set[int], runs: Runs) -> list[JobProcesses]:
    grouped: dict[str, list[ProcessRow]] = defaultdict(list)
    for told in top.processes[:_MAX_PROCESSES]:
        name = told.get("job_id")
        grouped[name if isinstance(name, str) else ""].append(_process(told, zombies))
    known = {job.job_id: job for job in top.job_progress}
    live = [
        job.job_id
        for job in top.job_progress
        if job.status is not None and not job.status.is_terminal
    ]
    names = list(dict.fromkeys([*live, *grouped]))[:_MAX_JOBS]
    found = []
    for name in sorted(names, key=lambda name: not name):
        job = known.get(name)
        done = "" if job is None else _of_sheets(job.last_completed_sheet, job.total_sheets)
        status = job.status.value if job is not None and job.status is not None else ""
        found.append(
            JobProcesses(
                name=one_line(name, 120),
                url=job_url(runs[name]) if name in runs else "",
                progress=done,
                look=job_look(status) if status else None,
                processes=grouped.get(name, []),
            )
        )
    return found


def _process(told: Mapping[str, Any], zombies: set[int]) -> ProcessRow:
    pid = _whole(told.get("pid"))
    state = one_line(str(told.get("state") or ""), 40)
    age = told.get("age_seconds")
    cpu = told.get("cpu_percent")
    return ProcessRow(
        pid=pid,
        command=masked_line(str(told.get("command") or told.get("name") or "")),
        state=state,
        memory=_megabytes(told.get("rss_mb")),
        cpu=f"{cpu:.0f} %" if is_number(cpu) else "",
        age=span_words(int(age)) if is_number(age) and 0 <= age < 10**9 else "",
        is_zombie=pid in zombies or state.lower() in {"zombie", "z"},
    )


@dataclass(frozen=True, slots=True)
class LimitRow:
    """The limit of one backend."""

    name: str
    until: datetime | None
    words: str


def _limits(conductor: Conductor, runs: Runs) -> dict[str, Any]:
    answer: Answer[RateLimits] = ask(conductor, "rate limits", lambda c: c.daemon_rate_limits())
    limits = answer.value
    rows = []
    for name, told in list(limits.backends.items())[:_MAX_LIMITS] if limits else []:
        until, words = _limit(told)
        rows.append(LimitRow(one_line(str(name), 100), until, words))
    return {"answer": answer, "limits": limits, "rows": rows}


_UNTIL: Final = ("expires_at", "resets_at", "until")


def _limit(told: Any) -> tuple[datetime | None, str]:
    """Until when a limit holds, and whatever else was told of it; no recording shows one."""
    if not isinstance(told, Mapping):
        return None, masked_line(str(told), 300)
    told = tree_without_secrets(dict(told))
    until = next((at for key in _UNTIL if (at := moment_of(told.get(key), or_seconds=True))), None)
    seconds = told.get("seconds_remaining")
    left = f"{span_words(int(seconds))} left" if is_number(seconds) and seconds < 10**9 else ""
    rest = ", ".join(
        f"{one_line(str(key).replace('_', ' '), 60)} {one_line(str(value), 120)}"
        for key, value in list(told.items())[:20]
        if key not in {*_UNTIL, "seconds_remaining"} and value not in (None, "", [], {})
    )
    return until, ", ".join(part for part in (left, rest) if part)


def _config(conductor: Conductor, runs: Runs) -> dict[str, Any]:
    answer: Answer[DaemonConfig] = ask(
        conductor, "config", lambda client: client.daemon_config(), keep_s=60
    )
    config = answer.value
    if config is None:
        return {"answer": answer, "config": None}
    return {
        "answer": answer,
        "config": config,
        "job_timeout": _span(config.job_timeout_seconds),
        "monitor_interval": _span(config.monitor_interval_seconds),
        "resource_limits": _data(_open(config.extra.get("resource_limits"))),
        "rest": [
            (one_line(str(key).replace("_", " "), 60), _setting(value))
            for key, value in sorted(_open(dict(config.extra)).items())[:60]
            if key != "resource_limits"
        ],
    }


_PARTS: Final[Mapping[str, Callable[[Conductor, Runs], dict[str, Any]]]] = {
    "health": _health,
    "top": _top,
    "limits": _limits,
    "config": _config,
}

# A conductor's settings may hold keys: hidden by more words than what else is told.
_SECRET: Final = ("key", "token", "secret", "password", "credential")


def _setting(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return _data(value)
    return "not set" if value is None else one_line(str(value), 300)


def _open(settings: Any) -> Any:
    return tree_without_secrets(settings, also=_SECRET)


def _clear_url(conductor: Conductor) -> str:
    try:
        return reverse("admin:jobs_conductor_clear_rate_limits", args=(conductor.pk,))
    except NoReverseMatch:
        return ""


def _pressure(level: str | None) -> Look | None:
    if not level:
        return None
    tones: dict[str, tuple[Any, str]] = {
        "none": ("ok", "check"),
        "low": ("ok", "check"),
        "medium": ("warn", "alert"),
        "moderate": ("warn", "alert"),
        "high": ("bad", "alert"),
        "critical": ("bad", "alert"),
    }
    tone, icon = tones.get(level.lower(), ("odd", "unknown"))
    return Look(one_line(level, 40), tone, icon)


def _of(used: float | None, total: float | None) -> str:
    if used is None:
        return ""
    return f"{used:,.0f} of {total:,.0f} MB" if total else f"{used:,.0f} MB"


def _of_sheets(done: int | None, total: int | None) -> str:
    return "" if done is None or total is None else f"sheet {done:,} of {total:,} done"


def _megabytes(value: Any) -> str:
    return f"{value:,.0f} MB" if is_number(value) else ""


def _span(seconds: float | None) -> str:
    return "" if seconds is None or seconds > 10**9 else span_words(int(seconds))


def _data(value: Any) -> str:
    return visible(json.dumps(value, indent=2, ensure_ascii=False)[:4_000]) if value else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
