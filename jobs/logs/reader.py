"""Windows of a log: so many rows from a place on, or up to it, or those that a filter leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from jobs.logs.filters import Filter
from jobs.logs.index import LineIndex
from jobs.logs.levels import Level, is_indented, level_of
from jobs.logs.masking import MARGIN_BYTES, Masker, Span, spans_between
from jobs.logs.readable import masked, readable
from jobs.logs.rows import LONGEST_ROW, Row, row_start, rows_of
from jobs.logs.sources import Source

MAX_ROWS: Final = 200
MAX_BYTES: Final = 131_072
BLOCK_BYTES: Final = 1_048_576
COUNT_S: Final = 0.4  # of counting lines for one window; about 400 MiB
_MOST_INDENTED: Final = 200
_BEYOND_BYTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows, and which part of the log they are (all of) what there is to see of."""

    rows: tuple[Row, ...]
    start: int
    end: int
    size: int

    @property
    def has_earlier(self) -> bool:
        """Whether the log begins before."""
        return self.start > 0

    @property
    def has_later(self) -> bool:
        """Whether it goes on."""
        return self.end < self.size


@dataclass(frozen=True)  # no slots, for what is kept of it
class _Region:
    """Bytes with a margin around them, in which secrets were looked for."""

    data: bytes
    base: int
    start: int  # of what was asked for
    end: int
    spans: list[Span]

    @cached_property
    def asked(self) -> bytes:
        return self.data[self.start - self.base : self.end - self.base]

    @property
    def begins_line(self) -> bool:
        return self.start == 0 or self.data[
            self.start - self.base - 1 : self.start - self.base
        ] == (b"\n")

    def spans_in(self, start: int, end: int) -> list[Span]:
        """The secrets between two places, as places from `start` on."""
        return spans_between(self.spans, start - self.base, end - self.base)


class Reader:
    """Reads one log for one request."""

    def __init__(self, source: Source, masker: Masker, index: LineIndex) -> None:
        self.source = source
        self.index = index
        self._masker = masker

    @property
    def size(self) -> int:
        """Of the log, in bytes."""
        return self.source.size

    # --- windows ---

    def forward(
        self, start: int, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
    ) -> Window:
        """Rows from the one on that a place is in."""
        start = row_start(self.source, start)
        region = self._region(start, start + max_bytes + LONGEST_ROW)
        rows: list[Row] = []
        for row in self._rows(region, is_whole=region.end == self.size):
            if len(rows) == max_rows or (rows and row.end - start > max_bytes):
                break
            rows.append(row)
        return self._window(rows, start, rows[-1].end if rows else start)

    def backward(self, end: int, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Window:
        """Rows up to the one that a place is in, and without it."""
        end = self.size if end >= self.size else row_start(self.source, end)
        start = row_start(self.source, max(0, end - max_bytes))
        region = self._region(start, end)
        rows = list(self._rows(region, is_whole=True))[-max_rows:]
        if end < self.size:
            rows = [replace(row, is_open=False) for row in rows]
        return self._window(rows, rows[0].offset if rows else end, end)

    def tail(self, *, max_rows: int = MAX_ROWS) -> Window:
        """The last rows."""
        return self.backward(self.size, max_rows=max_rows)

    def around(self, offset: int, *, max_rows: int = MAX_ROWS) -> Window:
        """Rows on both sides of a place."""
        before = self.backward(offset, max_rows=max_rows // 3, max_bytes=MAX_BYTES // 3)
        after = self.forward(before.end, max_rows=max_rows - len(before.rows))
        return Window(before.rows + after.rows, before.start, after.end, self.size)

    def line(self, number: int, *, budget_s: float = COUNT_S) -> int | None:
        """Where a line begins; None where it is not counted so far, or there is none.

        Counts as much as the time allows, so that asking again comes further.
        """
        self.index.extend(self.source, self.size, budget_s=budget_s)
        offset = self.index.offset_of(self.source, number)
        return None if offset is None or (offset >= self.size and number > 1) else offset

    def ending_between(self, start: int, end: int, *, max_rows: int = MAX_ROWS) -> list[Row]:
        """The last complete rows whose ends lie after one place and not after another."""
        first = row_start(self.source, start)
        region = self._region(max(first, end - MAX_BYTES), end + 2)
        if region.start != first:
            region = self._region(row_start(self.source, region.start), end + 2)
        rows = self._rows(region, is_whole=False)
        return [row for row in rows if start < row.end <= end][-max_rows:]

    # --- what a filter leaves ---

    def matching_forward(
        self, start: int, chosen: Filter, *, max_rows: int = MAX_ROWS, budget_s: float = 0.5
    ) -> Window:
        """The next rows that a filter leaves; as far as the time allows."""
        give_up_at = time.monotonic() + budget_s
        start = place = row_start(self.source, start)
        rows: list[Row] = []
        for piece in self._pieces_from(place, chosen):
            rows += self._chosen(piece, chosen)
            place = piece.end
            if len(rows) > max_rows or time.monotonic() > give_up_at:
                break
        if len(rows) > max_rows:
            rows = rows[:max_rows]
            place = rows[-1].end
        return Window(tuple(self._numbered(rows)), start, place, self.size)

    def matching_backward(
        self, end: int, chosen: Filter, *, max_rows: int = MAX_ROWS, budget_s: float = 0.5
    ) -> Window:
        """The rows before a place that a filter leaves; as far as the time allows."""
        give_up_at = time.monotonic() + budget_s
        end = place = self.size if end >= self.size else row_start(self.source, end)
        rows: list[Row] = []
        for piece in self._pieces_before(place, chosen):
            rows = self._chosen(piece, chosen) + rows
            place = piece.start
            if len(rows) > max_rows or time.monotonic() > give_up_at:
                break
        if len(rows) > max_rows:
            rows = rows[-max_rows:]
            place = rows[0].offset
        return Window(tuple(self._numbered(rows)), place, end, self.size)

    def offsets(
        self, start: int, chosen: Filter, *, most: int, budget_s: float
    ) -> tuple[list[int], int]:
        """Where matching rows begin, and up to which place was looked."""
        give_up_at = time.monotonic() + budget_s
        place = row_start(self.source, start)
        found: list[int] = []
        for piece in self._pieces_from(place, chosen):
            found += [row.offset for row in self._chosen(piece, chosen)]
            place = piece.end
            if len(found) >= most or time.monotonic() > give_up_at:
                break
        if len(found) > most:
            place = found[most]
            found = found[:most]
        return found, place

    # --- all of it ---

    def whole(self) -> Iterator[bytes]:
        """The log, masked, block by block."""
        place = 0
        while place < self.size:
            end = min(self.size, place + BLOCK_BYTES)
            region = self._region(place, end)
            if region.end <= place:
                return  # it has become shorter
            # A secret that the block before has begun is not masked a second time.
            begun = [
                last + region.base for first, last in region.spans if first + region.base < place
            ]
            start = max([place, *(last for last in begun if last > place)])
            start = min(start, region.end)
            kept = region.data[start - region.base : region.end - region.base]
            yield masked(kept, region.spans_in(start, region.end))
            place = region.end

    def chosen(self, chosen: Filter) -> Iterator[bytes]:
        """What a filter leaves of the log, masked, piece by piece; of many it is nothing."""
        for piece in self._pieces_from(0, chosen):
            rows = self._chosen(piece, chosen)
            yield b"".join(masked(row.data, row.secrets) for row in rows)

    # --- parts ---

    def _pieces_from(self, start: int, chosen: Filter) -> Iterator[_Region]:
        """What follows a place, in pieces that are searched at once."""
        while start < self.size:
            end = start + BLOCK_BYTES
            end = self.size if end >= self.size else row_start(self.source, end)
            region = self._region(start, end)
            yield from self._pieces(region, chosen)
            if region.end <= start:
                return  # it has become shorter
            start = region.end

    def _pieces_before(self, end: int, chosen: Filter) -> Iterator[_Region]:
        """What is before a place, likewise, and the last piece first."""
        while end > 0:
            start = row_start(self.source, max(0, end - BLOCK_BYTES))
            yield from reversed(list(self._pieces(self._region(start, end), chosen)))
            end = start

    def _pieces(self, region: _Region, chosen: Filter) -> Iterator[_Region]:
        """A region cut between rows, where it can be between lines."""
        start = region.start
        while (end := start + chosen.piece_bytes) < region.end:
            line_break = region.data.rfind(b"\n", start - region.base, end - region.base)
            end = region.base + line_break + 1 if line_break >= 0 else row_start(self.source, end)
            if end <= start:
                break  # it has become shorter
            yield replace(region, start=start, end=end)
            start = end
        yield replace(region, start=start)

    def _region(self, start: int, end: int) -> _Region:
        base = max(0, start - MARGIN_BYTES)
        end = min(end, self.size)
        data = self.source.read(base, end + MARGIN_BYTES)
        end = max(start, min(end, base + len(data)))  # it may have become shorter
        return _Region(data, base, start, end, self._masker.spans(data))

    def _rows(self, region: _Region, *, is_whole: bool) -> Iterator[Row]:
        """The rows of a region with what is hidden in them and how grave they are."""
        level = self._level_above(region)
        found = rows_of(
            region.asked, region.start, is_whole=is_whole, begins_line=region.begins_line
        )
        for row in found:
            if not row.is_continuation and not is_indented(row.data):
                level = level_of(row.data)
            yield replace(row.with_secrets(region.base, region.spans), level=level)

    def _level_above(self, region: _Region) -> Level | None:
        """How grave the line is that indented ones at the beginning of a region belong to."""
        place = region.start - region.base
        above = region.data[max(0, place - MARGIN_BYTES) : place].split(b"\n")[1:]
        if region.begins_line:
            above = above[:-1]
        for line in reversed(above[-_MOST_INDENTED:]):
            if not is_indented(line):
                return level_of(line)
        return None

    def _chosen(self, region: _Region, chosen: Filter) -> list[Row]:
        if chosen.levels:
            text = readable(region.asked, region.spans_in(region.start, region.end))
            if not (chosen.may_be_in(text.data) or is_indented(region.asked)):
                return []
            is_whole = region.end >= self.size
            rows = self._rows(region, is_whole=True)
            kept = [row for row in rows if row.level in chosen.levels and chosen.leaves(row)]
            return kept if is_whole else [replace(row, is_open=False) for row in kept]
        # What is found in a line that is cut here may end beyond the cut.
        end = region.end if region.asked.endswith(b"\n") else region.end + _BEYOND_BYTES
        seen = region.data[region.start - region.base : end - region.base]
        found = {}
        for place in chosen.places(readable(seen, region.spans_in(region.start, end))):
            if place < len(region.asked):
                row = self._row_at(region, region.start + place)
                found[row.offset] = row
        return list(found.values())

    def _row_at(self, region: _Region, offset: int) -> Row:
        """The row that a place in a region is in."""
        asked, place = region.asked, offset - region.start
        line = asked.rfind(b"\n", 0, place) + 1
        line = max(line, place - LONGEST_ROW)
        if line > 0 and asked[line - 1 : line] != b"\n":
            line = row_start(self.source, offset) - region.start
        stop = asked.find(b"\n", place, place + 2 * LONGEST_ROW)
        stop = len(asked) if stop < 0 else stop + 1
        begins_line = region.begins_line if line == 0 else asked[line - 1 : line] == b"\n"
        part = asked[line : min(stop, place + 2 * LONGEST_ROW)]
        base = region.start + line
        for row in rows_of(part, base, is_whole=True, begins_line=begins_line):
            if row.end > offset or row.is_open:
                level = None if row.is_continuation else level_of(row.data)
                is_open = row.is_open and row.end == self.size
                known = replace(row, level=level, is_open=is_open)
                return known.with_secrets(region.base, region.spans)
        return Row(offset, b"")

    def _window(self, rows: list[Row], start: int, end: int) -> Window:
        return Window(tuple(self._numbered(rows)), start, end, self.size)

    def _numbered(self, rows: list[Row]) -> Iterator[Row]:
        """The rows with the numbers of their lines, where these can be counted in time."""
        if not rows:
            return
        known = self.index.extend(self.source, rows[-1].offset, budget_s=COUNT_S)
        number, reached = None, rows[0].offset
        if known:
            number = self.index.line_at(self.source, reached)
        for row in rows:
            if number is not None and row.offset > reached:
                between = self._breaks(reached, row.offset)
                number = None if between is None else number + between
            reached = row.end
            yield replace(row, number=number)
            if number is not None and row.ends_line:
                number += 1

    def _breaks(self, start: int, end: int) -> int | None:
        """Line breaks between two rows that do not follow each other; None: not known in time."""
        if end - start > BLOCK_BYTES:
            before = self.index.line_at(self.source, start)
            after = self.index.line_at(self.source, end)
            return None if after is None or before is None else after - before
        return self.source.read(start, end).count(b"\n")
