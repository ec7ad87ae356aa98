"""How a batch ends: counted, recorded, and told truthfully where it was broken off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Count, Q
from django.utils import timezone

from jobs import audit
from jobs.actions.control import method_of
from jobs.actions.deadlines import RECONCILE_MARGIN_S
from jobs.actions.models import Batch, BatchItem
from jobs.actions.reconcile import once
from jobs.actions.words import shortened
from jobs.audit import Draft, Origin
from jobs.audit.models import Action, AuditRecord, IdempotencyKey
from jobs.errors import AuditUnavailable, IdempotencyConflict
from jobs.terms import Outcome, RecordKind, Verb

_log = structlog.get_logger(__name__)

# Its process says every few seconds that it goes on; this is long enough for one that was stopped.
SILENT_FOR: Final = timedelta(seconds=30 + RECONCILE_MARGIN_S)

# The worst that came of one of its runs is what came of a batch.
_WORST_FIRST: Final = (Outcome.UNKNOWN, Outcome.FAILED, Outcome.REFUSED, Outcome.DENIED)
_NEVER: Final = "never asked for"


def origin_from(stored: Mapping[str, object]) -> Origin:
    """Where a batch was confirmed."""
    return Origin(**stored)  # type: ignore[arg-type]  # written by `begin` from an Origin


def key_of(batch: Batch, job_pk: int) -> str:
    """The idempotency key of one run's attempt: it can be made once, whoever tries."""
    return f"batch-{batch.action_id}-{job_pk}"


def _counts(batch: Batch) -> dict[str, int]:
    """How many runs there are of each outcome as it was heard; without one by their state."""
    found: Counter[str] = Counter()
    rows = batch.items.order_by().values_list("state", "outcome").annotate(Count("pk"))
    for state, outcome, count in rows:
        found[outcome or state] += count
    return dict(found)


def end(batch: Batch, *, was_interrupted: bool) -> None:
    """Record what came of a batch, once. Synchronous.

    First it is claimed: from then on its process, should it only have been slow, begins no further
    attempt. `ended_at` follows with the record.

    Raises:
        AuditUnavailable: it could not be recorded; this is tried again by whoever tends.
    """
    state = Batch.State.INTERRUPTED if was_interrupted else Batch.State.FINISHED
    mine = Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING)
    if mine.update(state=state, heard_at=timezone.now()):
        _conclude(batch, was_interrupted=was_interrupted)
    else:
        _log.info("batch was ended already", batch=batch.pk)


def close_abandoned(now: datetime | None = None) -> int:
    """End the batches whose process is gone; how many there were. Synchronous.

    Nothing of them is ever sent from here.

    Raises:
        AuditUnavailable: as `end`.
    """
    oldest = (now or timezone.now()) - SILENT_FOR
    silent = Q(heard_at=None, started_at__lt=oldest) | Q(heard_at__lt=oldest)
    open_ones = Batch.objects.exclude(state=Batch.State.CHOSEN).filter(silent, ended_at=None)
    count = 0
    for batch in open_ones.order_by("id")[:100]:
        count += _close(batch)
    return count


def _close(batch: Batch) -> bool:
    """End a batch as it was last heard of; False where it has been heard of since."""
    is_ended = batch.state != Batch.State.RUNNING  # and its record could not be written
    state = batch.state if is_ended else Batch.State.INTERRUPTED
    same = Batch.objects.filter(
        pk=batch.pk, state=batch.state, heard_at=batch.heard_at, ended_at=None
    )
    if not same.update(state=state, heard_at=timezone.now()):
        return False
    _conclude(batch, was_interrupted=state == Batch.State.INTERRUPTED)
    return True


def _conclude(batch: Batch, *, was_interrupted: bool) -> None:
    """Settle the runs of a batch whose end was claimed, and record it."""
    intent = AuditRecord.objects.filter(action_id=batch.action_id, kind=RecordKind.INTENT).first()
    _settle_items(batch, intent)
    if intent is not None:  # else nothing of it was ever asked for
        draft = _outcome_draft(batch, intent, was_interrupted=was_interrupted)
        try:
            audit.append(draft, idempotency=once(draft))
        except IdempotencyConflict:
            _log.info("batch was recorded already", batch=batch.pk)
    Batch.objects.filter(pk=batch.pk, ended_at=None).update(ended_at=timezone.now())


def _outcome_draft(batch: Batch, intent: AuditRecord, *, was_interrupted: bool) -> Draft:
    counts = _counts(batch)
    left = counts.pop(BatchItem.State.LEFT, 0)
    words = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing done"
    if left:
        words = f"{words}, {left} {_NEVER}"
    if was_interrupted:
        words = f"Interrupted: {words}. What was not asked for is not asked for by itself."
    return Draft(
        action_id=batch.action_id,
        kind=RecordKind.OUTCOME,
        verb=f"bulk {batch.verb}",
        actor_id=intent.actor_id,
        actor_name=batch.actor_name,
        origin=origin_from(batch.origin),
        arguments={"counts": {**counts, **({_NEVER: left} if left else {})}},
        outcome=_outcome(counts, left),
        message=shortened(f"{words[0].upper()}{words[1:]}{'' if was_interrupted else '.'}"),
    )


def is_abandoned(batch: Batch) -> bool:
    """Whether nobody works on a batch any more that has not ended."""
    if batch.state == Batch.State.CHOSEN or batch.ended_at is not None:
        return False
    heard = batch.heard_at or batch.started_at
    return heard is None or heard < timezone.now() - SILENT_FOR


def close_if_possible(batch: Batch) -> None:
    """End one abandoned batch; where its record cannot be written, it is tried again later."""
    try:
        _close(batch)
    except AuditUnavailable:
        _log.warning("abandoned batch not closed", batch=batch.pk)


def action_pk_of(batch: Batch) -> int | None:
    """The batch's own attempt in the lists; None before it was confirmed."""
    return Action.objects.filter(action_id=batch.action_id).values_list("pk", flat=True).first()


def _settle_items(batch: Batch, intent: AuditRecord | None) -> None:
    """What was waiting will never be asked for; of what was under way its attempt tells."""
    batch.items.filter(state=BatchItem.State.WAITING).update(state=BatchItem.State.LEFT)
    for item in batch.items.filter(state=BatchItem.State.ASKED):
        action = None if intent is None else _attempt(batch, intent, item.job_id)
        if action is None:  # no intent was written, so nothing was sent
            item.state = BatchItem.State.LEFT
        else:
            item.state, item.action_pk = BatchItem.State.DONE, action.pk
            is_open = action.outcome == Outcome.OPEN
            item.outcome = Outcome.UNKNOWN.value if is_open else action.outcome
            item.message = action.message or "It was broken off before the answer came."
        item.save(update_fields=["state", "outcome", "message", "action_pk"])


def _attempt(batch: Batch, intent: AuditRecord, job_pk: int) -> Action | None:
    """The attempt that was made for one run, found by its key.

    None where there was none, and then there will be none: the key is used up, so that a process
    that stalled before its intent cannot write it any more. The person's number is the intent's,
    for their account may be gone.
    """
    if intent.actor_id is None:
        return None
    origin = origin_from(batch.origin)
    row, is_new = IdempotencyKey.objects.get_or_create(
        actor_id=intent.actor_id,
        method=method_of(Verb(batch.verb), origin),
        path=origin.path,
        key=key_of(batch, job_pk),
        defaults={
            "body_sha256": "",
            "action_id": batch.action_id,
            "created_at": timezone.now(),
        },
    )
    if is_new or row.action_id == batch.action_id:
        return None
    return Action.objects.filter(action_id=row.action_id).first()


def _outcome(counts: Mapping[str, int], left: int) -> Outcome:
    if counts.get(BatchItem.State.ASKED):
        return Outcome.UNKNOWN
    for worst in _WORST_FIRST:
        if counts.get(worst):
            return worst
        if worst is Outcome.UNKNOWN and left:
            return Outcome.FAILED  # some were certainly not done
    return Outcome.SUCCEEDED if counts.get(Outcome.SUCCEEDED) else Outcome.FAILED
