"""When a run will probably end, judged by earlier runs of the same score.

Plain arithmetic on what is kept; no conductor is asked. Without a completed earlier run there is
no estimate: unknown, not a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from jobs.registry.models import Job, JobQuerySet
from jobs.registry.stretches import worked_s

_LOOKED_AT: Final = 100  # of the newest runs of a score, so that many failed ones cost nothing
_USED: Final = 20


@dataclass(frozen=True, slots=True)
class Earlier:
    """A completed run: how long it was at work, and how many sheets it had."""

    took_s: float
    sheets: int | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What earlier runs let expect of one that goes on."""

    runs: int  # how many it is from
    whole_s: float  # the median, for as many sheets as this run has
    least_s: float
    most_s: float
    left_s: float  # of work; 0 once it is overdue
    ends_at: datetime | None  # None while nothing runs
    is_scaled: bool  # no earlier run had as many sheets: reckoned by the sheet

    @property
    def is_overdue(self) -> bool:
        """Whether it takes longer already than earlier runs let expect."""
        return self.left_s <= 0


def earlier_runs(job: Job, among: JobQuerySet) -> list[Earlier]:
    """The newest completed runs of the score of this one, that began at the same sheet."""
    if not job.score_name:
        return []
    runs = among.filter(score_name=job.score_name, pk__lt=job.pk).order_by("-id")
    told = runs.only(
        "status", "gone_at", "worked_s", "started_at", "completed_at", "running_since",
        "total_sheets", "requested_start_sheet",
    )  # fmt: skip
    found = []
    for run in told[:_LOOKED_AT]:
        if run.status != "completed" or left_out(run) != left_out(job):
            continue
        took_s = worked_s(run, run.completed_at or run.first_seen_at)
        if took_s is not None:
            total = run.total_sheets
            found.append(Earlier(took_s, None if total is None else total - left_out(run)))
    return found[:_USED]


def left_out(job: Job) -> int:
    """How many sheets come before the one that a run was started with."""
    return max(0, (job.requested_start_sheet or 1) - 1)


def estimate(
    earlier: Sequence[Earlier],
    *,
    total: int | None,
    done: int,
    at_work_s: float,
    last_done_s: float | None,
    now: datetime,
    is_running: bool,
) -> Estimate | None:
    """What is left of a run; None without an earlier one to go by.

    `done` sheets of `total` are over; the last of them was when the run had been at work for
    `last_done_s` (None: unknown, then only the whole time counts). The sheets that are left
    take their share of the whole, from that moment on.
    """
    alike = [run.took_s for run in earlier if run.sheets == total]
    is_scaled = not alike
    if is_scaled and total:
        alike = [run.took_s / run.sheets * total for run in earlier if run.sheets]
    if not alike:
        return None
    whole_s = median(alike)
    left_s = whole_s - at_work_s
    if total and last_done_s is not None:
        left_s = whole_s * max(0, total - done) / total - max(0.0, at_work_s - last_done_s)
    left_s = max(0.0, left_s)
    ends_at = now + timedelta(seconds=left_s) if is_running else None
    return Estimate(len(alike), whole_s, min(alike), max(alike), left_s, ends_at, is_scaled)
