"""A checkpoint's sheets against the rows that are kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jobs.conductor import CheckpointState, SheetState
from jobs.registry import changes as named
from jobs.registry.changes import Change
from jobs.registry.models import Job, Sheet
from jobs.registry.storable import tail, text, tree

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

# Shown where a conductor filled them; a default is no report.
_DETAILS: Final = (
    "validation_details",
    "passed_validations",
    "failed_validations",
    "last_pass_percentage",
    "error_history",
    "instrument_model",
    "movement",
    "voice",
    "exit_signal",
    "exit_reason",
    "execution_mode",
    "input_tokens",
    "output_tokens",
    "output_truncated",
    "fire_at",
    "rate_limit_expires_at",
)

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
    return [change for step in some if (change := _told(job, step)) is not None]


def _told(job: Job, step: SheetStep) -> Change | None:
    """The event of a status that changed; a pending sheet that is new is no news."""
    status = step.values["status"]
    was = step.before["status"] if step.before else "pending"
    is_retry = step.before is not None and step.before["attempts"] != step.values["attempts"]
    if status == was and not is_retry:
        return None
    data: dict[str, Any] = {"status": status, "was": was}
    data |= {name: step.values[name] for name in _LOUD if step.values[name] not in (None, "")}
    if message := step.values["error_message"]:
        data["error_message"] = message[:500]
    return Change(job.pk, job.job_id, named.sheet_event(status), step.number, data)


def _values(checkpoint: CheckpointState, number: int, sheet: SheetState) -> dict[str, Any]:
    return {
        "status": text(checkpoint.shown_status(number), 40),
        "started_at": sheet.started_at,
        "completed_at": sheet.completed_at,
        "attempts": sheet.reported_attempts,
        "max_retries": sheet.max_retries,
        "exit_code": sheet.exit_code,
        "duration_s": sheet.reported_duration_s,
        "error_message": text(sheet.error_message),
        "error_code": text(sheet.error_code, 50),
        "error_category": text(sheet.error_category, 100),
        "validation_passed": sheet.validation_passed,
        "instrument": text(sheet.instrument_name, 100),
        "stdout_tail": tail(sheet.stdout_tail),
        "stderr_tail": tail(sheet.stderr_tail),
        "details": _details(sheet),
    }


def _details(sheet: SheetState) -> dict[str, Any]:
    found = {name: getattr(sheet, name) for name in _DETAILS}
    found["cost_usd"] = sheet.reported_cost_usd
    found["cost_confidence"] = sheet.reported_cost_confidence
    found["output_path"] = sheet.extra.get("output_path")
    return {
        name: tree(value if not hasattr(value, "isoformat") else value.isoformat(), max_text=2000)
        for name, value in found.items()
        if value is not None and value not in ([], {}, "", False)
    }
