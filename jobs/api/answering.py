"""From a result to its status code and body, the same for every action."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User
from django.http import HttpResponse
from pydantic import BaseModel

from jobs.access import policy
from jobs.actions import ActionResult, offers
from jobs.api.shapes.answers import ActionAnswer, ActionOut
from jobs.api.shapes.jobs import JobOut
from jobs.registry.models import Job
from jobs.terms import Outcome, Verb, Verdict

_STATUSES: Final = {
    Outcome.REFUSED: 409,
    Outcome.DENIED: 403,
    Outcome.FAILED: 503,
    Outcome.UNKNOWN: 202,
    Outcome.OPEN: 202,
}


def document(body: BaseModel, status: int = 200) -> HttpResponse:
    """A body as JSON."""
    return HttpResponse(body.model_dump_json(), status=status, content_type="application/json")


def answer(user: User, result: ActionResult) -> HttpResponse:
    """The answer to a request that acted; does queries for the caller's rights."""
    job = result.job
    if job is not None and not policy.visible_jobs(user).filter(pk=job.pk).exists():
        job = None
    body = ActionAnswer(action=ActionOut.of(result), job=job_out(user, job) if job else None)
    return document(body, status_of(result))


def status_of(result: ActionResult) -> int:
    """The HTTP status for an outcome."""
    if result.outcome is Outcome.SUCCEEDED or result.verdict is Verdict.HAPPENED:
        return 201 if result.verb is Verb.SUBMIT else 200
    # An unknown outcome that was reconciled since, told to whoever repeats the key.
    return 409 if result.verdict is Verdict.DID_NOT_HAPPEN else _STATUSES[result.outcome]


def job_out(user: User, job: Job, rights: frozenset[Verb] | None = None) -> JobOut:
    """A run that the caller may see, with what they may do that can work now."""
    return JobOut.of(job, offers(job) & (rights_of(user) if rights is None else rights))


def rights_of(user: User) -> frozenset[Verb]:
    """The verbs that the caller may ask for at all: for a list, asked once."""
    return frozenset(verb for verb in Verb if policy.may(user, verb))
