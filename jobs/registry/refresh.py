"""Bringing what Podium knows up to what a conductor answered.

These write rows inside the caller's transaction and give back what changed, for whoever stores
events. `at` is always the moment *before* the question was sent: an answer to an earlier question
never overwrites what a later one told. Callers that want all of it at once (short transactions,
events stored and told) use `jobs.live.recording`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from jobs.conductor import CheckpointState, JobRow
from jobs.registry import attention, stretches
from jobs.registry import changes as named
from jobs.registry import rows as listed
from jobs.registry import sheets as numbered
from jobs.registry.changes import Change, Changes
from jobs.registry.models import Conductor, Job
from jobs.registry.rows import CLOCK_STEP
from jobs.registry.secrets import masked_text, masked_tree
from jobs.registry.sheets import SheetStep
from jobs.registry.storable import is_storable, text
from jobs.terms import JobOrigin

__all__ = ["Change", "Changes", "apply_checkpoint", "apply_rows", "claim", "mark_cleared", "touch"]

_MAX_JOB_ID: Final = 255
_CLOCK_SLACK: Final = timedelta(seconds=2)
_TOUCHED_AT_ONCE: Final = 500


def apply_rows(conductor: Conductor, rows: Sequence[JobRow], at: datetime) -> Changes:
    """Write what the whole of `job.list` says, as of `at`."""
    names, unreadable = differing(conductor, rows, at)
    found = [
        change for job_id, row in names for change in listed.settle(conductor, job_id, row, at)
    ]
    return Changes(tuple(found), unreadable)


def differing(
    conductor: Conductor, rows: Sequence[JobRow], at: datetime
) -> tuple[list[tuple[str, JobRow | None]], int]:
    """The names about which a list says something new, and how many rows could not be kept.

    Only reads, so that an unchanged list costs no write lock; `rows.settle` looks again.
    """
    by_name = {row.job_id: row for row in rows if is_storable(row.job_id, _MAX_JOB_ID)}
    present: dict[str, list[Job]] = defaultdict(list)
    for job in Job.objects.filter(conductor=conductor, gone_at=None).defer("details"):
        present[job.job_id].append(job)
    names = [
        (job_id, by_name.get(job_id))
        for job_id in [*by_name, *(name for name in present if name not in by_name)]
        if listed.differs(present.get(job_id, []), by_name.get(job_id), at)
    ]
    return names, sum(1 for row in rows if not is_storable(row.job_id, _MAX_JOB_ID))


def apply_checkpoint(job: Job, checkpoint: CheckpointState, at: datetime) -> Changes:
    """Write what `job.status` says about a run and its sheets, as of `at`.

    The run's status is not taken from here (see `rows`). A run that has gone is left as it is.
    """
    if not may_write(job, at):
        return Changes()
    found = numbered.write(job, sheet_steps(job, checkpoint))
    if found:
        note_movement(job, checkpoint, at)
    return Changes((*found, *apply_summary(job, checkpoint)))


def sheet_steps(job: Job, checkpoint: CheckpointState) -> list[SheetStep]:
    """The sheets that differ, for a caller that writes them in portions."""
    return list(numbered.steps(job, checkpoint))


def may_write(job: Job, at: datetime) -> bool:
    """Take the turn to write what a checkpoint of `at` says; False when a later one was written.

    Asked again in each transaction of a checkpoint that is written in portions.
    """
    not_later = Q(sheets_at=None) | Q(sheets_at__lte=at) | Q(sheets_at__gt=at + CLOCK_STEP)
    return bool(Job.objects.filter(not_later, pk=job.pk, gone_at=None).update(sheets_at=at))


def note_movement(job: Job, checkpoint: CheckpointState, at: datetime) -> None:
    """Note that one of a run's sheets changed, and until when nobody need look at it."""
    known = Job.objects.filter(pk=job.pk, gone_at=None).first()
    if known is not None:
        Job.objects.filter(pk=job.pk).update(**attention.stirred(known, checkpoint, at))


def summary_differs(job: Job, checkpoint: CheckpointState) -> bool:
    """Whether `apply_summary` would write anything."""
    known = Job.objects.filter(pk=job.pk, gone_at=None).first()
    if known is None:
        return False
    return bool(_different(known, checkpoint)) or numbered.beyond(job, checkpoint).exists()


def apply_summary(job: Job, checkpoint: CheckpointState) -> list[Change]:
    """Write what a checkpoint says about the run as a whole.

    Sheets that a shorter score left no place for are no more of the run.
    """
    numbered.beyond(job, checkpoint).delete()
    known = Job.objects.filter(pk=job.pk, gone_at=None).first()
    different = {} if known is None else _different(known, checkpoint)
    if known is None or not different:
        return []
    Job.objects.filter(pk=job.pk).update(**different)
    counts = ("completed_sheets", "failed_sheets", "total_sheets", "current_sheet")
    if not different.keys() & set(counts):
        return []
    data = {
        name.removesuffix("_sheets"): different.get(name, getattr(known, name)) for name in counts
    }
    return [Change(job.pk, job.job_id, named.JOB_PROGRESS, data=data)]


def claim(
    conductor: Conductor,
    job_id: str,
    config_path: str,
    *,
    since: datetime,
    status: str = "pending",
    **facts: Any,
) -> tuple[Job, Changes]:
    """The run that an accepted submit of ours brought about, as one row.

    The relay may have seen it first and taken it for somebody else's: then that row becomes ours.
    Otherwise a new one waits for the list to show it. `since` is when the submit was sent;
    `facts` are Job fields (submitted_by, submitted_by_name, score_version, ...).
    """
    seen = Job.objects.filter(
        conductor=conductor,
        job_id=job_id,
        config_path=config_path,
        gone_at=None,
        submitted_by=None,
        submitted_by_name="",
        submitted_at__gte=since - _CLOCK_SLACK,
    )
    job = seen.order_by("-id").first()
    facts = {"origin": JobOrigin.CONSOLE, **facts}
    if job is None:
        job = Job.objects.create(
            conductor=conductor,
            job_id=job_id,
            config_path=config_path,
            status=status,
            **{"score_name": job_id, **facts},
        )
        Job.objects.filter(pk=job.pk).update(**attention.moved(job, status, job.first_seen_at))
        return job, Changes()
    for name, value in facts.items():
        setattr(job, name, value)
    job.save(update_fields=list(facts))
    data = {"status": job.status, "origin": JobOrigin.CONSOLE.value}
    return job, Changes((Change(job.pk, job_id, named.JOB_SUBMITTED, data=data),))


def touch(conductor: Conductor, at: datetime) -> None:
    """Note that the list of `at` told again of every live run, though nothing new."""
    live = Job.objects.live().filter(conductor=conductor, refreshed_at__lt=at)
    keys = list(live.values_list("pk", flat=True))
    for start in range(0, len(keys), _TOUCHED_AT_ONCE):
        some = keys[start : start + _TOUCHED_AT_ONCE]
        Job.objects.filter(pk__in=some, refreshed_at__lt=at).update(refreshed_at=at)


def mark_cleared(job: Job, at: datetime) -> Changes:
    """The conductor took the run out of its list because it was asked to."""
    if Job.objects.filter(pk=job.pk, gone_at=None).update(gone_at=at, gone_reason="cleared"):
        data = {"reason": "cleared", "status": job.status}
        return Changes((Change(job.pk, job.job_id, named.JOB_GONE, data=data),))
    # The relay noticed first, without knowing why.
    Job.objects.filter(pk=job.pk, gone_reason="vanished").update(gone_reason="cleared")
    return Changes()


def _different(known: Job, checkpoint: CheckpointState) -> dict[str, Any]:
    told = _summary(known, checkpoint)
    return {name: value for name, value in told.items() if getattr(known, name) != value}


def _summary(known: Job, checkpoint: CheckpointState) -> dict[str, Any]:
    statuses = [sheet.status.value for sheet in checkpoint.sheets.values()]
    running = [number for number, sheet in checkpoint.sheets.items() if sheet.status.is_running]
    is_over = checkpoint.status.is_terminal
    told: dict[str, Any] = {
        "total_sheets": checkpoint.total_sheets,
        "completed_sheets": statuses.count("completed"),
        "failed_sheets": statuses.count("failed"),
        "current_sheet": None
        if is_over
        else checkpoint.current_sheet or min(running, default=None),
        "completed_at": checkpoint.completed_at if is_over else None,
        "cost_usd": checkpoint.reported_cost_usd,
        "details": _details(checkpoint),
    }
    if not running:
        told |= stretches.drained(known, (s.completed_at for s in checkpoint.sheets.values()))
    if known.started_at is None and checkpoint.started_at is not None:
        told["started_at"] = checkpoint.started_at
    if known.score_name in ("", known.job_id) and checkpoint.job_name:
        told["score_name"] = text(checkpoint.job_name, 500)
    if known.status == "failed" and is_over and checkpoint.completed_at is not None:
        told["attention_at"] = checkpoint.completed_at
    if checkpoint.error_message and not known.error_message and is_over:
        told["error_message"] = masked_text(checkpoint.error_message)
    return told


_DETAILS: Final = (
    "pid",
    "instruments_used",
    "total_retry_count",
    "rate_limit_waits",
    "quota_waits",
    "resume_at",
    "cost_limit_reached",
    "parallel_enabled",
    "parallel_max_concurrent",
    "isolation_mode",
    "worktree_path",
    "worktree_branch",
    "hook_results",
    "synthesis_results",
    "total_movements",
    "config_hash",
    "worktree_base_commit",
    "isolation_fallback_used",
    "circuit_breaker_history",
)


def _details(checkpoint: CheckpointState) -> dict[str, Any]:
    """Other facts that were reported; a default is no report."""
    found: dict[str, Any] = {name: getattr(checkpoint, name) for name in _DETAILS}
    found["cost_usd"] = checkpoint.reported_cost_usd
    if not checkpoint.parallel_enabled:
        found["parallel_max_concurrent"] = None
    if checkpoint.created_at is not None:
        found["created_at"] = checkpoint.created_at.isoformat()
    skipped = sum(1 for sheet in checkpoint.sheets.values() if sheet.status == "skipped")
    found["skipped_sheets"] = skipped
    told = {name: value for name, value in found.items() if value not in ([], {}, "", False, 0)}
    return {
        name: masked_tree(value, max_text=2000)
        for name, value in (told | _sums(checkpoint)).items()
        if value is not None
    }


def _sums(checkpoint: CheckpointState) -> dict[str, Any]:
    """What is added up over the sheets that told of it; a zero is then a true one."""
    sheets = checkpoint.sheets.values()
    attempts = [n for sheet in sheets if (n := sheet.reported_attempts) is not None]
    costs = [
        (cost, sheet.cost_confidence)
        for sheet in sheets
        if (cost := sheet.reported_cost_usd) is not None
    ]
    spent = sum(cost for cost, _ in costs)
    retries = checkpoint.total_retry_count or (sum(n - 1 for n in attempts) if attempts else None)
    return {
        "retries": retries,
        "input_tokens": checkpoint.reported_input_tokens or _added(s.input_tokens for s in sheets),
        "output_tokens": checkpoint.reported_output_tokens
        or _added(s.output_tokens for s in sheets),
        "cost_sheets": len(costs) or None,
        # Weighed by what was spent: a sure cent does not make a guessed dollar surer.
        "cost_confidence": sum(cost * sure for cost, sure in costs) / spent if spent else None,
    }


def _added(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
