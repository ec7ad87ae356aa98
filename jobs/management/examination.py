"""What an examination finds: one line each, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    state: State
    what: str
    words: str

    def __str__(self) -> str:
        return f"{self.state:<8} {self.what:<16} {self.words}"


Findings = Iterator[Finding]


def ok(what: str, words: str) -> Finding:
    """As it should be."""
    return Finding(State.OK, what, words)


def warning(what: str, words: str) -> Finding:
    """Works, and somebody should know."""
    return Finding(State.WARNING, what, words)


def failed(what: str, words: str) -> Finding:
    """Does not work, or does not protect."""
    return Finding(State.FAILED, what, words)
