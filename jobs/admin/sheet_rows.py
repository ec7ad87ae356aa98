"""Sheets as the job page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from jobs.admin.durations import NOT_REPORTED, duration_words
from jobs.admin.looks import Look, sheet_look
from jobs.admin.visible import last_lines, one_line, visible
from jobs.registry.models import Sheet
from jobs.terms import RUNNING_SHEET_STATUSES

TAIL_LINES: Final = 30
TAIL_LETTERS: Final = 4_000


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One sheet of a run; None is "not reported" throughout."""

    pk: int
    number: int
    label: str  # what the score calls it
    look: Look
    status: str
    is_running: bool
    is_failed: bool
    started_at: datetime | None
    completed_at: datetime | None
    took: str
    attempts: int | None
    max_retries: int | None
    exit_code: int | None
    validation: Look | None
    instrument: str
    error: str
    error_code: str
    error_category: str
    stdout: str
    stderr: str

    @classmethod
    def of(
        cls, sheet: Sheet, *, job_is_terminal: bool, label: str = "", is_whole: bool = False
    ) -> Self:
        """The row of a sheet; with the whole of its tails on its own page."""
        limits = (
            {"lines": 100_000, "letters": 1_000_000}
            if is_whole
            else {"lines": TAIL_LINES, "letters": TAIL_LETTERS}
        )
        return cls(
            pk=sheet.pk,
            number=sheet.number,
            label=one_line(label, 160),
            look=sheet_look(sheet.status, job_is_terminal=job_is_terminal),
            status=sheet.status,
            is_running=sheet.status in RUNNING_SHEET_STATUSES and not job_is_terminal,
            is_failed=sheet.status == "failed",
            started_at=sheet.started_at,
            completed_at=sheet.completed_at,
            took=_took(sheet),
            attempts=sheet.attempts,
            max_retries=sheet.max_retries,
            exit_code=sheet.exit_code,
            validation=_validation(sheet.validation_passed),
            instrument=one_line(sheet.instrument),
            error=visible(sheet.error_message[:TAIL_LETTERS]),
            error_code=one_line(sheet.error_code),
            error_category=one_line(sheet.error_category),
            stdout=last_lines(sheet.stdout_tail, **limits),
            stderr=last_lines(sheet.stderr_tail, **limits),
        )

    @property
    def has_details(self) -> bool:
        """Whether there is more to it than its line."""
        return bool(self.error or self.stdout or self.stderr or self.started_at or self.instrument)


def _took(sheet: Sheet) -> str:
    if sheet.duration_s is not None:
        return duration_words(sheet.duration_s)
    if sheet.started_at and sheet.completed_at:
        return duration_words((sheet.completed_at - sheet.started_at).total_seconds())
    return NOT_REPORTED


def _validation(passed: bool | None) -> Look | None:
    if passed is None:
        return None
    return Look("passed", "ok", "check") if passed else Look("failed", "bad", "cross")


@dataclass(frozen=True, slots=True)
class Share:
    """One colour of the bar over all sheets."""

    tone: str
    word: str
    count: int
    start: int


def shares(counts: dict[str, int], *, job_is_terminal: bool) -> list[Share]:
    """The sheets by how they look, in the order of the bar."""
    by_look: dict[str, tuple[Look, int]] = {}
    for status, count in counts.items():
        look = sheet_look(status, job_is_terminal=job_is_terminal)
        by_look[look.word] = (look, by_look.get(look.word, (look, 0))[1] + count)
    order = {"ok": 0, "bad": 1, "odd": 2, "run": 3, "warn": 4, "idle": 5}
    found: list[Share] = []
    start = 0
    for look, count in sorted(
        by_look.values(), key=lambda pair: (order[pair[0].tone], pair[0].word)
    ):
        found.append(Share(look.tone, look.word, count, start))
        start += count
    return found


def history_of(details: dict[str, Any]) -> list[dict[str, str]]:
    """What else a conductor told of a sheet, as names and words."""
    return [
        {"name": one_line(str(name).replace("_", " "), 60), "words": visible(str(value)[:2_000])}
        for name, value in sorted(details.items())
        if value not in (None, "", [], {})
    ][:60]
