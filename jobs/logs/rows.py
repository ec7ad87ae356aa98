"""How a log is cut into rows: a line is a row, and a very long line is several.

The cuts of a long line lie on a grid over the whole file, so that whether there is one can be told
from the bytes around it. Nothing ever looks for the beginning of a line of 50 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from jobs.logs.levels import Level
from jobs.logs.masking import Span, spans_between
from jobs.logs.sources import Source

GRID_BYTES: Final = 4_096  # a row is shorter than two of these
LONGEST_ROW: Final = 2 * GRID_BYTES
_LONGEST_LETTER: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A line or a part of a long one, with the places of secrets in it."""

    offset: int
    data: bytes
    is_continuation: bool = False  # of the line above
    is_open: bool = False  # the end of the log, and more may follow on the same line
    number: int | None = None  # of the line, from 1; None where it is not counted yet
    secrets: tuple[Span, ...] = ()
    level: Level | None = None

    @property
    def end(self) -> int:
        """Where the next row begins."""
        return self.offset + len(self.data)

    @property
    def ends_line(self) -> bool:
        """Whether the line ends with it."""
        return self.data.endswith(b"\n")

    def with_secrets(self, base: int, spans: list[Span]) -> Row:
        """The same row that knows its secrets; `spans` are places in bytes that begin at `base`."""
        mine = spans_between(spans, self.offset - base, self.end - base)
        return replace(self, secrets=tuple(mine)) if mine else self


def rows_of(data: bytes, base: int, *, is_whole: bool, begins_line: bool) -> Iterator[Row]:
    """The rows of bytes that begin at `base` with a row.

    Args:
        data: The bytes.
        base: Where they begin in the log.
        is_whole: Whether nothing belongs to them that follows; else a row that is not seen to
            end is left out.
        begins_line: Whether the first row is the beginning of a line.
    """
    place = 0
    while place < len(data):
        at = base + place
        if begins_line:
            cut = -(-(at + GRID_BYTES) // GRID_BYTES) * GRID_BYTES - base
        else:
            cut = (-(-at // GRID_BYTES) + 1) * GRID_BYTES - base
        line_break = data.find(b"\n", place, cut + 1)
        if line_break >= 0:
            end = line_break + 1
        elif cut < len(data) and (is_whole or cut + 1 < len(data)):
            end = _letter_start(data, cut)
        elif is_whole:
            yield Row(at, data[place:], not begins_line, is_open=True)
            return
        else:
            return
        yield Row(at, data[place:end], not begins_line)
        begins_line = line_break >= 0
        place = end


def row_start(source: Source, offset: int) -> int:
    """Where the row begins that a place is in."""
    offset = max(0, min(offset, source.size))
    base = max(0, offset - 3 * GRID_BYTES)
    data = source.read(base, offset + GRID_BYTES + 1)
    line_break = data.rfind(b"\n", 0, offset - base)
    line = base + line_break + 1 if line_break >= 0 or base == 0 else None
    cut = (offset + _LONGEST_LETTER) // GRID_BYTES * GRID_BYTES
    while cut > base and (line is None or cut >= line + GRID_BYTES):
        place = cut - base
        # A break at the cut itself belongs to the row before it.
        if place < len(data) and b"\n" not in data[place - GRID_BYTES : place + 1]:
            start = base + _letter_start(data, place)
            if start <= offset:
                return start
        cut -= GRID_BYTES
    return base if line is None else line


def _letter_start(data: bytes, place: int) -> int:
    """The place, or up to three bytes before it where a character began."""
    for start in range(place, max(-1, place - _LONGEST_LETTER), -1):
        if data[start] & 0xC0 == 0xC0:
            return start
        if data[start] & 0xC0 != 0x80:
            break
    return place
