"""Values of any shape that a conductor told, read for a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from jobs.admin.visible import one_line
from jobs.registry.secrets import masked_text

_LATEST_S: Final = 10**11  # in the year 5138


def moment_of(value: Any, *, or_seconds: bool = False) -> datetime | None:
    """The moment that a text in ISO form, with a zone, or a number of seconds stands for."""
    if or_seconds and is_number(value):
        return datetime.fromtimestamp(value, UTC) if 0 < value < _LATEST_S else None
    # A bare date is a moment to Python, and a number of eight digits such a date.
    if not isinstance(value, str) or len(value) < len("2026-01-01T00:00"):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a number; yes and no are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def masked_line(value: str, limit: int = 120) -> str:
    """A conductor's words for one line, without what looks like a secret."""
    return one_line(masked_text(value, limit + 1), limit)
