"""When a sheet was worked on, attempt by attempt, as far as that was told.

A conductor tells one start and one end of a sheet, and a resume moves the start. What came before
is known from the moments of its failures and from the events of its starts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User

from jobs.access import policy
from jobs.live.models import OUTPUT
from jobs.registry.models import Job

MAX_FAILURES: Final = 20  # of one sheet
MAX_EVENTS: Final = 2_000
_STARTED: Final = "sheet.started"
_SAME: Final = timedelta(seconds=1)  # a failure this near to the end of a sheet is its end


@dataclass(frozen=True, slots=True)
class Piece:
    """One attempt from its start to its end, or to now."""

    started_at: datetime
    ended_at: datetime
    is_failed: bool = False  # and another one followed

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(0.0, (self.ended_at - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of the times of a sheet that was tried more than once."""

    status: str
    started_at: datetime  # since it was begun anew
    ended_at: datetime
    took_s: float | None  # the last attempt alone; None: not told, or not over
    failures: Sequence[datetime]
    starts: Sequence[datetime]  # that events tell of


def pieces_of(told: Told) -> tuple[Piece, ...]:
    """The attempts whose start and end are known, in order; at least the last one."""
    starts = sorted({*told.starts, told.started_at})
    ends = sorted(at for at in told.failures if at <= told.ended_at + _SAME)
    if told.status == "failed" and ends and told.ended_at - ends[-1] <= _SAME:
        ends.pop()
    found: list[Piece] = []
    after: datetime | None = None
    for end in ends:
        known = [at for at in starts if at < end and (after is None or at >= after)]
        if known:
            start = told.started_at if told.started_at in known else known[0]
            found.append(Piece(start, end, is_failed=True))
        after = end
    if told.status == "retry_scheduled" and found:  # it waits: nothing runs now
        return tuple(found)
    start = min(_last_start(told, starts, after), told.ended_at)
    return (*found, Piece(start, told.ended_at))


def _last_start(told: Told, starts: Sequence[datetime], after: datetime | None) -> datetime:
    if after is None or told.started_at >= after:
        return told.started_at
    if told.took_s is not None:
        return max(after, told.ended_at - timedelta(seconds=told.took_s))
    return next((at for at in starts if at >= after), after)


def failures_in(history: Any) -> list[datetime]:
    """The moments in an error history, which comes from a conductor and may be anything."""
    found = []
    for record in history[-MAX_FAILURES:] if isinstance(history, list) else ():
        told = record.get("timestamp") if isinstance(record, dict) else None
        try:
            at = datetime.fromisoformat(told) if isinstance(told, str) else None
        except ValueError:
            continue
        if at is not None and at.tzinfo is not None:
            found.append(at)
    return found


def starts_told(user: User, job: Job, numbers: Collection[int]) -> dict[int, list[datetime]]:
    """When attempts at these sheets were seen to begin; one question, none for no sheet."""
    found: dict[int, list[datetime]] = defaultdict(list)
    if not numbers:
        return found
    # As text, not as a parameter: see the tab of events.
    told = f"NOT (jobs_event.event = '{OUTPUT}')"
    events = (
        policy.visible_events(user)
        .filter(job_pk=job.pk, event=_STARTED)
        .extra(where=[told])  # noqa: S610 - a constant of ours
        .order_by("-seq")
        .values_list("sheet", "at")[:MAX_EVENTS]
    )
    for number, at in events:
        if number in numbers:
            found[number].append(at)
    return found
