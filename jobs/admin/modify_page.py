"""Modify from the page: write the new score, see what differs, then confirm it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, InlineScore, UnfitText, running_text
from jobs.admin.acting import concluded, meant_job, require, told_conflict
from jobs.admin.answers import tell_unavailable
from jobs.admin.asking import question_about
from jobs.admin.diffs import diff_rows
from jobs.admin.judgement import Judgement, of_findings
from jobs.admin.numbers import whole
from jobs.admin.requests import person, reason_of
from jobs.admin.visible import visible
from jobs.errors import AuditUnavailable, IdempotencyConflict, PodiumBusy, ScoreError
from jobs.registry.models import Job, ScoreVersion
from jobs.terms import Verb


@require_http_methods(["GET", "POST"])
def modify_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor (GET), the comparison (`do=review`), and what comes of the answer."""
    job, text = meant_to_modify(request, pk), _typed(request)
    if request.method == "GET":
        require(request, Verb.MODIFY, job)
        return _page(request, job, _prefilled(request, job))
    if request.POST.get("do") == "send":
        return _send(request, job, text)
    _require_recorded(request, job, text)
    if request.POST.get("do") == "edit":
        return _page(request, job, text)
    judgement = _judged(request, job, text)
    if "check" in request.GET:
        return render(request, "jobs/_modify_judgement.html", {"judgement": judgement})
    if judgement.busy:
        return _page(request, job, text, error=judgement.busy, status=503)
    return _page(request, job, text, judgement, is_reviewed=judgement.is_acceptable)


def meant_to_modify(request: HttpRequest, pk: int) -> Job:
    """The run that is meant.

    Raises:
        Http404: as `meant_job`.
    """
    asked = actions.described(InlineScore(_typed(request)))
    return meant_job(request, pk, Verb.MODIFY, asked)


def _require_recorded(request: HttpRequest, job: Job, text: str) -> None:
    """Let nobody have a score compared or judged for a run that they may not modify.

    Raises:
        PermissionDenied: they may not; that they sent the form is recorded.
    """
    about = {"asked_for": "check score", **actions.described(InlineScore(text))}
    with suppress(AuditUnavailable):
        if async_to_sync(actions.may_ask_for)(
            person(request),
            Verb.MODIFY,
            origin_of(request),
            about,
            job=job,
            reason=reason_of(request),
        ):
            return
    raise PermissionDenied("You may not modify this job.")


def _typed(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\r\n", "\n")


def _judged(request: HttpRequest, job: Job, text: str) -> Judgement:
    """The judgement on a new score for this run, which keeps its name and its workspace."""
    try:
        prepared = async_to_sync(actions.prepare_modify)(person(request), job, InlineScore(text))
    except PodiumBusy as busy:
        return Judgement(busy=str(busy))
    return replace(
        of_findings(prepared.findings),
        is_acceptable=prepared.is_acceptable,
        total_sheets=prepared.summary.total_sheets if prepared.summary else None,
    )


def _send(request: HttpRequest, job: Job, text: str) -> HttpResponse:
    try:
        result = async_to_sync(actions.modify)(
            actor=person(request),
            job=job,
            origin=origin_of(request),
            source=InlineScore(text),
            replaces=request.POST.get("replaces", ""),
            reason=request.POST.get("reason", ""),
            key=request.POST.get("key") or None,
            seen=request.POST.get("seen") or None,
        )
    except ScoreError as error:
        judgement = of_findings(error.findings)
        return _page(request, job, text, judgement, error=str(error), status=422)
    except PodiumBusy as busy:
        words = f"Nothing was sent. {busy}"
        return _page(request, job, text, is_reviewed=True, error=words, status=503)
    except UnfitText as error:
        return _page(request, job, text, is_reviewed=True, error=str(error), status=422)
    except IdempotencyConflict as conflict:
        return told_conflict(request, conflict, job)
    except AuditUnavailable:
        return tell_unavailable(request)
    if result.is_stale:
        return _page(request, result.job or job, text, is_reviewed=True, moved=result, status=409)
    return concluded(request, result, job)


def _page(
    request: HttpRequest,
    job: Job,
    text: str,
    judgement: Judgement | None = None,
    *,
    is_reviewed: bool = False,
    error: str = "",
    moved: ActionResult | None = None,
    status: int = 200,
) -> HttpResponse:
    running = async_to_sync(running_text)(job) if _may_read(request) else None
    # Of a score that may not be read nothing is shown, and nothing is compared.
    is_same = running is not None and running.sha256 == _sha256(text)
    context: dict[str, Any] = {
        **question_about(
            request,
            job,
            Verb.MODIFY,
            moved=moved,
            new_total=judgement.total_sheets if judgement else None,
        ),
        "text": text,
        "judgement": judgement or Judgement(),
        "is_typed": request.method == "POST",
        "is_reviewed": is_reviewed and not is_same,
        "is_same": is_reviewed and is_same,
        "running": running,
        "may_read": _may_read(request),
        "waiting": actions.replacement_waiting(job),
        "error": visible(error),
    }
    if context["is_reviewed"] and running is not None:
        context["diff"] = diff_rows(running.text, text)
        context["old_name"], context["new_name"] = _name_of_old(job), "yours"
    return render(request, "jobs/modify.html", context, status=status)


def _name_of_old(job: Job) -> str:
    return "the running score" if job.status == "running" else "the score that the job has"


def _prefilled(request: HttpRequest, job: Job) -> str:
    """The text to begin with: a version that a link names, else the one that runs."""
    if not _may_read(request):
        return ""
    if (asked := whole(request.GET.get("version"))) is not None:
        kept = ScoreVersion.objects.filter(
            pk=asked, score__in=policy.visible_scores(person(request))
        ).first()
        if kept is not None:
            return kept.text
    running = async_to_sync(running_text)(job)
    return running.text[: settings.PODIUM_MAX_SCORE_BYTES] if running else ""


def _may_read(request: HttpRequest) -> bool:
    return policy.may(person(request), policy.VIEW_SCORE)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
