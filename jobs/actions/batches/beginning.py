"""A confirmed batch: recorded with its key, claimed once, then handed to a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone

from jobs import audit
from jobs.access import policy
from jobs.actions.answers import NOTHING_SENT, counted_with
from jobs.actions.batches import running
from jobs.actions.batches.ending import SILENT_FOR
from jobs.actions.completion import to_the_end
from jobs.actions.denied import Turned, denial
from jobs.actions.idempotency import RequestKey, first_action_id, request_key, reused
from jobs.actions.models import Batch
from jobs.actions.results import ActionResult
from jobs.actions.words import cut_reason, key_from, reason_from
from jobs.audit import Draft, Origin
from jobs.database import in_database
from jobs.errors import (
    AccessDenied,
    AuditUnavailable,
    IdempotencyConflict,
    PodiumBusy,
    PodiumError,
)
from jobs.registry.models import Job
from jobs.terms import Outcome, RecordKind, Verb

_NAMED: Final = 150  # runs by their numbers in the batch's own record; each has a record anyway
_RETRY_AFTER_S: Final = 5  # most batches have ended by then

# Two claims of this process do not look for room at the same moment.
_claiming = threading.Lock()


class NothingToDo(PodiumError):
    """None of the runs is one on which the verb can work; what was asked is recorded."""

    def __init__(self, verb: Verb) -> None:
        super().__init__(f"There is no job among them that {verb} can work on now.")


async def begin(
    *, actor: User, batch: Batch, origin: Origin, reason: str = "", key: RequestKey | None = None
) -> bool:
    """Record a confirmed batch and start on it; False when it was confirmed before.

    Args:
        actor: Who confirms; a batch is its chooser's alone.
        batch: What was chosen.
        origin: Where the confirmation came from; the records of all its runs carry it.
        reason: Why, in the person's own words; in the record of each.
        key: Of the request, see `batch_key`; written with the intent.

    Raises:
        AccessDenied: they may not; recorded, and nothing is sent.
        NothingToDo: it is empty; recorded as refused.
        PodiumBusy: another one of theirs, or too many of all, are under way; recorded as refused.
        IdempotencyConflict: the key began another batch in this very moment: see `begun_before`.
        AuditUnavailable: it cannot be recorded; nothing was sent.
        UnfitText: a reason too long; nothing was recorded.
    """
    if not await in_database(_may_begin)(actor, batch):
        about = {"batch": batch.pk, "choice": batch.choice}
        await _deny(actor, Verb(batch.verb), origin, reason, about)
        raise AccessDenied(f"You may not {batch.verb} these jobs.")
    reason = reason_from(reason)
    return await to_the_end(
        _begin(actor, batch, origin, reason, key), name=f"begin batch {batch.pk}"
    )


def batch_key(
    key: str | None, actor: User, origin: Origin, asked: Mapping[str, Any]
) -> RequestKey | None:
    """The key of a request to begin a batch of `asked`; None when it came without one.

    Raises:
        UnfitText: a key of odd characters.
    """
    return request_key(key_from(key), "POST", actor.pk, origin.path, asked)


async def begun_before(
    *,
    actor: User,
    verb: Verb,
    origin: Origin,
    key: RequestKey | None,
    asked: Mapping[str, Any],
    reason: str = "",
) -> Batch | None:
    """The batch that a request with this key began; None when there was none.

    `asked` says in the record of a refusal which runs were meant.

    Raises:
        IdempotencyConflict: the key asked for something else; recorded, and nothing is sent.
        AuditUnavailable: that cannot be recorded.
        UnfitText: a reason too long.
    """
    if key is None:
        return None
    try:
        return await in_database(_first_batch)(key)
    except IdempotencyConflict as conflict:
        draft = Draft.by(
            actor,
            RecordKind.REFUSED,
            f"bulk {verb}",
            origin,
            reason=reason_from(reason),
            arguments={**asked, "idempotency_key": key.key},
            outcome=Outcome.REFUSED,
            message=f"{conflict} {NOTHING_SENT}",
        )
        await denial(draft, ("key", "bulk", actor.pk, verb, origin.token_id))
        raise


async def turned_away(
    *, actor: User, verb: Verb, origin: Origin, asked: Mapping[str, Any], reason: str = ""
) -> ActionResult | None:
    """The denial where somebody may not ask for a verb at all, recorded; else None.

    To be asked before anything is chosen. `asked` says in the record which runs were meant.

    Raises:
        AuditUnavailable: it could not be recorded.
    """
    if await in_database(policy.may)(actor, verb):
        return None
    words = f"{actor.get_username()} may not {verb} these jobs."
    turned = await _deny(actor, verb, origin, reason, asked)
    if turned.is_earlier:
        words = counted_with(words, turned.action_pk)
    return ActionResult(
        action_id=str(turned.action_id),
        id=turned.action_pk,
        verb=verb,
        outcome=Outcome.DENIED,
        message=words,
        job=None,
    )


def bounded(numbers: Sequence[int], name: str = "jobs") -> dict[str, Any]:
    """Runs by their numbers as a record tells them: the first ones, and how many more."""
    more = len(numbers) - _NAMED
    return {name: list(numbers[:_NAMED]), **({f"{name}_not_named_here": more} if more > 0 else {})}


async def _begin(
    actor: User, batch: Batch, origin: Origin, reason: str, key: RequestKey | None
) -> bool:
    verb = Verb(batch.verb)
    numbers = await in_database(_numbers)(batch)
    if absent := await in_database(_absent)(actor, batch):
        await _asked_in_vain(actor, batch, origin, reason, absent)
    arguments = {
        "batch": batch.pk,
        "choice": batch.choice,
        "count": len(numbers),
        **bounded(numbers),
        **(bounded(batch.left_out, "left_out") if batch.left_out else {}),
        **({"idempotency_key": key.key} if key else {}),
    }
    if not numbers:
        nothing = NothingToDo(verb)
        await _refuse(actor, batch, origin, reason, arguments, f"{nothing} {NOTHING_SENT}")
        raise nothing
    try:
        if not await in_database(_claim)(batch, origin, reason):
            return False
    except PodiumBusy as busy:
        # Not of a request that came twice, where it is the first one that has taken the place.
        if key is None or await in_database(first_action_id)(key) is None:
            await _refuse(actor, batch, origin, reason, arguments, str(busy))
        raise
    intent = Draft.by(
        actor,
        RecordKind.INTENT,
        f"bulk {verb}",
        origin,
        action_id=batch.action_id,
        reason=reason,
        arguments=arguments,
    )
    try:
        await _record(batch, intent, key)
        running.start(batch.pk)
    except BaseException:
        running.slots.release()
        raise
    return True


def _may_begin(actor: User, batch: Batch) -> bool:
    return actor.pk == batch.actor_id and policy.may(actor, Verb(batch.verb))


async def _record(batch: Batch, intent: Draft, key: RequestKey | None) -> None:
    """Write the intent; the batch may be confirmed again where it certainly does not stand."""
    try:
        await audit.aappend(intent, idempotency=key.draft() if key else None)
    except PodiumError as error:
        # One that may stand is never written twice: whoever tends ends the batch by what the
        # log then holds. So it is for whatever else broke off.
        if not (isinstance(error, AuditUnavailable) and error.may_be_recorded):
            await in_database(_give_back)(batch)
        raise


async def _deny(
    actor: User, verb: Verb, origin: Origin, reason: str, about: Mapping[str, Any]
) -> Turned:
    draft = Draft.by(
        actor,
        RecordKind.DENIED,
        f"bulk {verb}",
        origin,
        reason=cut_reason(reason),
        arguments=about,
        outcome=Outcome.DENIED,
        message=f"{actor.get_username()} may not {verb} these jobs.",
    )
    asked = hash(str(sorted(about.items())))
    return await denial(draft, ("bulk", actor.pk, draft.verb, origin.token_id, asked))


async def _refuse(
    actor: User, batch: Batch, origin: Origin, reason: str, about: Mapping[str, Any], words: str
) -> None:
    """Record what was asked for in a batch that is not begun: of none, or while Podium is busy."""
    draft = Draft.by(
        actor,
        RecordKind.REFUSED,
        f"bulk {batch.verb}",
        origin,
        reason=reason,
        arguments=about,
        outcome=Outcome.REFUSED,
        message=words,
    )
    asked = (batch.choice, *batch.left_out, *about.get("jobs", ()))
    await denial(draft, ("not begun", actor.pk, draft.verb, origin.token_id, hash(asked)))


async def _asked_in_vain(
    actor: User, batch: Batch, origin: Origin, reason: str, absent: Mapping[int, bool]
) -> None:
    """Record the runs that are not there, or not for them: which of the two, as of a single verb.

    One record for all, beside the batch's own, which its person may read as well.
    """
    numbers = list(absent)
    draft = Draft.by(
        actor,
        RecordKind.DENIED,
        f"bulk {batch.verb}",
        origin,
        reason=reason,
        arguments={
            "batch": batch.pk,
            **bounded(numbers),
            "existing": [pk for pk in numbers if absent[pk]][:_NAMED],
            "exists": any(absent.values()),
        },
        outcome=Outcome.DENIED,
        message=f"There are no such jobs that {actor.get_username()} may {batch.verb}: "
        f"{len(numbers)} of those named.",
    )
    kind = ("in vain", actor.pk, draft.verb, hash(tuple(numbers)), origin.token_id)
    await denial(draft, kind, lane="in vain")


def _claim(batch: Batch, origin: Origin, reason: str) -> bool:
    """Make the batch this process's, once, and take a slot for it.

    Raises:
        PodiumBusy: there is no room for it.
    """
    now = timezone.now()
    facts = {**asdict(origin), "channel": str(origin.channel)}
    batch.reason, batch.origin = reason, facts
    mine = Batch.objects.filter(pk=batch.pk, state=Batch.State.CHOSEN)
    with _claiming:
        if not mine.exists():
            return False
        _refuse_a_second(batch.actor_id, now - SILENT_FOR)
        if not running.slots.acquire(blocking=False):
            raise PodiumBusy(
                f"Podium works on {running.MAX_BATCHES} batches already, and takes no more at the "
                "same time. Nothing was sent; confirm this one when one of them has ended.",
                retry_after_s=_RETRY_AFTER_S,
            )
        is_ours = False
        try:
            is_ours = bool(
                mine.update(
                    state=Batch.State.RUNNING,
                    process=running.PROCESS,
                    started_at=now,
                    heard_at=now,
                    reason=reason,
                    origin=facts,
                )
            )
        finally:
            if not is_ours:
                running.slots.release()
        return is_ours


def _refuse_a_second(actor_pk: int | None, since: datetime) -> None:
    """A batch of hundreds is enough for one person at a time; one whose process died is none."""
    theirs = Batch.objects.filter(actor=actor_pk, state=Batch.State.RUNNING, heard_at__gte=since)
    other = theirs.values_list("pk", flat=True).first()
    if other is not None:
        raise PodiumBusy(
            f"Batch {other} of yours is still under way, and you can have one at a time. Nothing "
            "was sent; confirm this one when that has ended.",
            retry_after_s=_RETRY_AFTER_S,
        )


def _give_back(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING, process=running.PROCESS).update(
        state=Batch.State.CHOSEN, started_at=None, heard_at=None
    )


def _first_batch(key: RequestKey) -> Batch | None:
    action_id = first_action_id(key)
    if action_id is None:
        return None
    batch = Batch.objects.filter(action_id=action_id).first()
    if batch is None:
        raise reused()
    return batch


def _absent(actor: User, batch: Batch) -> dict[int, bool]:
    """The runs that were named and are not there for the actor, and whether they are at all."""
    if not batch.left_out:
        return {}
    there = set(Job.objects.filter(pk__in=batch.left_out).values_list("pk", flat=True))
    mine = policy.visible_jobs(actor).filter(pk__in=there)
    visible = set(mine.values_list("pk", flat=True))
    return {pk: pk in there for pk in batch.left_out if pk not in visible}


def _numbers(batch: Batch) -> list[int]:
    return list(batch.items.values_list("job_id", flat=True))
