"""How long a run has been at work: the sum of its stretches, pauses left out.

A conductor tells one `started_at`, and a resume moves it. So each stretch is added up here when
it ends: `Job.worked_s` for those that are over, `Job.running_since` for the one under way. A list
says "paused" at once, yet the sheet under way runs to its end: so does the stretch.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from jobs.registry.models import Job
from jobs.terms import PAUSED_JOB_STATUSES, RUNNING_SHEET_STATUSES

_RUNNING: Final = "running"


def is_pausing(job: Job) -> bool:
    """Whether a run is paused and a sheet of it still runs to its end."""
    return (
        job.status in PAUSED_JOB_STATUSES and job.running_since is not None and job.gone_at is None
    )


def is_at_work(job: Job) -> bool:
    """Whether its time counts on."""
    return (job.status == _RUNNING and job.gone_at is None) or is_pausing(job)


def drained(job: Job, ends: Iterable[datetime | None]) -> dict[str, Any]:
    """The columns of a run whose last sheet under way has ended after its pause was told.

    `ends` are those of all its sheets.
    """
    since, seen_at = job.running_since, job.sheets_at or job.refreshed_at
    if not is_pausing(job) or since is None or seen_at is None:
        return {}
    end = max((end for end in ends if end is not None), default=None)
    return {"running_since": None, "worked_s": _plus(job.worked_s, since, end, seen_at)}


def began(job: Job) -> dict[str, Any]:
    """The columns of a run that is seen for the first time."""
    is_running = job.status == _RUNNING
    return {
        "first_started_at": job.started_at,
        "running_since": job.started_at if is_running else None,
    }


def told(job: Job, differences: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The columns that change with what a list of `at` told otherwise than `job` has it."""
    status = differences.get("status", job.status)
    started_at = differences.get("started_at", job.started_at)
    is_restart = job.started_at is not None and "started_at" in differences
    was_running = job.status == _RUNNING or is_pausing(job)
    is_running = status == _RUNNING or (
        was_running
        and not is_restart
        and status in PAUSED_JOB_STATUSES
        and _has_running_sheets(job)
    )
    if not is_restart and was_running == is_running:
        first = {"first_started_at": started_at} if job.started_at is None and started_at else {}
        return first | ({"running_since": started_at} if first and is_running else {})
    worked_s = job.worked_s
    if was_running:
        # Over and begun anew between two looks: it worked at least until it last moved.
        end = job.moved_at if is_restart else job.completed_at
        worked_s = _plus(worked_s, job.running_since or job.started_at, end, at)
    elif is_restart and worked_s is None:
        worked_s = _plus(None, job.started_at, job.completed_at or job.moved_at, at)
    if is_restart and not is_running:
        worked_s = _plus(worked_s, started_at, None, at)
    since = (started_at if "started_at" in differences else at) if is_running else None
    return {
        "first_started_at": job.first_started_at or job.started_at or started_at,
        "running_since": since,
        "worked_s": worked_s,
    }


def worked_s(job: Job, now: datetime) -> float | None:
    """Seconds that a run has been at work until now; None where that cannot be known."""
    if is_at_work(job):
        since = job.running_since or job.started_at
        if since is None:
            return None
        return (job.worked_s or 0.0) + max(0.0, (now - since).total_seconds())
    if job.worked_s is not None:
        return job.worked_s
    if job.started_at is None or job.completed_at is None:
        return None
    return max(0.0, (job.completed_at - job.started_at).total_seconds())


def _has_running_sheets(job: Job) -> bool:
    return job.sheets.filter(status__in=RUNNING_SHEET_STATUSES).exists()


def _plus(
    sum_s: float | None, since: datetime | None, end: datetime | None, at: datetime
) -> float | None:
    """The sum with one more stretch; an end before its beginning is none, then `at` counts."""
    if since is None:
        return sum_s
    until = end if end is not None and since <= end <= at else at
    return round((sum_s or 0.0) + max(0.0, (until - since).total_seconds()), 3)
