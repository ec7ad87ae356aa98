"""Patterns that are valid and yet mask nothing, or all of a log, or take long."""

from __future__ import annotations

from typing import Final

from jobs.logs.masking import secrets_by
from jobs.logs.patterns import MAX_PROGRAM, bytewise

# Ordinary lines without a word in common.
_ORDINARY: Final = (
    b"The sheet wrote three files below /srv/out, as it should.",
    b"2026-11-24 19:00:00 INFO fetched 12 pages in 3.5 s",
    b"warning: nothing changed since yesterday (ok)",
)


def doubt_about(text: str) -> str | None:
    """What is odd about a secret pattern, as the end of a sentence; None: nothing is.

    Raises:
        BadPattern: it is none.
    """
    pattern = bytewise(text)
    if pattern.size > MAX_PROGRAM:
        return "is so large that it may make every log slow: repeat less"
    hidden = [sum(end - start for start, end in secrets_by(pattern, line)) for line in _ORDINARY]
    if all(2 * count > len(line) for count, line in zip(hidden, _ORDINARY, strict=True)):
        return "masks most of every line"
    matches = [match for line in (*_ORDINARY, b"") for match in pattern.all(line)]
    if "()" in text.replace(r"\(", "") or any(match.start() == match.end() for match in matches):
        return "can match nothing at all, and nothing is masked there"
    return None
