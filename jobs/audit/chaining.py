"""From drafts to chained records, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from jobs.audit.canonical import canonical, digest
from jobs.audit.draft import Appended
from jobs.audit.entry import Entry
from jobs.audit.ledger import CHAIN, Batch, Change, Head, Ledger
from jobs.audit.pending import Pending, Result
from jobs.audit.projection import ActionRow, fold
from jobs.audit.recent import Recent
from jobs.errors import IdempotencyConflict
from jobs.terms import RecordKind

_OPENING = frozenset({RecordKind.INTENT, RecordKind.DENIED, RecordKind.REFUSED, RecordKind.NOTE})


def write(
    ledger: Ledger, head: Head, batch: Sequence[Pending], recent: Recent | None = None
) -> list[Result]:
    """Chain and commit a batch in a transaction that has begun; one result for each.

    A key that was used before is the result of its own draft alone.

    Raises:
        Error: (the driver's) nothing was written.
        LedgerInDoubt: nobody knows.
    """
    at = timezone.now()
    conflicts = _conflicts(ledger, batch, at)
    accepted = [pending.entry for pending in batch if pending not in conflicts]
    if not accepted:
        ledger.rollback()
        return list(conflicts.values())
    entries, texts = _chained(head, accepted, at)
    ids = _commit(ledger, head, entries, texts, recent or Recent())
    written = iter(
        Appended(entry.n, entry.id, entry.hash, ids[entry.action_id]) for entry in entries
    )
    return [conflicts.get(pending) or next(written) for pending in batch]


def _conflicts(
    ledger: Ledger, batch: Sequence[Pending], at: datetime
) -> dict[Pending, IdempotencyConflict]:
    """The drafts whose key is taken; the keys of all others are stored now."""
    return {
        pending: IdempotencyConflict("This idempotency key was used before.", retry_after_s=1)
        for pending in batch
        if pending.idempotency
        and not ledger.claim(pending.idempotency, pending.entry.action_id, at)
    }


def _chained(head: Head, accepted: Sequence[Entry], at: datetime) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    texts: list[str] = []
    n, record_id, prev_hash = head.n, head.record_id, head.hash
    for draft in accepted:
        n += 1
        record_id += 1
        entry = draft._replace(id=record_id, chain=CHAIN, n=n, at=at, prev_hash=prev_hash)
        text = canonical(entry)
        prev_hash = digest(text)
        entries.append(entry._replace(hash=prev_hash))
        texts.append(text)
    return entries, texts


def _commit(
    ledger: Ledger, head: Head, entries: Sequence[Entry], texts: Sequence[str], recent: Recent
) -> dict[UUID, int]:
    """Write records and projection; the ids of all attempts that were touched."""
    later = {entry.action_id for entry in entries if entry.kind not in _OPENING}
    # Verdicts are rare and may come long after: only answers are worth remembering for.
    answered = {entry.action_id for entry in entries if entry.kind == RecordKind.OUTCOME}
    stored = recent.rows(head.hash, answered)
    if unknown := later - stored.keys():
        stored |= ledger.actions(unknown)
    rows: dict[UUID, ActionRow] = {action_id: row for action_id, (_, row) in stored.items()}
    for entry in entries:
        rows[entry.action_id] = fold(rows.get(entry.action_id), entry)
    opened = [row for action_id, row in rows.items() if action_id not in stored]
    changed = {pk: Change(row, rows[action_id]) for action_id, (pk, row) in stored.items()}
    ids = {action_id: pk for action_id, (pk, _) in stored.items()}
    ids |= ledger.commit(Batch(entries, texts, opened, changed))
    recent.keep(
        entries[-1].hash, {action_id: (ids[action_id], row) for action_id, row in rows.items()}
    )
    return ids
