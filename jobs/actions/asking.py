"""Asking about a run: only of the run that was meant, in the state that was seen, and once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from jobs.actions import answers
from jobs.actions.attempt import Attempt, Conclusion
from jobs.actions.idempotency import request_key
from jobs.actions.permission import words_of
from jobs.actions.refresh import Listing
from jobs.actions.runs import Presence, sight
from jobs.actions.words import written
from jobs.audit import Origin
from jobs.conductor.client import DaemonClient
from jobs.conductor.messages import JobRow
from jobs.database import in_database
from jobs.errors import ConductorError
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import Verb

Call = Callable[[DaemonClient, Job], Awaitable[Conclusion]]


async def ask_about_run(call: Call, attempt: Attempt) -> Conclusion:
    """Make sure that the run is the one that was meant, then ask for the change, once."""
    job = attempt.job
    assert job is not None  # noqa: S101 - attempts about runs have one
    client = client_for(attempt.conductor)
    try:
        before = await Listing.read(client)
    except ConductorError as error:
        return Conclusion(answers.unasked(error), job)
    if refusal := _stale(attempt, job, before.rows):
        return Conclusion(answers.by_podium(refusal), job, before)
    try:
        # The moment between the list and this call is all that a later run could slip into.
        return await call(client, job)
    except ConductorError as error:
        return Conclusion(answers.of_error(error), job)


async def attempt_about_run(
    verb: Verb,
    actor: User,
    job: Job,
    origin: Origin,
    *,
    reason: str,
    key: str | None,
    seen: str | None,
    method: str = "POST",
    wanted: Mapping[str, Any] | None = None,
) -> Attempt:
    """What somebody asks for of a run; `wanted` are the arguments that a repeat has to share.

    Raises:
        UnfitText: as `words_of`.
    """
    conductor = await conductor_of(job)
    reason, key = await words_of(actor, verb, conductor, job, reason, key)
    seen = written(seen or "")
    arguments = dict(wanted or {})
    asked = {"verb": verb, "job": job.pk, "reason": reason, "seen": seen, **arguments}
    return Attempt(
        verb=verb,
        actor=actor,
        origin=origin,
        conductor=conductor,
        job=job,
        job_id=job.job_id,
        reason=reason,
        seen=seen,
        arguments=arguments,
        key=request_key(key, method, actor.pk, origin.path, asked),
    )


async def conductor_of(job: Job) -> Conductor:
    """The run's conductor, read where the caller has not read it with the run."""
    if Job._meta.get_field("conductor").is_cached(job):
        return job.conductor
    return await in_database(lambda: job.conductor)()


def _stale(attempt: Attempt, job: Job, rows: Sequence[JobRow]) -> str | None:
    """Why what the person saw is not what is there; None when it is."""
    sighting = sight(job, rows)
    if sighting.presence is Presence.REPLACED:
        return f"A later run has the name {job.job_id}: the run that you saw is history."
    if sighting.row is None:
        return f"The conductor no longer has the job {job.job_id}."
    status = sighting.row.status.value
    if attempt.seen and attempt.seen != status:
        return f"The job is now {status}; you saw it as {attempt.seen}."
    return None
