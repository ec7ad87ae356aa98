"""Sheets as lists of them show them: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from django.db.models import F
from django.urls import reverse

from jobs.admin.durations import duration_words
from jobs.admin.looks import Look, sheet_look
from jobs.admin.visible import one_line
from jobs.registry.diagnosis import tries_allowed
from jobs.registry.models import Sheet
from jobs.registry.sheet_times import TOGETHER, sheet_took_s
from jobs.terms import RUNNING_SHEET_STATUSES

# What a line does not show; ten thousand letters each, in a list of a hundred.
HEAVY: Final = ("stdout_tail", "stderr_tail", "details")

_ERROR_LETTERS: Final = 160

# What a line needs out of a sheet's details, which are not read for it.
OF_DETAILS: Final = {**TOGETHER, "interruptions": F("details__interruptions")}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One sheet of a run; None is "not reported" throughout."""

    number: int
    url: str
    label: str  # what the score calls it
    look: Look
    status: str
    is_running: bool
    is_failed: bool
    started_at: datetime | None
    took: str
    attempts: int | None
    allowed: int | None  # tries in all; None too where a resume has granted new ones
    exit_code: int | None
    validation: Look | None
    instrument: str
    error: str
    error_code: str
    is_interrupted: bool  # its conductor ended while it ran

    @classmethod
    def of(cls, sheet: Sheet, *, job_is_terminal: bool, label: str = "") -> Self:
        """The row of a sheet, of which nothing `HEAVY` is read where it comes with `OF_DETAILS`."""
        return cls(
            number=sheet.number,
            url=reverse("admin:jobs_job_sheet", args=(sheet.job_id, sheet.number)),
            label=one_line(label, 160),
            look=sheet_look(sheet.status, job_is_terminal=job_is_terminal),
            status=sheet.status,
            is_running=sheet.status in RUNNING_SHEET_STATUSES and not job_is_terminal,
            is_failed=sheet.status == "failed",
            started_at=sheet.started_at,
            took=duration_words(sheet_took_s(sheet)),
            attempts=sheet.attempts,
            allowed=_allowed(sheet),
            exit_code=sheet.exit_code,
            validation=validation_look(sheet.validation_passed),
            instrument=one_line(sheet.instrument),
            error=one_line(sheet.error_message, _ERROR_LETTERS),
            error_code=one_line(sheet.error_code),
            is_interrupted=bool(getattr(sheet, "interruptions", None)),
        )


def _allowed(sheet: Sheet) -> int | None:
    allowed = tries_allowed(sheet.max_retries)
    if allowed is None or sheet.attempts is None or sheet.attempts > allowed:
        return None
    return allowed


def validation_look(passed: bool | None) -> Look | None:
    """The pill of a sheet's validations; None where nothing was told of them."""
    if passed is None:
        return None
    return Look("passed", "ok", "check") if passed else Look("failed", "bad", "cross")


@dataclass(frozen=True, slots=True)
class Share:
    """One colour of the bar over all sheets, and the sheets behind it."""

    tone: str
    word: str
    count: int
    start: int
    statuses: tuple[str, ...]  # the conductor's words that look like this


def shares(counts: Mapping[str, int], *, job_is_terminal: bool) -> list[Share]:
    """The sheets by how they look, in the order of the bar."""
    by_look: dict[str, tuple[Look, list[str]]] = {}
    for status in counts:
        look = sheet_look(status, job_is_terminal=job_is_terminal)
        by_look.setdefault(look.word, (look, []))[1].append(status)
    order = {"ok": 0, "bad": 1, "odd": 2, "run": 3, "warn": 4, "idle": 5}
    found: list[Share] = []
    start = 0
    for look, statuses in sorted(
        by_look.values(), key=lambda pair: (order[pair[0].tone], pair[0].word)
    ):
        count = sum(counts[status] for status in statuses)
        found.append(Share(look.tone, look.word, count, start, tuple(statuses)))
        start += count
    return found
