"""Clearing a conductor's rate limits: jobs that wait for them are tried again at once."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.models import User

from jobs.actions import answers
from jobs.actions.attempt import Attempt, Conclusion, admit, carry_out
from jobs.actions.completion import to_the_end
from jobs.actions.idempotency import request_key
from jobs.actions.permission import words_of
from jobs.actions.results import ActionResult
from jobs.actions.words import written
from jobs.audit import Origin
from jobs.errors import ConductorError
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor
from jobs.terms import Verb

MAX_INSTRUMENT_LETTERS = 100


async def clear_rate_limits(
    *,
    actor: User,
    conductor: Conductor,
    origin: Origin,
    instrument: str = "",
    reason: str = "",
    key: str | None = None,
) -> ActionResult:
    """Ask a conductor to forget the rate limits of one instrument, or of all.

    Args:
        actor: Who asks.
        conductor: Whose limits.
        origin: Where the request came from.
        instrument: Whose limit; empty for all of them.
        reason: Why, in the person's own words.
        key: Of the request: the same one again gets the first answer.

    Raises:
        AuditUnavailable: the attempt cannot be recorded; nothing was sent.
        IdempotencyConflict: the key's first request still runs, or asked for something else.
        InsideTransaction: called inside `atomic()`.
        UnfitText: a reason too long, a key of odd characters, of somebody who may ask; nothing
            was recorded.
    """
    verb = Verb.CLEAR_RATE_LIMITS
    reason, key = await words_of(actor, verb, conductor, None, reason, key)
    instrument = written(instrument).strip()[:MAX_INSTRUMENT_LETTERS]
    wanted = {"instrument": instrument or None}
    asked = {
        "verb": verb,
        "conductor": conductor.slug,
        "reason": reason,
        **wanted,
    }
    attempt = Attempt(
        verb=verb,
        actor=actor,
        origin=origin,
        conductor=conductor,
        reason=reason,
        arguments=wanted,
        key=request_key(key, "POST", actor.pk, origin.path, asked),
    )
    return await to_the_end(_run(attempt, instrument), name=f"rate limits {conductor.slug}")


async def _run(attempt: Attempt, instrument: str) -> ActionResult:
    if ended := await admit(attempt):
        return ended
    return await carry_out(attempt, partial(_ask, instrument))


async def _ask(instrument: str, attempt: Attempt) -> Conclusion:
    client = client_for(attempt.conductor)
    try:
        said = await client.daemon_clear_rate_limits(instrument or None)
    except ConductorError as error:
        return Conclusion(answers.of_error(error), None)
    return Conclusion(answers.of_cleared_limits(said), None)
