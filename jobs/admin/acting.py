"""Pause, resume, cancel and clear from the page: a question first, then one attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, UnfitText
from jobs.admin.answers import tell, tell_unavailable
from jobs.admin.asking import figures, question_about
from jobs.admin.requests import person, reason_of
from jobs.admin.rows import job_url
from jobs.errors import AuditUnavailable, IdempotencyConflict
from jobs.registry.models import Job
from jobs.terms import Outcome, Verb

ACTIONS: Final[dict[Verb, Callable[..., Awaitable[ActionResult]]]] = {
    Verb.PAUSE: actions.pause,
    Verb.RESUME: actions.resume,
    Verb.CANCEL: actions.cancel,
    Verb.CLEAR: actions.clear,
}


@require_http_methods(["GET", "POST"])
def act_view(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """The question (GET), and what comes of the answer (POST)."""
    if verb not in ACTIONS:
        raise Http404
    job = meant_job(request, pk, Verb(verb))
    if request.method == "POST":
        return _act(request, job, Verb(verb))
    require(request, Verb(verb), job)
    return _question(request, job, Verb(verb))


@require_safe
def figures_view(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """What would be lost or redone as things are now, for the script of a question that is open."""
    if verb not in ACTIONS:
        raise Http404
    job = meant_job(request, pk, Verb(verb))
    require(request, Verb(verb), job)
    return render(request, "jobs/_figures.html", figures(request, job, Verb(verb)))


def meant_job(
    request: HttpRequest, pk: int, verb: Verb, asked: Mapping[str, Any] | None = None
) -> Job:
    """The run that a page acts on; `asked` is what else its form asks for.

    Raises:
        Http404: it is not there, or not for this person; that somebody sent a form for it is
            recorded.
    """
    user = person(request)
    visible_jobs = policy.visible_jobs(user).with_surroundings()
    job = visible_jobs.filter(pk=pk).first() if pk < 2**63 else None
    if job is not None:
        return job
    if request.method == "POST":
        async_to_sync(actions.asked_in_vain)(
            actor=user,
            verb=verb,
            pk=pk,
            origin=origin_of(request),
            reason=reason_of(request),
            asked=asked,
        )
    raise Http404("There is no such job, or none that you may see.")


def require(request: HttpRequest, verb: Verb, job: Job) -> None:
    """Let nobody see a question whose answer they may not give.

    Raises:
        PermissionDenied: they may not; looking at it is no attempt, so nothing is recorded.
    """
    if not policy.may(person(request), verb, job):
        raise PermissionDenied(f"You may not {verb.value} this job.")


def require_clear(request: HttpRequest, pk: int) -> None:
    """Of stock admin's form for deleting a run, which only leads to the question about clearing it.

    Raises:
        Http404: as `meant_job`.
        PermissionDenied: they may not clear it; that they sent the form is recorded.
    """
    job = meant_job(request, pk, Verb.CLEAR)
    with suppress(AuditUnavailable):
        if async_to_sync(actions.may_clear)(
            person(request), job, origin_of(request), reason=reason_of(request)
        ):
            return
    raise PermissionDenied("You may not clear this job.")


def concluded(request: HttpRequest, result: ActionResult, job: Job) -> HttpResponse:
    """Back on the job's page with what came of an attempt.

    Raises:
        PermissionDenied: it was denied.
    """
    if result.outcome is Outcome.DENIED:
        raise PermissionDenied(result.message)
    tell(request, result, job)
    return HttpResponseRedirect(job_url(job.pk))


def told_conflict(request: HttpRequest, conflict: IdempotencyConflict, job: Job) -> HttpResponse:
    """Back on the job's page: the form was sent before."""
    messages.warning(request, str(conflict))
    return HttpResponseRedirect(job_url(job.pk))


def _question(
    request: HttpRequest,
    job: Job,
    verb: Verb,
    *,
    error: str = "",
    moved: ActionResult | None = None,
) -> HttpResponse:
    context = {**question_about(request, job, verb, moved=moved), "error": error}
    status = 409 if moved else 422 if error else 200
    return render(request, "jobs/act.html", context, status=status)


def _act(request: HttpRequest, job: Job, verb: Verb) -> HttpResponse:
    try:
        result = async_to_sync(ACTIONS[verb])(
            actor=person(request),
            job=job,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
            key=request.POST.get("key") or None,
            seen=request.POST.get("seen") or None,
        )
    except UnfitText as error:
        require(request, verb, job)
        return _question(request, job, verb, error=str(error))
    except IdempotencyConflict as conflict:
        return told_conflict(request, conflict, job)
    except AuditUnavailable:
        return tell_unavailable(request)
    if result.is_stale:
        return _question(request, result.job or job, verb, moved=result)
    return concluded(request, result, job)
