"""Marks along a line of time, at round moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# The distances that a clock knows, in seconds; `ticks.js` has the same.
STEPS: Final = (
    1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1_800,
    3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000,
)  # fmt: skip
MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark: where it is and what it says, in UTC."""

    percent: float
    at: datetime
    words: str


def ticks(start: datetime, end: datetime) -> list[Tick]:
    """At most so many marks, at moments that are round in UTC."""
    span = max(1.0, (end - start).total_seconds())
    step = next((step for step in STEPS if span / step <= MOST), STEPS[-1])
    step *= max(1, -(-int(span / step) // MOST))
    first = -(-int(start.timestamp()) // step) * step
    found = []
    at = datetime.fromtimestamp(first, UTC)
    while at <= end:
        percent = (at - start).total_seconds() / span * 100
        found.append(Tick(round(percent, 3), at, _words(at, step)))
        at += timedelta(seconds=step)
    return found


def _words(at: datetime, step: int) -> str:
    if step < 60:
        return f"{at:%H:%M:%S}"
    if step < 86_400:
        return f"{at:%H:%M}" if at.hour or at.minute else f"{at.day} {at:%b}"
    return f"{at.day} {at:%b}"
