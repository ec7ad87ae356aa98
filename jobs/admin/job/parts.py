"""What the page of a run asks its conductor for, each part by itself and after the page stands."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobs.admin.durations import duration_words
from jobs.admin.job.frame import visible_job
from jobs.admin.job.sheet_rows import Share, shares
from jobs.admin.questions import Answer, ask
from jobs.admin.requests import person
from jobs.admin.rows import job_url
from jobs.admin.told import is_number, masked_line, moment_of
from jobs.admin.visible import one_line, visible
from jobs.conductor import (
    CheckpointState,
    DaemonClient,
    Diagnosis,
    JobControlService,
    ProcessHealth,
)
from jobs.registry.diagnosis import tries_of
from jobs.registry.models import Job, Sheet
from jobs.registry.secrets import masked_text, masked_tree
from jobs.registry.sheets import MAX_SHEETS

_MAX_RECORDS: Final = 50
_MAX_ERRORS: Final = 20
_MAX_LETTERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class PartLink:
    """A part of the page that is loaded by itself."""

    slug: str
    title: str
    url: str


_TITLES: Final = {
    "health": "Process",
    "errors": "Errors as the conductor has them now",
    "diagnose": "The conductor's own diagnosis",
    "history": "Attempts as the conductor remembers them",
}


def part_links(job: Job) -> dict[str, PartLink]:
    """The parts that can say something of this run; none once it left its conductor."""
    if job.gone_at is not None or not job.conductor.is_enabled:
        return {}
    slugs = ["history"] if job.is_terminal else ["health", "history"]
    if job.status == "failed" or job.failed_sheets:
        slugs += ["errors", "diagnose"]
    return {
        slug: PartLink(slug, _TITLES[slug], reverse("admin:jobs_job_part", args=(job.pk, slug)))
        for slug in slugs
    }


@require_safe
def part_view(request: HttpRequest, pk: int, part: str) -> HttpResponse:
    """One part: a piece of HTML for the page's script, a page of its own without one."""
    if part not in _TITLES:
        raise Http404
    job = visible_job(person(request), pk)
    if not part_links(job):
        # Another run may have its name on the conductor by now: what is said there is that one's.
        raise Http404("The conductor has nothing to say of this job any more.")
    context = {
        **admin.site.each_context(request),
        "title": _TITLES[part],
        "job_name": one_line(job.job_id),
        "job_url": job_url(job.pk),
        "conductor_name": one_line(job.conductor.name),
        **_PARTS[part](job),
    }
    return render(request, f"jobs/job/parts/{part}.html", context)


def _health(job: Job) -> dict[str, Any]:
    """How the run's process is doing."""

    async def question(client: DaemonClient) -> ProcessHealth:
        return await JobControlService(client).verify_process_health(job.job_id)

    answer = ask(job.conductor, f"health {job.pk}", question)
    health = answer.value
    uptime = None if health is None else health.uptime_seconds
    return {
        "answer": answer,
        "health": health,
        "up_since": None if uptime is None else timezone.now() - timedelta(seconds=uptime),
        "is_down": health is not None
        and health.pid is None
        and not health.is_alive
        and not job.is_terminal,
    }


# Answers are remembered, and may have megabytes: what a page shows of them is kept, no more.


def _errors(job: Job) -> dict[str, Any]:
    async def question(client: DaemonClient) -> StateView:
        return StateView.of(await client.get_job_errors(job.job_id))

    return _state(job, ask(job.conductor, f"errors {job.pk}", question))


def _diagnose(job: Job) -> dict[str, Any]:
    async def question(client: DaemonClient) -> StateView:
        return StateView.of(await client.diagnose_job(job.job_id))

    return _state(job, ask(job.conductor, f"diagnose {job.pk}", question))


def _history(job: Job) -> dict[str, Any]:
    async def question(client: DaemonClient) -> list[RecordRow]:
        history = await client.get_job_history(job.job_id, _MAX_RECORDS)
        return [RecordRow.of(record) for record in history.records[:_MAX_RECORDS]]

    answer = ask(job.conductor, f"history {job.pk}", question)
    return {"answer": answer, "records": answer.value or []}


_PARTS: Final[Mapping[str, Callable[[Job], dict[str, Any]]]] = {
    "health": _health,
    "errors": _errors,
    "diagnose": _diagnose,
    "history": _history,
}


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error of one sheet."""

    sheet: int
    attempt: int | None
    code: str
    category: str
    message: str


@dataclass(frozen=True, slots=True)
class StateView:
    """What a page shows of a checkpoint that a conductor answered with."""

    workspace: str
    status: str
    message: str
    shares: list[Share]
    errors: list[ErrorRow]
    unread: list[str]
    sheets: bytes  # as `_digest` makes it

    @classmethod
    def of(cls, told: Diagnosis) -> StateView:
        """The view of an answer."""
        state = told.state
        shown = {number: state.shown_status(number)[:40] for number in state.sheets}
        return cls(
            workspace=masked_line(told.workspace or "", 500),
            status=one_line(state.status.value),
            message=visible(masked_text(state.error_message, 2_000)),
            shares=shares(Counter(shown.values()), job_is_terminal=state.status.is_terminal),
            errors=_errors_of(state)[:_MAX_ERRORS],
            unread=[one_line(place, 120) for place in state.misfits[:10]],
            sheets=_digest(
                (number, shown[number], state.sheets[number].reported_attempts)
                for number in sorted(shown)
                if number > 0
            ),
        )


def _state(job: Job, answer: Answer[StateView]) -> dict[str, Any]:
    """What a checkpoint says that came with the answer, beside what is kept here."""
    view = answer.value
    if view is None:
        return {"answer": answer}
    kept = job.sheets.order_by("number").values_list("number", "status", "attempts")
    return {"answer": answer, "state": view, "is_newer": _digest(kept) != view.sheets}


def _digest(sheets: Iterable[tuple[int, str, int | None]]) -> bytes:
    """By which one sees whether the same is told of the same sheets, however many they are."""
    digest = hashlib.blake2b(digest_size=16)
    for number, status, attempts in islice(sheets, MAX_SHEETS):
        digest.update(repr((number, status, attempts)).encode())
    return digest.digest()


def _errors_of(state: CheckpointState) -> list[ErrorRow]:
    found = []
    for number in sorted(state.sheets):
        sheet = state.sheets[number]
        tries = tries_of(Sheet(details={"error_history": sheet.error_history}))
        found += [
            ErrorRow(
                number,
                one.number,
                one_line(one.code, 60),
                one_line(one.category, 60),
                visible(masked_text(one.message, 1_000)),
            )
            for one in tries
        ]
        if not tries and sheet.error_message:
            found.append(
                ErrorRow(
                    number,
                    None,
                    one_line(sheet.error_code or "", 60),
                    one_line(sheet.error_category or "", 60),
                    visible(masked_text(sheet.error_message, 1_000)),
                )
            )
        if len(found) >= _MAX_ERRORS:
            break
    return found


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One attempt of a sheet, as a conductor remembers it; its shape is the conductor's own."""

    sheet: str
    attempt: str
    status: str
    at: datetime | None
    took: str
    exit_code: str
    error: str
    rest: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> RecordRow:
        """The row of a record; what has no column stands in `rest`."""
        record = masked_tree(record, max_text=_MAX_LETTERS)
        seconds = record.get("duration_seconds")
        known = {
            "sheet_num", "attempt_num", "status", "started_at", "completed_at",
            "duration_seconds", "exit_code", "error_code", "error_message",
        }  # fmt: skip
        rest = {
            key: value
            for key, value in record.items()
            if key not in known and value not in (None, "", [], {})
        }
        error = " ".join(
            one_line(str(record[key]), 300)
            for key in ("error_code", "error_message")
            if record.get(key)
        )
        return cls(
            sheet=_word(record, "sheet_num"),
            attempt=_word(record, "attempt_num"),
            status=_word(record, "status"),
            at=moment_of(record.get("started_at")),
            took=duration_words(seconds) if is_number(seconds) else "",
            exit_code=_word(record, "exit_code"),
            error=error,
            rest=visible(", ".join(_told(name, value) for name, value in rest.items())[:1_000]),
        )


def _told(name: Any, value: Any) -> str:
    """A fact that has no column, in words."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return f"{one_line(str(name).replace('_', ' '), 60)}: {value}"


def _word(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    return "" if value is None else one_line(str(value), 60)
