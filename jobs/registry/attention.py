"""When a run deserves a look if nothing happens: written whenever something did.

`Job.moved_at` is the last moment at which a run's status or one of its sheets changed, and
`Job.attention_at` the moment from which nobody should go on without looking. The questions are
then one comparison with the clock, which an index answers (see `JobQuerySet`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from jobs.conductor import CheckpointState
from jobs.registry.models import Job

# A running job is stalled when no sheet of it changed for so many times its longest sheet so far,
# in this run or the last ones of the same score ...
STALL_FACTOR: Final = 3
LEAST_PATIENCE: Final = timedelta(minutes=5)  # ... but not sooner than this,
UNKNOWN_PATIENCE: Final = timedelta(hours=1)  # and where no sheet has ever ended, after this.
_HISTORY_RUNS: Final = 20

# A job that waits: for a rate limit, for a place on the conductor, for whoever paused it.
WAITING_PATIENCE: Final = {
    "pending": timedelta(minutes=30),
    "queued": timedelta(minutes=30),
    "paused": timedelta(hours=8),
    "paused_at_chain": timedelta(hours=8),
}

_WAITS_FOR_A_PERSON: Final = "fermata"


def moved(job: Job, status: str, at: datetime) -> dict[str, Any]:
    """The columns of a run that got this status at `at`."""
    return {"moved_at": at, "attention_at": _due(job, status, at)}


def appeared(job: Job, at: datetime) -> dict[str, Any]:
    """The columns of a run that is seen for the first time, and may be an old one.

    An old failure is no news: until its end is told, its start counts.
    """
    was = job.started_at or job.submitted_at or at
    is_over = job.is_terminal
    return moved(job, job.status, was if is_over else at)


def stirred(job: Job, checkpoint: CheckpointState, at: datetime) -> dict[str, Any]:
    """The columns of a run of which a sheet changed, as its checkpoint of `at` tells."""
    longest = longest_sheet_s(checkpoint)
    if longest is not None:
        job.longest_sheet_s = longest
    columns: dict[str, Any] = {"longest_sheet_s": job.longest_sheet_s}
    if job.is_terminal:
        return columns
    statuses = {sheet.status.value for sheet in checkpoint.sheets.values()}
    columns |= moved(job, job.status, at)
    if _WAITS_FOR_A_PERSON in statuses:
        columns["attention_at"] = at
    return columns


def longest_sheet_s(checkpoint: CheckpointState) -> float | None:
    """How long the longest completed sheet took; None where no time of one was reported."""
    spans = (
        sheet.reported_duration_s
        if sheet.reported_duration_s is not None
        else (sheet.completed_at - sheet.started_at).total_seconds()
        if sheet.completed_at is not None and sheet.started_at is not None
        else None
        for sheet in checkpoint.sheets.values()
        if sheet.status == "completed"
    )
    return max((span for span in spans if span is not None), default=None)


def patience(job: Job) -> timedelta:
    """How long a running job may go without a change before it counts as stalled."""
    known = [] if job.longest_sheet_s is None else [job.longest_sheet_s]
    if job.score_name:
        earlier = Job.objects.filter(score_name=job.score_name).order_by("-id")
        known += [
            seconds
            for seconds in earlier.values_list("longest_sheet_s", flat=True)[:_HISTORY_RUNS]
            if seconds is not None
        ]
    if not known:
        return UNKNOWN_PATIENCE
    return max(LEAST_PATIENCE, timedelta(seconds=STALL_FACTOR * max(known)))


def _due(job: Job, status: str, at: datetime) -> datetime | None:
    if status == "failed":
        return at
    if status == "running":
        return at + patience(job)
    wait = WAITING_PATIENCE.get(status)
    return None if wait is None else at + wait
