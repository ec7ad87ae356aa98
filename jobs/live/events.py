"""The event log: what happened gets its number, is stored, and only then told.

`seq` comes from one counter row that is updated in the inserting transaction and stays locked to
its commit, so that commit order is seq order and a reader never sees 8 before 7.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from jobs.live import feed
from jobs.live.models import Event, EventCounter
from jobs.registry.changes import Change
from jobs.registry.models import Conductor
from jobs.registry.secrets import masked_tree
from jobs.registry.storable import text

MAX_DATA_BYTES: Final = 16_384
_LETTERS: Final = (4_096, 1_200, 300)  # of one text, the most that may be kept first
_COUNTER: Final = 1
_TURN_S: Final = 10.0
_turn = threading.RLock()


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event that has no number yet; `conductor` is a slug, `job_pk` Podium's id."""

    conductor: str
    job_pk: int | None
    job_id: str
    event: str
    sheet: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None  # None: now

    @classmethod
    def of(cls, conductor: Conductor, change: Change, at: datetime | None) -> EventDraft:
        """The draft that tells a change of the read model."""
        return cls(
            conductor.slug,
            change.job_pk,
            change.job_id,
            change.event,
            change.sheet,
            change.data,
            at,
        )


def store(drafts: Iterable[EventDraft], *, within: Callable[[], None] | None = None) -> range:
    """Store events, together with what `within` writes, and give their numbers.

    One transaction: the counter is locked first, then `within` runs, then `drafts` is read (so
    `within` may still add to a list), then the rows go in. Listeners are told after the commit.
    """
    with writing():
        if within is not None:
            within()
        return append(list(drafts))


@contextmanager
def writing() -> Iterator[None]:
    """A transaction in which this is the only writer of events. Keep it short: all others wait.

    Raises:
        OperationalError: the others took too long.
    """
    # SQLite lets a waiting writer sleep and try again, so that a busy one starves it; threads of
    # this process queue here instead.
    if not _turn.acquire(timeout=_TURN_S):
        raise OperationalError("other writers of events hold the log for too long")
    try:
        with transaction.atomic():
            _lock()
            yield
    finally:
        _turn.release()


def _lock() -> None:
    if connection.vendor == "sqlite":
        return  # BEGIN IMMEDIATE has the whole database's write lock
    if EventCounter.objects.select_for_update().filter(pk=_COUNTER).first() is None:
        _begin()
        EventCounter.objects.select_for_update().get(pk=_COUNTER)


def append(drafts: Sequence[EventDraft]) -> range:
    """Insert events inside the caller's transaction, opened by `writing`; tells at its commit."""
    if not drafts:
        return range(0)
    last = _take(len(drafts))
    numbers = range(last - len(drafts) + 1, last + 1)
    rows = [_row(seq, draft) for seq, draft in zip(numbers, drafts, strict=True)]
    Event.objects.bulk_create(rows)
    # Robust: what listens may fail, yet the events are stored and must not be stored again.
    transaction.on_commit(lambda: feed.wake(rows), robust=True)
    return numbers


def last_seq() -> int:
    """The newest number that was given out and committed; 0 before the first event."""
    return EventCounter.objects.values_list("seq", flat=True).filter(pk=_COUNTER).first() or 0


def _begin() -> None:
    """Make the counter's row; of two that do so at once one waits and finds it there."""
    highest = Event.objects.aggregate(highest=Max("seq"))["highest"] or 0
    EventCounter.objects.bulk_create(
        [EventCounter(pk=_COUNTER, seq=highest)], ignore_conflicts=True
    )


def _take(count: int) -> int:
    """Move the counter by `count` and give its new value."""
    last = _moved(count)
    if last is None:
        _begin()
        last = _moved(count)
    if last is None:
        raise RuntimeError("The event counter's row cannot be made.")
    return last


def _moved(count: int) -> int | None:
    table = connection.ops.quote_name(EventCounter._meta.db_table)
    with connection.cursor() as cursor:
        # One statement on both databases; the ORM has no UPDATE ... RETURNING.
        cursor.execute(
            f"UPDATE {table} SET seq = seq + %s WHERE id = %s RETURNING seq",  # noqa: S608 - our table
            [count, _COUNTER],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _row(seq: int, draft: EventDraft) -> Event:
    return Event(
        seq=seq,
        at=draft.at or timezone.now(),
        conductor=draft.conductor,
        job_pk=draft.job_pk,
        job_id=text(draft.job_id, 255),
        event=text(draft.event, 60) or "unnamed",
        sheet=draft.sheet,
        data=_bounded(draft.data),
    )


def _bounded(data: dict[str, Any]) -> dict[str, Any]:
    """Data that can be stored and sent: texts are cut until all of it fits.

    A letter may take twelve bytes as JSON, so 4,096 of them, a full preview, may be too much.
    """
    kept: dict[str, Any] = {}
    for letters in _LETTERS:
        kept = masked_tree(data, max_text=letters)
        if letters != _LETTERS[0]:
            kept["is_cut"] = True
        if len(json.dumps(kept)) <= MAX_DATA_BYTES:
            return kept
    return {"truncated": True, "keys": [key[:100] for key in kept][:20]}
