"""One name in the conductor's list against what is known of it: which run is it, what changed.

A run is (conductor, job_id, submitted_at). A row with another `submitted_at` is another run, and
the one before it is history. The list is the one authority on a run's status: a checkpoint says
the same a moment later or earlier, and two authorities would have pages flicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from jobs.conductor import JobRow
from jobs.registry import attention, stretches
from jobs.registry import changes as named
from jobs.registry.changes import Change
from jobs.registry.models import Conductor, Job
from jobs.registry.secrets import masked_text
from jobs.registry.storable import text
from jobs.terms import JobOrigin

MAX_STATUS: Final = 40

# A run that we submitted and the list does not show yet is waited for before it counts as gone.
_PATIENCE: Final = timedelta(seconds=60)

# A moment further ahead than this is a clock that was set back, not a newer answer.
CLOCK_STEP: Final = timedelta(seconds=10)

# The list's `started_at` and the checkpoint's differ by milliseconds for one and the same start.
_SAME_START: Final = timedelta(milliseconds=500)


def differs(jobs: Sequence[Job], row: JobRow | None, at: datetime) -> bool:
    """Whether settling this name would write anything; `jobs` are its runs that are not gone."""
    if any(_is_newer(job, at) for job in jobs):
        return False
    if row is None:
        return any(_may_leave(job, at) for job in jobs)
    job = matching(jobs, row)
    if job is None or _differences(job, row):
        return True
    return any(_may_leave(other, at) for other in jobs if other is not job)


def settle(conductor: Conductor, job_id: str, row: JobRow | None, at: datetime) -> list[Change]:
    """Write what the list says about one name, as of `at`; row None: it is not in the list.

    Runs inside the caller's transaction, which holds the lock under which events are written.
    """
    jobs = list(Job.objects.filter(conductor=conductor, job_id=job_id, gone_at=None).order_by("id"))
    if any(_is_newer(job, at) for job in jobs):
        return []
    if row is None:
        return [_leave(job, "vanished", at) for job in jobs if _may_leave(job, at)]
    job = matching(jobs, row)
    left = [
        _leave(other, "replaced", at)
        for other in jobs
        if other is not job and _may_leave(other, at)
    ]
    if job is None:
        return left + _appear(conductor, job_id, row, at)
    return left + _update(job, row, at)


def matching(jobs: Sequence[Job], row: JobRow) -> Job | None:
    """The run that a row is about, among the runs of its name that are not gone."""
    newest_first = sorted(jobs, key=lambda job: job.pk, reverse=True)
    fitting = [job for job in newest_first if is_same_run(job, row)]
    exact = (job for job in fitting if job.submitted_at == row.submitted_at)
    return next(exact, None) or next(iter(fitting), None)


def is_same_run(job: Job, row: JobRow) -> bool:
    """Whether a row of the list may be this run, which has its name."""
    if job.submitted_at is None:
        # Ours, not in the list until now: known by the file that was sent.
        return row.config_path in (None, job.config_path)
    return row.submitted_at in (None, job.submitted_at)


def is_own_file(config_path: str | None) -> bool:
    """Whether a score was written by this console for one of its own submits."""
    return bool(config_path) and Path(config_path or "").is_relative_to(settings.PODIUM_SUBMISSIONS)


def _is_newer(job: Job, at: datetime) -> bool:
    """Whether something later than `at` is known already."""
    return job.refreshed_at is not None and at < job.refreshed_at <= at + CLOCK_STEP


def _may_leave(job: Job, at: datetime) -> bool:
    """Whether a list of `at` without this run says that it is gone."""
    if job.submitted_at is None and job.refreshed_at is None:
        return job.first_seen_at + _PATIENCE < at
    return (job.refreshed_at or job.first_seen_at) <= at


def _leave(job: Job, reason: str, at: datetime) -> Change:
    Job.objects.filter(pk=job.pk, gone_at=None).update(gone_at=at, gone_reason=reason)
    return Change(job.pk, job.job_id, named.JOB_GONE, data={"reason": reason, "status": job.status})


def _appear(conductor: Conductor, job_id: str, row: JobRow, at: datetime) -> list[Change]:
    """A run that is not among the present ones: it came back, or it is new to us."""
    if row.submitted_at is not None:
        known = Job.objects.filter(
            conductor=conductor, job_id=job_id, submitted_at=row.submitted_at
        ).first()
        if known is not None:
            Job.objects.filter(pk=known.pk).update(gone_at=None, gone_reason="")
            returned = Change(known.pk, job_id, named.JOB_RETURNED, data={"status": known.status})
            return [returned, *_update(known, row, at)]
    origin = JobOrigin.CONSOLE if is_own_file(row.config_path) else JobOrigin.OUTSIDE
    job = Job(conductor=conductor, job_id=job_id, origin=origin, refreshed_at=at, status="")
    job.score_name = text(job_id, 500)
    for name, value in _differences(job, row).items():
        setattr(job, name, value)
    for name, value in (attention.appeared(job, at) | stretches.began(job)).items():
        setattr(job, name, value)
    job.save(force_insert=True)
    event = named.JOB_ADOPTED if origin is JobOrigin.OUTSIDE else named.JOB_SUBMITTED
    return [Change(job.pk, job_id, event, data={"status": job.status, "origin": origin.value})]


def _update(job: Job, row: JobRow, at: datetime) -> list[Change]:
    differences = _differences(job, row)
    is_first_sight = job.submitted_at is None and "submitted_at" in differences
    if differences.keys() & {"status", "started_at"}:  # a run that was resumed starts anew
        differences |= stretches.told(job, differences, at)
        differences |= attention.moved(job, differences.get("status", job.status), at)
    not_older = Q(refreshed_at=None) | Q(refreshed_at__lte=at) | Q(refreshed_at__gt=at + CLOCK_STEP)
    written = Job.objects.filter(not_older, pk=job.pk).update(**differences, refreshed_at=at)
    if not written:
        return []
    told = _told(job, differences)
    if is_first_sight:
        data = {"status": differences.get("status", job.status), "origin": job.origin}
        told.insert(0, Change(job.pk, job.job_id, named.JOB_SUBMITTED, data=data))
    return told


def _told(job: Job, differences: dict[str, Any]) -> list[Change]:
    """The events that tell a run's differences."""
    status, was = differences.get("status", job.status), job.status
    is_restart = job.started_at is not None and "started_at" in differences
    told = []
    data = {"status": status, "was": was}
    if differences.get("error_message"):
        data["error_message"] = differences["error_message"][:500]
    if is_restart and status != "running":
        # Resumed and over again between two looks: tell both.
        told.append(Change(job.pk, job.job_id, named.JOB_RESUMING, data={**data, "status": was}))
    if status != was or is_restart:
        event = named.JOB_RESUMING if is_restart and status == "running" else None
        told.append(Change(job.pk, job.job_id, event or named.job_event(status, was), data=data))
    if differences.keys() & {"completed_sheets", "total_sheets"}:
        progress = {
            name.removesuffix("_sheets"): differences.get(name, getattr(job, name))
            for name in ("completed_sheets", "total_sheets")
        }
        told.append(Change(job.pk, job.job_id, named.JOB_PROGRESS, data=progress))
    return told


def _differences(job: Job, row: JobRow) -> dict[str, Any]:
    """The fields of a run that a row tells otherwise; what it leaves out stays as it was."""
    told: dict[str, Any] = {"status": text(row.status.value, MAX_STATUS)}
    for name in ("config_path", "workspace"):
        if value := getattr(row, name):
            told[name] = text(value, 4096)
    if row.submitted_at is not None:
        told["submitted_at"] = row.submitted_at
    if row.started_at is not None and (
        job.started_at is None or abs(row.started_at - job.started_at) > _SAME_START
    ):
        told["started_at"] = row.started_at
    if row.error_message or (told["status"] != job.status and told["status"] != "failed"):
        told["error_message"] = masked_text(row.error_message)
    if job.failed_sheets is None:  # no checkpoint was read yet, which knows better
        if row.progress_completed is not None:
            told["completed_sheets"] = row.progress_completed
        if row.progress_total is not None:
            told["total_sheets"] = row.progress_total
    return {name: value for name, value in told.items() if getattr(job, name) != value}
