"""Refreshing the read model and telling what changed, in transactions that stay short.

The relay and the actions both go through here, so that a change is written and told once,
whoever saw it first. All of these are synchronous; call them through a database thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from jobs.conductor import CheckpointState, JobRow
from jobs.live import events
from jobs.live.events import EventDraft
from jobs.registry import refresh, rows, sheets
from jobs.registry.changes import Change, Changes
from jobs.registry.models import Conductor, Job

# So many of them stay well under the 20 ms that the audit log's appender may have to wait.
NAMES_AT_ONCE: Final = 25
SHEETS_AT_ONCE: Final = 100

# A portion right after a portion would starve other processes' writers on SQLite, which sleep
# between their tries.
_BREATH_S: Final = 0.003

T = TypeVar("T")
Guard = Callable[[], None]


def _no_guard() -> None:
    """Nobody else may be writing instead of us."""


def record_rows(
    conductor: Conductor,
    listed: Sequence[JobRow],
    at: datetime,
    *,
    guard: Guard = _no_guard,
) -> Changes:
    """Write and tell what the whole of `job.list` says; `at` is when it was asked for.

    `guard` runs inside each transaction and raises when this process may no longer write.
    """
    names, unreadable = refresh.differing(conductor, listed, at)
    found: list[Change] = []
    for some in _spaced(_portions(names, NAMES_AT_ONCE)):
        with events.writing():
            guard()
            changes = [
                change for job_id, row in some for change in rows.settle(conductor, job_id, row, at)
            ]
            _tell(conductor, changes, at)
        found += changes
    return Changes(tuple(found), unreadable)


def record_checkpoint(
    job: Job, checkpoint: CheckpointState, at: datetime, *, guard: Guard = _no_guard
) -> Changes:
    """Write and tell what `job.status` says about a run; `at` is when it was asked for."""
    steps = refresh.sheet_steps(job, checkpoint)
    if not steps and not refresh.summary_differs(job, checkpoint):
        return Changes()
    found: list[Change] = []
    portions = list(_portions(steps, SHEETS_AT_ONCE)) or [[]]
    for index, some in enumerate(_spaced(portions)):
        with events.writing():
            guard()
            if not refresh.may_write(job, at):
                break
            changes = sheets.write(job, some) if some else []
            if index == len(portions) - 1:
                if found or changes:
                    refresh.note_movement(job, checkpoint, at)
                changes += refresh.apply_summary(job, checkpoint)
            _tell(job.conductor, changes, at)
        found += changes
    return Changes(tuple(found))


def record_claim(
    conductor: Conductor,
    job_id: str,
    config_path: str,
    *,
    since: datetime,
    status: str = "pending",
    **facts: Any,
) -> Job:
    """`registry.refresh.claim`, with its event: one row for the run that our submit made."""
    with events.writing():
        job, changes = refresh.claim(
            conductor, job_id, config_path, since=since, status=status, **facts
        )
        _tell(conductor, changes, None)
    return job


def record_cleared(job: Job, at: datetime) -> None:
    """Write and tell that the conductor cleared a run because it was asked to."""
    with events.writing():
        _tell(job.conductor, refresh.mark_cleared(job, at), at)


def _tell(conductor: Conductor, changes: Iterable[Change], at: datetime | None) -> None:
    events.append([EventDraft.of(conductor, change, at) for change in changes])


def _spaced(portions: Iterable[list[T]]) -> Iterable[list[T]]:
    """The portions, with a breath between two of them."""
    for index, portion in enumerate(portions):
        if index:
            time.sleep(_BREATH_S)
        yield portion


def _portions(items: Iterable[T], size: int) -> Iterable[list[T]]:
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion
