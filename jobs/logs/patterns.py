"""Regular expressions over hostile text, in time that grows with the text and no faster.

RE2 instead of `re`: no pattern can backtrack, so a person's search and a site's own secret patterns
need no process of their own, and a MiB of a log is looked through in 2 ms instead of 240. Where the
states of its automaton have no room RE2 simulates it, which takes some 8 ns a byte for each
instruction of the program: so a person's programs are bounded, and what they search at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Protocol, cast

import re2

MAX_PATTERN_LETTERS: Final = 500
MAX_PROGRAM: Final = 2_000  # instructions; `\p{L}+` has 1,201, `.{200,}` 1,605
_MEMORY_BYTES: Final = 2_097_152  # for the automaton of one pattern
_KEPT: Final = 16


class BadPattern(ValueError):
    """No regular expression, or one that RE2 does not have; the message finishes a sentence."""


class Found(Protocol):
    """A match in bytes."""

    def start(self, group: int = 0) -> int:
        """Where it begins; -1 for a group that took no part."""

    def end(self, group: int = 0) -> int:
        """Where it ends."""


class Pattern:
    """A compiled expression over bytes."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self.groups = cast(int, compiled.groups)
        self.size = cast(int, compiled.programsize)

    def search(self, data: bytes, start: int = 0, end: int | None = None) -> Found | None:
        """The first match between two places."""
        found = self.compiled.search(data, start, len(data) if end is None else end)
        return cast("Found | None", found)

    def all(self, data: bytes) -> Iterator[Found]:
        """All matches, in order."""
        return cast("Iterator[Found]", self.compiled.finditer(data))


@lru_cache(maxsize=_KEPT)
def compiled(text: str, *, is_literal: bool = False, any_case: bool = False) -> Pattern:
    """A person's pattern, within lines; `any_case` leaves upper and lower case aside.

    Raises:
        BadPattern: see there.
    """
    if len(text) > MAX_PATTERN_LETTERS:
        raise BadPattern(f"it has more than {MAX_PATTERN_LETTERS} characters")
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.literal = is_literal
    options.case_sensitive = not any_case
    options.never_capture = True  # its groups would be copied for each byte
    options.never_nl = True  # no match is looked for further than to its line's end
    pattern = _compiled(text, options)
    if pattern.size > MAX_PROGRAM and not is_literal:
        raise BadPattern("it is too large: repeat less, or allow fewer kinds of letters")
    return pattern


def bytewise(text: str) -> Pattern:
    """A pattern of our own or of the site's settings; a dot is any byte, also one of broken text.

    Raises:
        BadPattern: see there.
    """
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return _compiled(text, options)


def _compiled(text: str, options: Any) -> Pattern:
    options.log_errors = False
    try:
        return Pattern(re2.compile(text.encode("utf-8", "surrogatepass"), options))
    except re2.error as error:
        raise BadPattern(_words(error)) from error
    finally:
        re2.purge()  # it would keep 128 of them, whoever still needs them


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
