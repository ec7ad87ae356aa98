"""How grave a line is, by the words that programs commonly begin their lines with.

The first such word of a line decides: "INFO 0 errors" is information. A line that is indented, as
in a stack trace, is as grave as the one above it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from jobs.logs.patterns import Pattern, bytewise
from jobs.logs.readable import readable

LOOKED_AT_BYTES: Final = 240  # of a line; a level stands near its beginning


class Level(StrEnum):
    """What a line announces."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"


_LOUD: Final = {
    Level.ERROR: "FATAL|CRITICAL|CRIT|EMERG|ALERT|PANIC|SEVERE|ERROR|ERR",
    Level.WARN: "WARNING|WARN",
    Level.INFO: "INFO|NOTICE",
    Level.DEBUG: "DEBUG|TRACE|VERBOSE|FINE|FINER|FINEST",
}
_MORE: Final = {
    Level.ERROR: (
        r"^E\d{4} ",
        r"Traceback \(most recent call last\)",
        r"[A-Za-z]{2,60}(?:Error|Exception)\b[:(]",
        r"(?i:\bpanic:|\bfatal:|\berror\[)",
        r"^(?i:caused by:)",
    ),
    Level.WARN: (r"^W\d{4} ", r"[A-Za-z]{2,60}Warning: "),
    Level.INFO: (r"^I\d{4} ",),
    Level.DEBUG: (),
}


def _alternatives(level: Level) -> str:
    words = _LOUD[level]
    return "|".join(
        (
            rf"\b(?:{words})\b",
            rf"[\[(<](?i:{words})[\])>]",  # [error]
            rf"\b(?i:level|lvl|severity|loglevel)\\?[\"']?[=:]\s?\\?[\"']?(?i:{words})\b",
            rf"^[\s>*-]{{0,8}}(?i:{words})\b",
            rf"(?i:\b(?:{words}):)",  # main.c:3: error:
            *_MORE[level],
        )
    )


_ALL: Final = bytewise("(?m)" + "|".join(f"({_alternatives(level)})" for level in Level))
_ORDER: Final = tuple(Level)


def level_of(line: bytes) -> Level | None:
    """The level that a line names itself, whatever its colours."""
    if b"\x1b" in line:
        line = readable(line[: 4 * LOOKED_AT_BYTES], ()).data
    found = _ALL.search(line, 0, min(len(line), LOOKED_AT_BYTES))
    if found is None:
        return None
    return next(level for number, level in enumerate(_ORDER, 1) if found.start(number) >= 0)


@lru_cache(maxsize=16)
def candidates(levels: frozenset[Level]) -> Pattern:
    """Finds every line that may be of one of these levels, and some that are not."""
    chosen = (_alternatives(level) for level in _ORDER if level in levels)
    return bytewise("(?m)" + "|".join(chosen))


def is_indented(line: bytes) -> bool:
    """Whether a line belongs to the one above it."""
    return line[:1] in (b" ", b"\t") and line.strip(b" \t\r\n") != b""


def levels_named(names: Iterable[str]) -> frozenset[Level]:
    """The levels of these names; others are left out."""
    return frozenset(level for level in Level if level.value in set(names))
