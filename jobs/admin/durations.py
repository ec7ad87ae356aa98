"""Spans of time in words, the same as `moments.js` writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils import timezone

NOT_REPORTED: Final = "not reported"

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_LONG_AGO: Final = 30 * _DAY


def duration_words(seconds: float | None) -> str:
    """How long something took; None is "not reported"."""
    if seconds is None:
        return NOT_REPORTED
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return span_words(int(seconds))


def span_words(seconds: int) -> str:
    """Whole seconds in at most two units, as a running clock shows them."""
    seconds = max(0, seconds)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE:02} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def ago_words(at: datetime, now: datetime) -> str:
    """How long ago a moment was; a date once that says more."""
    seconds = int((now - at).total_seconds())
    if seconds < 0:
        return "in " + _one_unit(-seconds) if seconds < -1 else "just now"
    if seconds < 5:
        return "just now"
    if seconds >= _LONG_AGO:
        here = timezone.localtime(at)
        return f"{here.day} {here:%b %Y}"
    return f"{_one_unit(seconds)} ago"


def exact_words(at: datetime) -> str:
    """A moment to the second, in the zone of whoever looks, with its name."""
    here = timezone.localtime(at)
    return f"{here.day} {here:%b %Y, %H:%M:%S %Z}"


def _one_unit(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h"
    days = seconds // _DAY
    return f"{days} day" if days == 1 else f"{days} days"
