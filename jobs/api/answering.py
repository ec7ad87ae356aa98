"""From a result to its status code and body, the same for every action."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.contrib.auth.models import User
from django.http import HttpResponse
from pydantic import BaseModel

from jobs.access import policy
from jobs.actions import ActionResult, Trial, movements, offers
from jobs.api.shapes.answers import (
    ActionAnswer,
    ActionOut,
    MovementOut,
    RecoveredSheetOut,
    TrialAnswer,
)
from jobs.api.shapes.jobs import JobOut
from jobs.database import in_database
from jobs.registry.models import Job
from jobs.terms import Outcome, Verb, Verdict

_STATUSES: Final = {
    Outcome.REFUSED: 409,
    Outcome.DENIED: 403,
    Outcome.FAILED: 503,
    Outcome.UNKNOWN: 202,
    Outcome.OPEN: 202,
}

_MOST_DETAILS: Final = 100  # validations of one sheet


def document(body: BaseModel, status: int = 200) -> HttpResponse:
    """A body as JSON."""
    return HttpResponse(body.model_dump_json(), status=status, content_type="application/json")


def acted(result: ActionResult, rights: frozenset[Verb]) -> HttpResponse:
    """The answer to a request that acted on a run which the caller may see."""
    job = job_out(result.job, rights) if result.job else None
    return document(ActionAnswer(action=ActionOut.of(result), job=job), status_of(result))


async def acted_on_run(user: User, result: ActionResult, rights: frozenset[Verb]) -> HttpResponse:
    """The same; where the run was not as the caller saw it, with who may have moved it."""
    if not result.is_stale or result.job is None:
        return acted(result, rights)
    found = await in_database(movements)(user, result.job)
    answer = ActionAnswer(
        action=ActionOut.of(result),
        job=job_out(result.job, rights),
        moved_by=[MovementOut.of(action) for action in found],
    )
    return document(answer, status_of(result))


def tried(trial: Trial, rights: frozenset[Verb]) -> HttpResponse:
    """The answer to a dry run."""
    result = trial.result
    sheets = None
    if trial.sheets is not None:
        sheets = [
            RecoveredSheetOut(
                number=sheet.sheet_num, passed=sheet.passed, details=sheet.details[:_MOST_DETAILS]
            )
            for sheet in trial.sheets
        ]
    answer = TrialAnswer(
        action=ActionOut.of(result),
        job=job_out(result.job, rights) if result.job else None,
        sheets=sheets,
    )
    return document(answer, status_of(result))


def submitted(user: User, result: ActionResult) -> HttpResponse:
    """The answer to a submit; whoever may submit need not see what comes of it."""
    if result.job is not None and not policy.may_see(user, result.job):
        result = replace(result, job=None)
    return acted(result, rights_of(user))


def status_of(result: ActionResult) -> int:
    """The HTTP status for an outcome."""
    if result.outcome is Outcome.SUCCEEDED or result.verdict == Verdict.HAPPENED:
        return 201 if result.verb is Verb.SUBMIT else 200
    # An unknown outcome that was reconciled since, told to whoever repeats the key.
    return 409 if result.verdict == Verdict.DID_NOT_HAPPEN else _STATUSES[result.outcome]


def job_out(job: Job, rights: frozenset[Verb]) -> JobOut:
    """A run that the caller may see, with what they may do that can work now."""
    return JobOut.of(job, offers(job) & rights)


def rights_of(user: User) -> frozenset[Verb]:
    """The verbs that the caller may ask for at all: for a list, asked once."""
    return frozenset(verb for verb in Verb if policy.may(user, verb))
