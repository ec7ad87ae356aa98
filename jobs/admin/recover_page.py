"""Recover from the page: the conductor's dry run first, then the real thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, Trial, UnfitText
from jobs.admin.acting import concluded, meant_job, require, told_conflict
from jobs.admin.answers import sentence, tell_unavailable
from jobs.admin.asking import question_about
from jobs.admin.looks import Look
from jobs.admin.requests import person
from jobs.admin.visible import one_line
from jobs.conductor import RecoveredSheet
from jobs.errors import AuditUnavailable, IdempotencyConflict
from jobs.registry.models import Job
from jobs.terms import Outcome, Verb

MAX_SHEETS: Final = 200
MAX_REASONS: Final = 5


@dataclass(frozen=True, slots=True)
class TriedSheet:
    """A failed sheet as the dry run found it."""

    number: int
    look: Look
    reasons: list[str]  # validations that still fail, in the conductor's words

    @classmethod
    def of(cls, sheet: RecoveredSheet) -> TriedSheet:
        """One line of the dry run."""
        look = Look("would pass", "ok", "check") if sheet.passed else Look("fails", "bad", "cross")
        failing = [detail for detail in sheet.details if detail.get("passed") is False]
        return cls(sheet.sheet_num, look, [_words(detail) for detail in failing[:MAX_REASONS]])


@require_http_methods(["GET", "POST"])
def recover_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The question (GET), the dry run (`do=try`), and what comes of the answer."""
    job = meant_to_recover(request, pk)
    if request.method == "GET":
        require(request, Verb.RECOVER, job)
        return _page(request, job)
    try:
        return _try(request, job) if _is_trial(request) else _recover(request, job)
    except UnfitText as error:
        return _page(request, job, error=str(error))
    except AuditUnavailable:
        return tell_unavailable(request)


def meant_to_recover(request: HttpRequest, pk: int) -> Job:
    """The run that is meant.

    Raises:
        Http404: as `meant_job`.
    """
    return meant_job(request, pk, Verb.TRY_RECOVER if _is_trial(request) else Verb.RECOVER)


def _is_trial(request: HttpRequest) -> bool:
    return request.POST.get("do") == "try"


def _try(request: HttpRequest, job: Job) -> HttpResponse:
    trial = async_to_sync(actions.try_recover)(
        actor=person(request),
        job=job,
        origin=origin_of(request),
        reason=request.POST.get("reason", ""),
        seen=request.POST.get("seen") or None,
    )
    if trial.result.outcome is Outcome.DENIED:
        raise PermissionDenied(trial.result.message)
    if trial.result.is_stale:
        return _page(request, trial.result.job or job, moved=trial.result)
    return _page(request, trial.result.job or job, trial=trial)


def _recover(request: HttpRequest, job: Job) -> HttpResponse:
    try:
        result = async_to_sync(actions.recover)(
            actor=person(request),
            job=job,
            origin=origin_of(request),
            reason=request.POST.get("reason", ""),
            key=request.POST.get("key") or None,
            seen=request.POST.get("seen") or None,
        )
    except IdempotencyConflict as conflict:
        return told_conflict(request, conflict, job)
    if result.is_stale:
        return _page(request, result.job or job, moved=result)
    return concluded(request, result, job)


def _page(
    request: HttpRequest,
    job: Job,
    *,
    trial: Trial | None = None,
    moved: ActionResult | None = None,
    error: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        **question_about(request, job, Verb.RECOVER, moved=moved),
        "error": error,
        "is_tried": trial is not None,
    }
    if trial is not None:
        sheets = trial.sheets or ()
        context |= {
            "trial_words": sentence(trial.result, one_line(job.job_id)),
            "trial_message": one_line(trial.result.message, 600),
            "trial_is_known": trial.sheets is not None,
            "tried_sheets": [TriedSheet.of(sheet) for sheet in sheets[:MAX_SHEETS]],
            "tried_more": max(0, len(sheets) - MAX_SHEETS),
            "would_recover": len(trial.would_recover),
            # What cannot be seen beforehand may still be asked for; what would do nothing may not.
            "may_go_on": bool(trial.would_recover) or _is_untold(trial),
        }
    status = 409 if moved else 422 if error else 200
    return render(request, "jobs/recover.html", context, status=status)


def _is_untold(trial: Trial) -> bool:
    return trial.sheets is None and trial.result.outcome in {Outcome.SUCCEEDED, Outcome.UNKNOWN}


def _words(detail: dict[str, Any]) -> str:
    """What a failed validation says, whichever of the usual names it says it under."""
    names = ("description", "rule_type", "type", "path", "expected", "actual", "error", "message")
    said = [f"{name}: {detail[name]}" for name in names if detail.get(name) not in (None, "")]
    return one_line("; ".join(map(str, said)) or "no details", 400)
