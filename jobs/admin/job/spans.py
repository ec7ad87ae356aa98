"""When the sheets of a run were worked on, as far as the conductor told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q

from jobs.admin.job.tries import Piece, Told, failures_in, pieces_of, starts_told
from jobs.admin.looks import Look, sheet_look
from jobs.admin.told import is_number
from jobs.registry.models import Job
from jobs.registry.sheet_times import took_s
from jobs.terms import RUNNING_SHEET_STATUSES

NEVER_BEGUN: Final = frozenset({"pending", "ready", "waiting", "skipped", "fermata"})


@dataclass(frozen=True, slots=True)
class Span:
    """One sheet from the start of its first attempt to the end of its last, or to now."""

    number: int
    status: str
    look: Look
    started_at: datetime
    ended_at: datetime
    is_open: bool  # it runs, and `ended_at` is now
    attempts: int | None
    failed_at: tuple[datetime, ...]  # when an attempt failed and another one followed
    pieces: tuple[Piece, ...] = ()  # its attempts; empty: one, which is all of it
    told_s: float | None = None  # what its attempts took together, as its conductor told

    @property
    def seconds(self) -> float:
        """How long it was worked on: all its attempts, and no wait between them."""
        if self.told_s is not None:
            return self.told_s
        return sum(piece.seconds for piece in self.worked)

    @property
    def worked(self) -> tuple[Piece, ...]:
        """When it was worked on."""
        return self.pieces or (Piece(self.started_at, self.ended_at),)

    @property
    def waits(self) -> tuple[Stretch, ...]:
        """Between an attempt and the next one."""
        pairs = pairwise(self.worked)
        found = [Stretch(one.ended_at, other.started_at) for one, other in pairs]
        if self.status == "retry_scheduled" and self.is_open:
            found.append(Stretch(self.worked[-1].ended_at, self.ended_at))
        return tuple(stretch for stretch in found if stretch.seconds > 0)


@dataclass(frozen=True, slots=True)
class Untimed:
    """A sheet that was worked on without its times being reported."""

    number: int
    status: str
    look: Look


@dataclass(frozen=True, slots=True)
class Times:
    """All sheets of a run, by what is known of their times."""

    spans: tuple[Span, ...]
    untimed: tuple[Untimed, ...]
    not_begun: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the run's time."""

    began_at: datetime
    ended_at: datetime

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.ended_at - self.began_at).total_seconds()


def times_of(user: User, job: Job, now: datetime) -> Times:
    """The spans of a run's sheets: three queries, however many there are."""
    ended = job.is_terminal
    told_of = ("number", "details__error_history", "details__total_duration_seconds")
    retried = {
        number: (failures_in(history), total)
        for number, history, total in job.sheets.filter(
            Q(attempts__gt=1) | Q(status="retry_scheduled")
        ).values_list(*told_of)
    }
    starts = starts_told(user, job, retried.keys())
    spans: list[Span] = []
    untimed: list[Untimed] = []
    not_begun = 0
    rows = job.sheets.order_by("number").values_list(
        "number", "status", "started_at", "completed_at", "attempts", "duration_s"
    )
    for number, status, started_at, completed_at, attempts, last_s in rows:
        look = sheet_look(status, job_is_terminal=ended)
        is_running = status in RUNNING_SHEET_STATUSES or status == "retry_scheduled"
        end = completed_at
        if end is None and is_running:
            end = job.completed_at if ended else now
        if started_at is not None and end is not None and status != "skipped":
            end = max(end, started_at)
            is_open = is_running and not ended and completed_at is None
            last_s = None if is_open else last_s
            failures, total = retried.get(number, ([], None))
            told = Told(status, started_at, end, last_s, failures, starts.get(number, ()))
            pieces = pieces_of(told) if number in retried else ()
            first = pieces[0].started_at if pieces else started_at
            failed_at = tuple(at for at in failures if first < at < end)
            told_s = None if is_open else took_s(attempts, total, last_s, started_at, completed_at)
            if number in retried and not is_number(total):
                told_s = None  # the pieces say more than the last attempt alone
            spans.append(
                Span(number, status, look, first, end, is_open, attempts, failed_at, pieces, told_s)
            )
        elif status in NEVER_BEGUN:
            not_begun += 1
        else:
            untimed.append(Untimed(number, status, look))
    return Times(tuple(spans), tuple(untimed), not_begun)


def idle_stretches(spans: Iterable[Span], *, least_s: float) -> list[Stretch]:
    """Where nothing was worked on between the first start and the last end."""
    found: list[Stretch] = []
    busy_until: datetime | None = None
    pieces = [piece for span in spans for piece in span.worked]
    for piece in sorted(pieces, key=lambda piece: piece.started_at):
        if busy_until is not None and (piece.started_at - busy_until).total_seconds() >= least_s:
            found.append(Stretch(busy_until, piece.started_at))
        busy_until = max(busy_until or piece.ended_at, piece.ended_at)
    return found


def outside(
    stretches: Iterable[Stretch], taken: Iterable[Stretch], *, least_s: float = 0.0
) -> list[Stretch]:
    """What is left of the stretches where none of the others is."""
    others = sorted(taken, key=lambda other: other.began_at)
    found: list[Stretch] = []
    for stretch in stretches:
        since = stretch.began_at
        for other in others:
            if other.ended_at <= since or other.began_at >= stretch.ended_at:
                continue
            if other.began_at > since:
                found.append(Stretch(since, other.began_at))
            since = max(since, other.ended_at)
        if since < stretch.ended_at:
            found.append(Stretch(since, stretch.ended_at))
    return [stretch for stretch in found if stretch.seconds > least_s]


def in_places(spans: Sequence[Span]) -> list[list[Span]]:
    """The spans in as few rows as were needed at once, each free before it is taken again."""
    rows: list[list[Span]] = []
    free: list[int] = []
    busy: list[tuple[datetime, int]] = []
    for span in sorted(spans, key=lambda span: (span.started_at, span.number)):
        while busy and busy[0][0] <= span.started_at:
            heappush(free, heappop(busy)[1])
        if free:
            row = heappop(free)
        else:
            row = len(rows)
            rows.append([])
        rows[row].append(span)
        heappush(busy, (span.ended_at, row))
    return rows
