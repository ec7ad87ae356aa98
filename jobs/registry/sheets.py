"""A checkpoint's sheets against the rows that are kept of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from jobs.conductor import CheckpointState, SheetState
from jobs.registry import changes as named
from jobs.registry.changes import Change
from jobs.registry.models import Job, Sheet
from jobs.registry.secrets import masked_tail, masked_text, masked_tree
from jobs.registry.storable import text

MAX_SHEETS: Final = 20_000  # a conductor's own bound is about 10,000

FIELDS: Final = (
    "status",
    "started_at",
    "completed_at",
    "attempts",
    "max_retries",
    "exit_code",
    "duration_s",
    "error_message",
    "error_code",
    "error_category",
    "validation_passed",
    "instrument",
    "stdout_tail",
    "stderr_tail",
    "details",
)

# These are columns, or made into other words below.
_ELSEWHERE: Final = frozenset(
    {
        "sheet_num", "status", "started_at", "completed_at", "attempt_count", "max_retries",
        "exit_code", "execution_duration_seconds", "error_message", "error_code",
        "error_category", "validation_passed", "instrument_name", "stdout_tail", "stderr_tail",
        "total_cost_usd", "estimated_cost", "cost_confidence", "progress_snapshots",
        "sheet_timeout_seconds",
        # Moments on the conductor's monotonic clock, which nobody else has.
        "next_retry_at", "dispatched_at",
    }
)  # fmt: skip

# Shown where a conductor filled them; a default is no report.
_DETAILS: Final = {
    name: field.get_default(call_default_factory=True)
    for name, field in SheetState.model_fields.items()
    if name not in _ELSEWHERE
}

_SNAPSHOTS: Final = 5  # the newest; a new one comes every few seconds

# Of all details of one sheet as JSON, and how texts are cut to come below it.
_MAX_DETAILS: Final = 65_536
_LETTERS: Final = (2_000, 500, 100)

_LOUD: Final = ("attempts", "exit_code", "duration_s", "validation_passed", "error_code")


@dataclass(frozen=True, slots=True)
class SheetStep:
    """One sheet that has to be written, and what it was before (None: not known)."""

    number: int
    values: dict[str, Any]
    before: dict[str, Any] | None


def steps(job: Job, checkpoint: CheckpointState) -> Iterator[SheetStep]:
    """The sheets of a checkpoint that differ from their rows, in order."""
    known = {
        row.pop("number"): row for row in Sheet.objects.filter(job=job).values("number", *FIELDS)
    }
    for number in sorted(checkpoint.sheets)[:MAX_SHEETS]:
        if number < 1:
            continue
        values = _values(checkpoint, number, checkpoint.sheets[number])
        before = known.get(number)
        if before != values:
            yield SheetStep(number, values, before)


def write(job: Job, some: Sequence[SheetStep]) -> list[Change]:
    """Write these sheets in one statement and tell what changed in them."""
    Sheet.objects.bulk_create(
        [Sheet(job=job, number=step.number, **step.values) for step in some],
        update_conflicts=True,
        unique_fields=("job", "number"),
        update_fields=FIELDS,
    )
    return [change for step in some for change in _told(job, step)]


def beyond(job: Job, checkpoint: CheckpointState) -> QuerySet[Sheet]:
    """The rows past the last sheet; none where the checkpoint contradicts itself about that."""
    last = checkpoint.total_sheets
    is_told = last >= 1 and max(checkpoint.sheets, default=0) <= last
    return Sheet.objects.filter(job=job, number__gt=last) if is_told else Sheet.objects.none()


def _told(job: Job, step: SheetStep) -> Iterator[Change]:
    """The event of a status that changed; a pending sheet that is new is no news.

    That a conductor ended under a sheet is told by itself: it may run again before anybody looks.
    """
    status = step.values["status"]
    was = step.before["status"] if step.before else "pending"
    is_retry = step.before is not None and step.before["attempts"] != step.values["attempts"]
    data: dict[str, Any] = {"status": status, "was": was}
    if (times := interruptions(step.values)) > interruptions(step.before or {}):
        more = data | {"interruptions": times}
        yield Change(job.pk, job.job_id, named.SHEET_INTERRUPTED, step.number, more)
    if status == was and not is_retry:
        return
    data |= {name: step.values[name] for name in _LOUD if step.values[name] not in (None, "")}
    if message := step.values["error_message"]:
        data["error_message"] = message[:500]
    yield Change(job.pk, job.job_id, named.sheet_event(status), step.number, data)


def interruptions(values: Mapping[str, Any]) -> int:
    """How often a conductor ended while the sheet ran; 0 of one that does not report it."""
    count = values.get("details", {}).get("interruptions")
    return count if isinstance(count, int) and not isinstance(count, bool) else 0


def _values(checkpoint: CheckpointState, number: int, sheet: SheetState) -> dict[str, Any]:
    return {
        "status": text(checkpoint.shown_status(number), 40),
        "started_at": sheet.started_at,
        "completed_at": sheet.completed_at,
        "attempts": sheet.reported_attempts,
        "max_retries": sheet.max_retries,
        "exit_code": sheet.exit_code,
        "duration_s": sheet.reported_duration_s,
        "error_message": masked_text(sheet.error_message),
        "error_code": text(sheet.error_code, 50),
        "error_category": text(sheet.error_category, 100),
        "validation_passed": sheet.validation_passed,
        "instrument": text(sheet.instrument_name, 100),
        "stdout_tail": masked_tail(sheet.stdout_tail),
        "stderr_tail": masked_tail(sheet.stderr_tail),
        "details": _details(sheet),
    }


def _details(sheet: SheetState) -> dict[str, Any]:
    found = {
        name: value
        for name, default in _DETAILS.items()
        if (value := getattr(sheet, name)) != default
    }
    found["cost_usd"] = sheet.reported_cost_usd
    found["cost_confidence"] = sheet.reported_cost_confidence
    found["progress_snapshots"] = sheet.progress_snapshots[-_SNAPSHOTS:]
    if "sheet_timeout_seconds" in sheet.model_fields_set:  # a setting, so its default says much
        found["sheet_timeout_seconds"] = sheet.sheet_timeout_seconds
    found |= {name: value for name, value in sheet.extra.items() if name not in found}
    return _bounded(
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in found.items()
            if value is not None and value not in ([], {}, "")
        }
    )


def _bounded(found: dict[str, Any]) -> dict[str, Any]:
    """Details of bounded size: texts are cut first, then the longest ones are left out."""
    kept: dict[str, Any] = {}
    for letters in _LETTERS:
        kept = masked_tree(found, max_text=letters)
        if len(json.dumps(kept)) <= _MAX_DETAILS:
            return kept
    lengths = {name: len(json.dumps(value)) for name, value in kept.items()}
    size = sum(lengths.values())
    for name in sorted(lengths, key=lambda name: lengths[name], reverse=True):
        if size <= _MAX_DETAILS:
            break
        kept[name] = "too long to be kept"
        size -= lengths[name]
    return kept
