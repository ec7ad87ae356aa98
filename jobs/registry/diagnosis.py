"""What happened to a run that failed: told once, from what is kept of it. No conductor is asked.

Nothing here trusts the shape of what a conductor sent: a checkpoint's lists may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jobs.registry.error_codes import Meaning, meaning_of
from jobs.registry.models import Job, Sheet

NAMED: Final = 3  # failed sheets that are told of at length
_ATTEMPTS: Final = 20
_CHECKS: Final = 50
_BLOCKED: Final = ("skipped", "pending", "ready", "waiting", "cancelled")


@dataclass(frozen=True, slots=True)
class Check:
    """One validation of what a sheet left behind; empty text is "not reported"."""

    name: str
    kind: str
    path: str
    passed: bool | None
    expected: str
    found: str
    message: str


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt of a sheet that did not work; None and empty are "not reported"."""

    number: int | None
    at: datetime | str | None
    code: str
    category: str
    message: str
    may_pass: bool | None  # whether the conductor took it for one that may pass


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a sheet was tried, against how often its score allows; None is not known."""

    in_all: int | None
    now: int | None  # of the budget that counts now: a resume grants a new one
    allowed: int | None

    @classmethod
    def of(cls, sheet: Sheet) -> Tries:
        """The tries of a sheet whose details were read."""
        in_all, allowed = sheet.attempts, tries_allowed(sheet.max_retries)
        failed = sheet.details.get("normal_attempts")
        if in_all is None:
            return cls(None, None, allowed)
        if isinstance(failed, int) and not isinstance(failed, bool) and failed > 0:
            return cls(in_all, min(in_all, failed + (sheet.status == "completed")), allowed)
        # More than the budget holds: some were made before a resume, nobody knows how many.
        return cls(in_all, in_all if allowed is None or in_all <= allowed else None, allowed)

    @property
    def words(self) -> str:
        """As in "2 of 3"; empty where no attempt was counted."""
        if self.in_all is None:
            return ""
        if self.now is None or self.allowed is None or self.now > self.allowed:
            return str(self.in_all)
        if self.now == self.in_all:
            return f"{self.now} of {self.allowed}"
        return f"{self.now} of {self.allowed} since it was begun anew, {self.in_all} in all"


def tries_allowed(max_retries: int | None) -> int | None:
    """How many tries a sheet has: a conductor's `max_retries` counts the first one, too.

    Source: recorded exchange `wire/failing.jsonl` (max_retries 1, failed after its first try).
    """
    return None if max_retries is None else max(1, max_retries)


@dataclass(frozen=True, slots=True)
class FailedSheet:
    """One failed sheet, and why."""

    sheet: Sheet
    meaning: Meaning | None
    checks: tuple[Check, ...]  # only those that did not pass
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a run failed, or which of its sheets have while it goes on."""

    is_over: bool  # the run has ended; else sheets of one have failed that goes on
    sheets: tuple[FailedSheet, ...]
    failed: int
    held_up: int  # sheets that did not run because of it
    message: str  # the run's own, where it says more than its sheets do

    @property
    def more(self) -> int:
        """Failed sheets beyond those that are told of."""
        return max(0, self.failed - len(self.sheets))


def left_out_by_start(job: Job) -> int:
    """How many sheets were never meant to run: those before the one that was started with."""
    start = job.requested_start_sheet
    if not start or start <= 1:
        return 0
    return job.sheets.filter(number__lt=start, status__in=_BLOCKED).count()


def diagnose(
    job: Job, failed: list[Sheet], counts: Mapping[str, int], *, left_out: int = 0
) -> Diagnosis | None:
    """What is known of a failure; None where there is none.

    `failed` are the first failed sheets (whole rows), `counts` all sheets by status, `left_out`
    those before the first one that was to run.
    """
    is_over = job.is_terminal
    if job.status != "failed" and not counts.get("failed"):
        return None
    sheets = tuple(_failed(sheet) for sheet in failed[:NAMED])
    message = job.error_message.strip()
    if any(_says(sheet.sheet.error_message, message) for sheet in sheets):
        message = ""
    blocked = sum(counts.get(status, 0) for status in _BLOCKED)
    return Diagnosis(
        is_over=is_over,
        sheets=sheets,
        failed=counts.get("failed", 0),
        held_up=max(0, blocked - left_out) if is_over else 0,
        message=message,
    )


def checks_of(sheet: Sheet) -> tuple[Check, ...]:
    """Every validation that a conductor told of; else those that it only named."""
    told = _list(sheet.details.get("validation_details"))
    found = [_check(one) for one in told[:_CHECKS] if isinstance(one, Mapping)]
    if found:
        return tuple(found)
    named = [("passed_validations", True), ("failed_validations", False)]
    return tuple(
        Check(_text(name), "", "", passed, "", "", "")
        for key, passed in named
        for name in _list(sheet.details.get(key))[:_CHECKS]
    )


def tries_of(sheet: Sheet) -> tuple[Try, ...]:
    """The attempts that failed, as far as they were told of, the first one first."""
    told = _list(sheet.details.get("error_history"))
    return tuple(_try(one) for one in told[-_ATTEMPTS:] if isinstance(one, Mapping))


def _failed(sheet: Sheet) -> FailedSheet:
    checks = tuple(check for check in checks_of(sheet) if check.passed is False)
    meaning = meaning_of(sheet.error_code, sheet.error_category)
    return FailedSheet(sheet, meaning, checks, tries_of(sheet))


def _check(told: Mapping[str, Any]) -> Check:
    passed = told.get("passed")
    kind = _text(told.get("type") or told.get("rule_type"))
    return Check(
        name=_text(told.get("description") or told.get("name")),
        kind=kind,
        path=_text(told.get("path")),
        passed=passed if isinstance(passed, bool) else None,
        expected=_text(_first(told, "expected", "expected_value")),
        found=_text(_first(told, "actual", "found", "actual_value")),
        message=_text(_first(told, "message", "error_message", "failure_reason")),
    )


def _try(told: Mapping[str, Any]) -> Try:
    number = told.get("attempt_number")
    kind = told.get("error_type")
    context = told.get("context")
    category = told.get("error_category") or (
        context.get("category") if isinstance(context, Mapping) else None
    )
    return Try(
        number=number if isinstance(number, int) and not isinstance(number, bool) else None,
        at=_moment(told.get("timestamp")),
        code=_text(told.get("error_code")),
        category=_text(category),
        message=_text(told.get("error_message")),
        may_pass={"transient": True, "permanent": False}.get(kind)
        if isinstance(kind, str)
        else None,
    )


def _says(sheets: str, runs: str) -> bool:
    """Whether a sheet's message says what its run's does."""
    return bool(runs) and bool(sheets.strip()) and (runs in sheets or sheets.strip() in runs)


def _first(told: Mapping[str, Any], *names: str) -> Any:
    return next((told[name] for name in names if told.get(name) not in (None, "")), None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _moment(value: Any) -> datetime | str | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value[:40]
    return at if at.tzinfo is not None else value[:40]
