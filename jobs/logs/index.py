"""Where lines are in a file: how many begin before each of some thousand places, counted once.

The index grows with what is read, keeps no more than `MAX_MARKS` places however long the file is,
and begins anew where the file turns out not to be the one that was counted.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

from jobs.logs.sources import LogFile, Source

FIRST_STRIDE: Final = 262_144
MAX_MARKS: Final = 8_192
MAX_ATTEMPTS: Final = 200
MAX_INDEXES: Final = 64
SAMPLE_BYTES: Final = 64
LOCK_S: Final = 2.0
_ATTEMPT: Final = b"[podium] attempt "
_ATTEMPT_END: Final = b" starts\n"


@dataclass(frozen=True, slots=True)
class AttemptMark:
    """A line by which the conductor tells that another attempt begins."""

    number: int
    offset: int
    line: int


class LineIndex:
    """Counts the lines of one file, as far as it has been asked to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._clear()

    def _clear(self) -> None:
        self.stride = FIRST_STRIDE
        self.marks = [0]  # marks[i]: line breaks before i * stride
        self.until = 0  # counted up to here
        self.breaks = 0  # line breaks before `until`
        self.attempts: list[AttemptMark] = []
        self._head = b""
        self._tail = b""

    def extend(self, source: Source, until: int, *, budget_s: float) -> bool:
        """Count up to a place; False where the time was too short for that."""
        give_up_at = time.monotonic() + budget_s
        if not self._lock.acquire(timeout=LOCK_S):
            return False
        try:
            if not self._is_true_of(source):
                self._clear()
            until = min(until, source.size)
            while self.until < until:
                if time.monotonic() > give_up_at:
                    return False
                if not self._step(source):
                    return False
            return True
        finally:
            self._lock.release()

    def _is_true_of(self, source: Source) -> bool:
        if source.size < self.until:
            return False
        head = source.read(0, len(self._head))
        return head == self._head and source.read(self.until - len(self._tail), self.until) == (
            self._tail
        )

    def _step(self, source: Source) -> bool:
        """Count up to the next mark, or to the end."""
        start = self.until
        end = min(len(self.marks) * self.stride, source.size)
        overlap = min(start, SAMPLE_BYTES)
        data = source.read(start - overlap, end)
        if len(data) < end - start + overlap:
            return False  # it has become shorter meanwhile
        self._note_attempts(data, start - overlap, overlap)
        if start == 0:
            self._head = data[:SAMPLE_BYTES]
        self.breaks += data.count(b"\n", overlap)
        self.until = end
        self._tail = data[-SAMPLE_BYTES:]
        if end == len(self.marks) * self.stride:
            self.marks.append(self.breaks)
            if len(self.marks) > MAX_MARKS:
                self.marks = self.marks[::2]
                self.stride *= 2
                # The marks must end before `until`; what is beyond the last is counted again.
                self.until = (len(self.marks) - 1) * self.stride
                self.breaks = self.marks[-1]
                self._tail = source.read(max(0, self.until - SAMPLE_BYTES), self.until)
        return True

    def _note_attempts(self, data: bytes, base: int, overlap: int) -> None:
        place = data.find(_ATTEMPT)
        while place >= 0 and len(self.attempts) < MAX_ATTEMPTS:
            end = data.find(_ATTEMPT_END, place, place + SAMPLE_BYTES)
            number = data[place + len(_ATTEMPT) : max(end, 0)]
            begins_line = base + place == 0 or data[place - 1 : place] == b"\n"
            is_new = not self.attempts or base + place > self.attempts[-1].offset
            if begins_line and is_new and 0 < len(number) < 7 and number.isdigit():
                before = self.breaks + data.count(b"\n", overlap, place)
                if place < overlap:
                    before = self.breaks - data.count(b"\n", place, overlap)
                self.attempts.append(AttemptMark(int(number), base + place, before + 1))
            place = data.find(_ATTEMPT, place + 1)

    def line_at(self, source: Source, offset: int) -> int | None:
        """The number, from 1, of the line that a place is in; None where it is not counted yet."""
        if not self._lock.acquire(timeout=LOCK_S):  # another request counts at this moment
            return None
        try:
            if offset > self.until:
                return None
            mark = min(offset // self.stride, len(self.marks) - 1)
            base, breaks = mark * self.stride, self.marks[mark]
        finally:
            self._lock.release()
        while base < offset:  # a stride may be long in a long file: no more than a piece at a time
            end = min(offset, base + FIRST_STRIDE)
            breaks += source.read(base, end).count(b"\n")
            base = end
        return breaks + 1

    def offset_of(self, source: Source, line: int) -> int | None:
        """Where a line begins; None where it is not counted yet or there is no such line."""
        if line <= 1:
            return 0
        wanted = line - 1  # the line begins after this many breaks
        if not self._lock.acquire(timeout=LOCK_S):
            return None
        try:
            if wanted > self.breaks:
                return None
            # The last mark with fewer breaks before it than are wanted.
            mark = bisect_right(self.marks, wanted - 1) - 1
            base, left = mark * self.stride, wanted - self.marks[mark]
            until = self.until
        finally:
            self._lock.release()
        while base < until:
            data = source.read(base, min(until, base + FIRST_STRIDE))
            if not data:
                return None
            have = data.count(b"\n")
            if have >= left:
                return base + _nth_break(data, left) + 1
            left -= have
            base += len(data)
        return None


def _nth_break(data: bytes, count: int) -> int:
    """Where the `count`-th line break is; found by halving."""
    low, high = 0, len(data)
    while high - low > 1:
        middle = (low + high) // 2
        have = data.count(b"\n", low, middle)
        if have >= count:
            high = middle
        else:
            count -= have
            low = middle
    return low


class Indexes:
    """The indexes of the files that were looked at last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[tuple[int, int], LineIndex] = OrderedDict()

    def of(self, source: Source) -> LineIndex:
        """The index of a file; a log in memory gets a new one, it is short."""
        if not isinstance(source, LogFile):
            return LineIndex()
        with self._lock:
            index = self._known.setdefault(source.key, LineIndex())
            self._known.move_to_end(source.key)
            while len(self._known) > MAX_INDEXES:
                self._known.popitem(last=False)
            return index
