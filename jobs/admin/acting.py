"""Pause, resume, cancel and clear from the page: a question first, then one attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, UnfitText, offers
from jobs.admin.answers import tell, tell_unavailable
from jobs.admin.consequences import ASKS
from jobs.admin.looks import job_look
from jobs.admin.requests import is_live_refresh, person
from jobs.admin.rows import job_url
from jobs.admin.visible import one_line
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
    user = person(request)
    visible = policy.visible_jobs(user).with_surroundings()
    job = get_object_or_404(visible, pk=pk)
    if request.method == "POST":
        return _act(request, job, Verb(verb))
    if not policy.may(user, verb, job):
        raise PermissionDenied(f"You may not {verb} jobs.")
    return _question(request, job, Verb(verb))


def _question(request: HttpRequest, job: Job, verb: Verb, *, error: str = "") -> HttpResponse:
    seen = request.POST.get("seen") or request.GET.get("seen") or job.status
    context = {
        **admin.site.each_context(request),
        "title": f"{ASKS[verb].label} {one_line(job.job_id, 60)}?",
        "ask": ASKS[verb],
        "job_id": one_line(job.job_id),
        "job_url": job_url(job.pk),
        "act_url": request.path,
        "look": job_look(job.status),
        "status": job.status,
        "seen": job.status,
        "has_moved_on": seen != job.status,
        "seen_look": job_look(seen[:40]),
        "is_offered": verb in offers(job),
        "gone_at": job.gone_at,
        "reason": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "key": uuid4().hex,
        "error": error,
        "is_dialog": is_live_refresh(request),
    }
    return render(request, "jobs/act.html", context, status=422 if error else 200)


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
        return _question(request, job, verb, error=str(error))
    except IdempotencyConflict as conflict:
        messages.warning(request, str(conflict))
        return HttpResponseRedirect(job_url(job.pk))
    except AuditUnavailable:
        return tell_unavailable(request)
    if result.outcome is Outcome.DENIED:
        raise PermissionDenied(result.message)
    tell(request, result, job)
    return HttpResponseRedirect(job_url(job.pk))
