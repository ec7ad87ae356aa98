"""One verb for several runs: asked once, and then each is an attempt with a record of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, UnfitText, offers
from jobs.admin.acting import ACTIONS
from jobs.admin.answers import sentence, tell_unavailable
from jobs.admin.consequences import ASKS, ORDER
from jobs.admin.looks import Look, outcome_look
from jobs.admin.requests import person
from jobs.admin.rows import JobRow, job_url
from jobs.admin.visible import one_line
from jobs.audit import Origin
from jobs.errors import AuditUnavailable, IdempotencyConflict
from jobs.registry.models import Job
from jobs.terms import Verb

MAX_AT_ONCE: Final = 100
_SIDE_BY_SIDE: Final = 8  # calls to conductors at the same time

AdminAction = Callable[[Any, HttpRequest, QuerySet[Job]], HttpResponse | None]


def actions_of_list() -> Iterator[AdminAction]:
    """The verbs as actions of the changelist: each only asks."""
    for verb in ORDER:
        yield _asking(verb)


def _asking(verb: Verb) -> AdminAction:
    permission = {Verb.CLEAR: "clear"}.get(verb, "control")

    @admin.action(description=ASKS[verb].label, permissions=(permission,))
    def ask(_admin: Any, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        jobs = list(queryset.select_related("conductor").order_by("-id")[: MAX_AT_ONCE + 1])
        if len(jobs) > MAX_AT_ONCE:
            messages.error(request, f"At most {MAX_AT_ONCE} jobs at once: choose fewer.")
            return None
        return _question(request, verb, jobs)

    ask.__name__ = verb
    return ask


def _question(
    request: HttpRequest, verb: Verb, jobs: Sequence[Job], *, error: str = ""
) -> HttpResponse:
    able = [job for job in jobs if verb in offers(job)]
    context = {
        **admin.site.each_context(request),
        "title": f"{ASKS[verb].label} {len(able)} job{'' if len(able) == 1 else 's'}?",
        "ask": ASKS[verb],
        "able": [JobRow.of(job) for job in able],
        "unable": [JobRow.of(job) for job in jobs if verb not in offers(job)],
        "reason": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "key": uuid4().hex,
        "error": error,
        "list_url": reverse("admin:jobs_job_changelist"),
    }
    return render(request, "jobs/bulk.html", context, status=422 if error else 200)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one of them."""

    name: str
    url: str
    words: str
    look: Look
    outcome: str


@require_http_methods(["GET", "POST"])
def act_view(request: HttpRequest, verb: str) -> HttpResponse:
    """Every chosen run, one attempt each; the page lists what came of them."""
    if verb not in ACTIONS:
        raise Http404
    if request.method == "GET":  # the address of a result, opened anew: nothing was chosen
        return HttpResponseRedirect(reverse("admin:jobs_job_changelist"))
    user = person(request)
    wanted = {
        int(pk)
        for pk in request.POST.getlist("job")
        if pk.isascii() and pk.isdigit() and len(pk) < 19
    }
    if not wanted or len(wanted) > MAX_AT_ONCE:
        messages.error(request, f"Choose 1 to {MAX_AT_ONCE} jobs.")
        return HttpResponseRedirect(reverse("admin:jobs_job_changelist"))
    visible_jobs = policy.visible_jobs(user).with_surroundings()
    jobs = list(visible_jobs.filter(pk__in=wanted).order_by("-id"))
    try:
        results = async_to_sync(_act_on_all)(
            Verb(verb),
            user,
            jobs,
            origin_of(request),
            reason=request.POST.get("reason", ""),
            key=request.POST.get("key", ""),
            seen={job.pk: request.POST.get(f"seen-{job.pk}") or None for job in jobs},
        )
    except UnfitText as error:
        return _question(request, Verb(verb), jobs, error=str(error))
    except AuditUnavailable:
        return tell_unavailable(request)
    context = {
        **admin.site.each_context(request),
        "title": f"{ASKS[Verb(verb)].label}: what came of it",
        "results": results,
        "missing": len(wanted) - len(jobs),
        "list_url": reverse("admin:jobs_job_changelist"),
    }
    return render(request, "jobs/bulk_results.html", context)


async def _act_on_all(
    verb: Verb,
    user: User,
    jobs: Sequence[Job],
    origin: Origin,
    *,
    reason: str,
    key: str,
    seen: dict[int, str | None],
) -> list[Result]:
    places = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def act(job: Job) -> Result:
        async with places:
            try:
                result = await ACTIONS[verb](
                    actor=user,
                    job=job,
                    origin=origin,
                    reason=reason,
                    key=f"{key}-{job.pk}" if key else None,
                    seen=seen[job.pk],
                )
            except IdempotencyConflict as conflict:
                look = Look("still running", "run", "running")
                return Result(one_line(job.job_id), job_url(job.pk), str(conflict), look, "open")
            return _result(job, result)

    return list(await asyncio.gather(*(act(job) for job in jobs)))


def _result(job: Job, result: ActionResult) -> Result:
    name = one_line(job.job_id)
    return Result(
        name,
        job_url(job.pk),
        sentence(result, name),
        outcome_look(result.outcome),
        result.outcome,
    )
