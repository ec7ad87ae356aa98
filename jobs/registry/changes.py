"""What changed between two answers of a conductor, under the names of the protocol's events.

The recorded conductor tells of few changes by itself and none of cli sheets, so every change of
a status is derived here, from the difference, whatever the stream said: each is told once.
Source: docs, conductor protocol, "Events".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

JOB_ADOPTED: Final = "job.adopted"  # found on the conductor, submitted outside the console
JOB_SUBMITTED: Final = "job.submitted"  # a run of ours has its place in the conductor's list
JOB_RESUMING: Final = "job.resuming"  # goes on, or was started again
JOB_PROGRESS: Final = "job.progress"
JOB_GONE: Final = "job.gone"  # no longer in the conductor's list
JOB_RETURNED: Final = "job.returned"  # in it again
SHEET_INTERRUPTED: Final = "sheet.interrupted"  # its conductor ended while it ran

_OF_JOB: Final = {
    "running": "job.started",
    "paused": "job.paused",
    "paused_at_chain": "job.paused",
    "completed": "job.completed",
    "failed": "job.failed",
    "cancelled": "job.cancelled",
}
_OF_SHEET: Final = {
    "dispatched": "sheet.started",
    "in_progress": "sheet.started",
    "retry_scheduled": "sheet.retrying",
    "completed": "sheet.completed",
    "failed": "sheet.failed",
    "skipped": "sheet.skipped",
    "cancelled": "sheet.cancelled",
    "stopped": "sheet.stopped",
}
_BEFORE_A_START: Final = frozenset({"", "pending", "queued"})

DERIVED: Final = (
    frozenset(_OF_JOB.values())
    | frozenset(_OF_SHEET.values())
    | {
        JOB_RESUMING,
        SHEET_INTERRUPTED,
    }
)
"""Events that are never taken from the stream: there they are hints to look."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different from before; `sheet` is None for the job as a whole."""

    job_pk: int | None
    job_id: str
    event: str
    sheet: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes of one refresh, in the order in which they are to be told."""

    items: tuple[Change, ...] = ()
    unreadable: int = 0  # rows whose names cannot be stored; they are passed over

    def __iter__(self) -> Iterator[Change]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return bool(self.items)


def job_event(status: str, was: str) -> str:
    """The event for a job that went from one status to another; unknown ones are `job.status`."""
    if status == "running" and was not in _BEFORE_A_START:
        return JOB_RESUMING
    return _OF_JOB.get(status, "job.status")


def sheet_event(status: str) -> str:
    """The event for a sheet that got this status; unknown ones are `sheet.status`."""
    return _OF_SHEET.get(status, "sheet.status")
