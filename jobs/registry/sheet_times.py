"""How long a sheet was worked on: the one meaning that all pages, sums and the API have of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import F

from jobs.registry.models import Sheet

# What `took_s` needs, in its order, to be read without a sheet's long texts.
TOLD: Final = (
    "attempts", "details__total_duration_seconds", "duration_s", "started_at", "completed_at",
)  # fmt: skip

# The time of all attempts as a column of a sheet whose details are not read.
TOGETHER: Final = {"together_s": F("details__total_duration_seconds")}


def took_s(
    attempts: int | None,
    together_s: Any,
    duration_s: float | None,
    started_at: datetime | None,
    completed_at: datetime | None,
) -> float | None:
    """Seconds of all its attempts together where its conductor told them, else what it told.

    `duration_s` alone is the last attempt. `together_s` comes from a conductor's document and may
    be anything. None: nothing was told.
    """
    is_number = isinstance(together_s, int | float) and not isinstance(together_s, bool)
    if is_number and together_s > 0 and attempts and attempts > 1:
        return float(together_s)
    return _last_s(duration_s, started_at, completed_at)


def sheet_took_s(sheet: Sheet) -> float | None:
    """The same of a sheet that was read with `TOGETHER` or with its details."""
    together_s = (
        sheet.__dict__["together_s"]
        if "together_s" in sheet.__dict__
        else sheet.details.get("total_duration_seconds")
    )
    return took_s(
        sheet.attempts, together_s, sheet.duration_s, sheet.started_at, sheet.completed_at
    )


def last_attempt_s(sheet: Sheet) -> float | None:
    """The last attempt of a sheet alone; a page that shows it says so."""
    return _last_s(sheet.duration_s, sheet.started_at, sheet.completed_at)


def _last_s(
    duration_s: float | None, started_at: datetime | None, completed_at: datetime | None
) -> float | None:
    if duration_s is not None:
        return duration_s
    if started_at and completed_at:
        return max(0.0, (completed_at - started_at).total_seconds())
    return None
