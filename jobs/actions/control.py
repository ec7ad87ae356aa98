"""Pause, resume, cancel and clear: what may be asked about a run that exists."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.contrib.auth.models import User

from jobs.actions import answers
from jobs.actions.asking import Call, ask_about_run, attempt_about_run
from jobs.actions.attempt import Attempt, Conclusion, admit, carry_out
from jobs.actions.completion import to_the_end
from jobs.actions.refresh import Listing, listing_now
from jobs.actions.results import ActionResult
from jobs.actions.resumed_scores import resumed_text, words_about
from jobs.actions.runs import sight
from jobs.audit import Origin
from jobs.conductor.client import DaemonClient
from jobs.registry.models import Job
from jobs.terms import Channel, Outcome, Verb


async def pause(
    *,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str = "",
    key: str | None = None,
    seen: str | None = None,
) -> ActionResult:
    """Ask for a pause and leave a record of the attempt, whatever comes of it.

    Args:
        actor: Who asks.
        job: The run that is meant; a later run of the same name is never touched.
        origin: Where the request came from.
        reason: Why, in the person's own words.
        key: Of the request: the same one again gets the first answer.
        seen: The status that the person saw. Where it is another by now, Podium refuses.

    Raises:
        AuditUnavailable: the attempt cannot be recorded; nothing was sent.
        IdempotencyConflict: the key's first request still runs, or asked for something else.
        InsideTransaction: called inside `atomic()`.
        UnfitText: a reason too long, a key of odd characters, of somebody who may ask; nothing
            was recorded.
    """
    return await _control(Verb.PAUSE, actor, job, origin, reason, key, seen)


async def resume(
    *,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str = "",
    key: str | None = None,
    seen: str | None = None,
) -> ActionResult:
    """Ask for a paused, failed or cancelled run to go on; otherwise as `pause`.

    The record says which text the score file holds now, and the answer tells of a change.
    """
    return await _control(Verb.RESUME, actor, job, origin, reason, key, seen)


async def cancel(
    *,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str = "",
    key: str | None = None,
    seen: str | None = None,
) -> ActionResult:
    """Ask for a run to end now, its sheets with it; otherwise as `pause`."""
    return await _control(Verb.CANCEL, actor, job, origin, reason, key, seen)


async def clear(
    *,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str = "",
    key: str | None = None,
    seen: str | None = None,
) -> ActionResult:
    """Ask for an ended run to leave the conductor's registry; otherwise as `pause`."""
    return await _control(Verb.CLEAR, actor, job, origin, reason, key, seen)


def method_of(verb: Verb, origin: Origin) -> str:
    """The method to which a key of such a request belongs."""
    return "DELETE" if verb is Verb.CLEAR and origin.channel is Channel.API else "POST"


async def _control(
    verb: Verb,
    actor: User,
    job: Job,
    origin: Origin,
    reason: str,
    key: str | None,
    seen: str | None,
) -> ActionResult:
    method = method_of(verb, origin)
    attempt = await attempt_about_run(
        verb, actor, job, origin, reason=reason, key=key, seen=seen, method=method
    )
    return await to_the_end(_run(attempt), name=f"{verb} {job.job_id}")


async def _run(attempt: Attempt) -> ActionResult:
    if ended := await admit(attempt):
        return ended
    if attempt.verb is Verb.RESUME and attempt.job is not None:
        attempt = replace(attempt, arguments=await resumed_text(attempt.job))
    return await carry_out(attempt, _ask)


async def _ask(attempt: Attempt) -> Conclusion:
    concluded = await ask_about_run(_CALLS[attempt.verb], attempt)
    more = words_about(attempt.arguments)
    if not more or concluded.answer.outcome is not Outcome.SUCCEEDED:
        return concluded
    answer = replace(concluded.answer, message=f"{concluded.answer.message.rstrip('.')}. {more}")
    return replace(concluded, answer=answer)


async def _pause(client: DaemonClient, job: Job) -> Conclusion:
    return Conclusion(answers.of_pause(await client.pause_job(job.job_id)), job)


async def _resume(client: DaemonClient, job: Job) -> Conclusion:
    return Conclusion(answers.of_submit(await client.resume_job(job.job_id)), job)


async def _cancel(client: DaemonClient, job: Job) -> Conclusion:
    said = await client.cancel_job(job.job_id)
    if said.cancelled:
        return Conclusion(answers.of_cancel(said, ""), job)
    listing = await listing_now(client)
    return Conclusion(answers.of_cancel(said, _status_in(listing, job)), job, listing)


async def _clear(client: DaemonClient, job: Job) -> Conclusion:
    said = await client.clear_jobs([job.job_id])
    if said.deleted:
        return Conclusion(answers.of_clear(said, ""), job)
    listing = await listing_now(client)
    return Conclusion(answers.of_clear(said, _status_in(listing, job)), job, listing)


def _status_in(listing: Listing | None, job: Job) -> str:
    """The job's status, for a refusal without a reason; empty where it is not to be had."""
    if listing is None:
        return ""
    row = sight(job, listing.rows).row
    return row.status.value if row else answers.NOT_THERE


_CALLS: Final[dict[Verb, Call]] = {
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.CANCEL: _cancel,
    Verb.CLEAR: _clear,
}
