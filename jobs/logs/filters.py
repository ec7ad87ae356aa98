"""What a person wants to see of a log: lines of some levels, lines with some words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from jobs.logs.levels import Level, candidates
from jobs.logs.patterns import MAX_PROGRAM, Found, Pattern, compiled
from jobs.logs.readable import Readable, readable
from jobs.logs.rows import LONGEST_ROW, Row

PIECE_BYTES: Final = 32_768
ROWS_S: Final = 0.5
_WORK: Final = LONGEST_ROW * MAX_PROGRAM  # bytes times instructions: 130 ms at the worst


class SearchTooSlow(Exception):
    """An expression takes too long; the text is a sentence for its author."""


class Query(Pattern):
    """What a person looks for in one request; looking through rows singly has a bounded time."""

    def __init__(self, pattern: Pattern) -> None:
        super().__init__(pattern.compiled)
        self._left_s = ROWS_S

    def all(self, data: bytes) -> Iterator[Found]:
        """Matches in order, to be marked: no more of them once the time is used up."""
        found = super().all(data)
        while self._left_s > 0:
            match = self._timed(found)
            if match is None:
                return
            yield match

    def is_in(self, data: bytes) -> bool:
        """Whether a row has it.

        Raises:
            SearchTooSlow: the time is used up.
        """
        if self._left_s <= 0:
            raise SearchTooSlow("This expression takes too long here. Search the log of one sheet.")
        return self._timed(super().all(data)) is not None

    def _timed(self, found: Iterator[Found]) -> Found | None:
        # Of the processor: who waits for others is not at fault.
        began = time.thread_time()
        match = next(found, None)
        self._left_s -= time.thread_time() - began
        return match


@dataclass(frozen=True, slots=True)
class Filter:
    """Lines must be of one of the levels, if there are any, and have what is looked for, if set."""

    levels: frozenset[Level] = frozenset()
    query: Query | None = None

    @classmethod
    def of(
        cls,
        query: str = "",
        levels: frozenset[Level] = frozenset(),
        *,
        is_regex: bool = False,
        any_case: bool = True,
    ) -> Self:
        """A filter by words or by a regular expression, in which `^` and `$` are a line's ends.

        Raises:
            BadPattern: the expression is none.
        """
        if not query:
            return cls(levels)
        text = f"(?m:{query})" if is_regex else query
        pattern = compiled(text, is_literal=not is_regex, any_case=any_case)
        return cls(levels, Query(pattern))

    @property
    def is_empty(self) -> bool:
        """Whether it leaves everything."""
        return not self.levels and self.query is None

    def may_be_in(self, text: bytes) -> bool:
        """Whether there can be a line of one of the levels; quick, and no promise."""
        return candidates(self.levels).search(text) is not None

    @property
    def piece_bytes(self) -> int:
        """How much of a log is searched before the time is looked at."""
        if self.query is None:
            return PIECE_BYTES
        return max(LONGEST_ROW, min(PIECE_BYTES, _WORK // self.query.size))

    def leaves(self, row: Row) -> bool:
        """Whether a row of a piece has what is looked for."""
        if self.query is None:
            return True
        return self.query.search(readable(row.data, row.secrets).data) is not None

    def fits(self, row: Row) -> bool:
        """The same of rows that are gathered from many places, in a bounded time for all.

        Raises:
            SearchTooSlow: the time is used up.
        """
        return self.query is None or self.query.is_in(readable(row.data, row.secrets).data)

    def places(self, text: Readable) -> Iterator[int]:
        """Where in what a text was made of something is found; once a line."""
        if self.query is None:
            return
        position, end = 0, len(text.data)
        while position <= end:
            found = self.query.search(text.data, position)
            if found is None:
                return
            if found.start() < end:
                yield text.place(found.start())
            line_break = text.data.find(b"\n", found.start())
            if line_break < 0:
                return
            position = line_break + 1
