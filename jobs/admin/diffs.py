"""What two texts differ in, line by line: one unified view, bounded in time and in rows.

Shown by `jobs/_diff.html`, given as `diff` (and, if wanted, `old_name` and `new_name`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, Literal

from jobs.admin.visible import visible

MAX_LINE_LETTERS: Final = 2_000
# Python's matcher takes the product of two lengths and, at worst, longer. What does not fit is
# shown as taken away and written anew, which is true as well.
_MAX_PRODUCT: Final = 400_000
_WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")
_LEAST_ALIKE: Final = 0.4

Kind = Literal["same", "add", "del", "gap"]
_SIGNS: Final[dict[Kind, str]] = {"same": " ", "add": "+", "del": "−", "gap": "⋯"}
_Block = tuple[int, int, int, int]  # old from, old to, new from, new to: lines that differ


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line."""

    text: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line; or, as a `gap`, `text` tells how many equal lines are left out."""

    kind: Kind
    old: int | None  # its number in the old text, from 1
    new: int | None
    text: str
    lacks_end: bool = False  # the text's last line, without a line break
    pieces: tuple[Piece, ...] = ()  # the text, cut where it differs from its counterpart

    @property
    def sign(self) -> str:
        """What stands before the line."""
        return _SIGNS[self.kind]


@dataclass(frozen=True, slots=True)
class DiffView:
    """The rows to show, and how much was added and taken away in all."""

    rows: tuple[DiffRow, ...]
    added: int
    removed: int
    more: int  # rows beyond those that are shown

    @property
    def is_same(self) -> bool:
        """Whether the texts are equal to the last letter."""
        return not (self.added or self.removed)


def diff_rows(old: str, new: str, *, context: int = 3, max_rows: int = 2000) -> DiffView:
    """The differences of two texts, each with `context` equal lines around it."""
    before, after = _lines(old), _lines(new)
    blocks = [] if old == new else _merged(_differences(before, after))
    added = sum(new_to - new_from for _, _, new_from, new_to in blocks)
    removed = sum(old_to - old_from for old_from, old_to, _, _ in blocks)
    rows: list[DiffRow] = []
    count = 0
    for row in _rows(before, after, blocks, context):
        count += 1
        if count <= max_rows:
            rows.append(row)
    return DiffView(tuple(_marked(rows)), added, removed, max(0, count - max_rows))


def _lines(text: str) -> list[str]:
    """The lines with their line breaks, split where editors do and nowhere else."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _differences(before: list[str], after: list[str]) -> Iterator[_Block]:
    """Stretches that differ, in order; what begins and ends alike is never searched through."""
    start = 0
    shorter = min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old_to, new_to = len(before) - end, len(after) - end
    budget = _MAX_PRODUCT
    old_at, new_at = start, start
    for old_next, new_next in [
        *_anchors(before, after, (start, old_to, start, new_to)),
        (old_to, new_to),
    ]:
        gap = (old_at, old_next, new_at, new_next)
        product = (old_next - old_at) * (new_next - new_at)
        if product and product <= budget:
            budget -= product
            yield from _matched(before, after, gap)
        elif old_at < old_next or new_at < new_next:
            yield gap
        old_at, new_at = old_next + 1, new_next + 1


def _anchors(before: list[str], after: list[str], block: _Block) -> list[tuple[int, int]]:
    """Where lines that both have exactly once meet in the same order; none in short texts.

    The longest such row, by patience sorting: long texts fall into short stretches between them.
    """
    old_from, old_to, new_from, new_to = block
    if (old_to - old_from) * (new_to - new_from) <= _MAX_PRODUCT:
        return []
    once = _once(before, old_from, old_to)
    pairs = sorted(
        (once[line], at) for line, at in _once(after, new_from, new_to).items() if line in once
    )
    tops: list[int] = []  # the smallest end of a row of each length
    top_pairs: list[int] = []
    previous: list[int] = []
    for index, (_, at) in enumerate(pairs):
        length = bisect_left(tops, at)
        previous.append(top_pairs[length - 1] if length else -1)
        tops[length : length + 1] = [at]
        top_pairs[length : length + 1] = [index]
    row = []
    index = top_pairs[-1] if top_pairs else -1
    while index >= 0:
        row.append(pairs[index])
        index = previous[index]
    return row[::-1]


def _once(lines: list[str], start: int, end: int) -> dict[str, int]:
    counts = Counter(lines[start:end])
    return {lines[at]: at for at in range(start, end) if counts[lines[at]] == 1}


def _matched(before: list[str], after: list[str], block: _Block) -> Iterator[_Block]:
    old_from, old_to, new_from, new_to = block
    matcher = SequenceMatcher(None, before[old_from:old_to], after[new_from:new_to])
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield (
                old_from + old_start,
                old_from + old_end,
                new_from + new_start,
                new_from + new_end,
            )


def _merged(blocks: Iterator[_Block]) -> list[_Block]:
    """The same, with stretches that touch made one."""
    merged: list[_Block] = []
    for block in blocks:
        if merged and merged[-1][1] == block[0] and merged[-1][3] == block[2]:
            merged[-1] = (merged[-1][0], block[1], merged[-1][2], block[3])
        else:
            merged.append(block)
    return merged


def _rows(
    before: list[str], after: list[str], blocks: Sequence[_Block], context: int
) -> Iterator[DiffRow]:
    old_at = new_at = 0
    for index, (old_from, old_to, new_from, new_to) in enumerate(blocks):
        tail = context if index else 0  # of the block before
        yield from _between(before, (old_at, old_from), new_at, tail, context)
        for at in range(old_from, old_to):
            yield _row("del", before[at], at + 1, None)
        for at in range(new_from, new_to):
            yield _row("add", after[at], None, at + 1)
        old_at, new_at = old_to, new_to
    if blocks:
        yield from _between(before, (old_at, len(before)), new_at, context, 0)


def _between(
    before: list[str], span: tuple[int, int], new_at: int, tail: int, lead: int
) -> Iterator[DiffRow]:
    """Equal lines: `tail` of them, how many are left out, `lead` of them."""
    start, end = span
    shift = new_at - start
    hidden = end - start - tail - lead
    if hidden < 2:  # a row that says that one is left out takes as much room
        yield from (_row("same", before[at], at + 1, at + 1 + shift) for at in range(start, end))
        return
    for at in range(start, start + tail):
        yield _row("same", before[at], at + 1, at + 1 + shift)
    yield DiffRow("gap", None, None, f"{hidden:,} lines are the same")
    for at in range(end - lead, end):
        yield _row("same", before[at], at + 1, at + 1 + shift)


def _marked(rows: list[DiffRow]) -> list[DiffRow]:
    """The same, with lines that took each other's place cut where their words differ."""
    marked = list(rows)
    budget = _MAX_PRODUCT
    for dels, adds in _faced(rows):
        for old_at, new_at in zip(dels, adds, strict=False):
            old, new = _words(rows[old_at].text), _words(rows[new_at].text)
            budget -= len(old) * len(new)
            if budget < 0:
                return marked
            for at, pieces in zip((old_at, new_at), _pieces(old, new), strict=False):
                marked[at] = replace(rows[at], pieces=pieces)
    return marked


def _faced(rows: list[DiffRow]) -> Iterator[tuple[range, range]]:
    """Where lines were taken away and others put in their place."""
    at = 0
    for kind, group in groupby(rows, key=lambda row: row.kind):
        count = len(list(group))
        if kind == "del":
            dels = range(at, at + count)
        elif kind == "add" and at and rows[at - 1].kind == "del":
            yield dels, range(at, at + count)
        at += count


def _words(text: str) -> list[str]:
    return _WORDS.findall(text)


def _pieces(old: list[str], new: list[str]) -> tuple[tuple[Piece, ...], ...]:
    """Both lines in pieces; nothing where they have too little in common."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _LEAST_ALIKE:
        return ()
    codes = matcher.get_opcodes()
    return (
        tuple(Piece("".join(old[a:b]), tag != "equal") for tag, a, b, _, _ in codes if a < b),
        tuple(Piece("".join(new[a:b]), tag != "equal") for tag, _, _, a, b in codes if a < b),
    )


def _row(kind: Kind, line: str, old: int | None, new: int | None) -> DiffRow:
    text = line.removesuffix("\n")
    if len(text) > MAX_LINE_LETTERS:
        text = text[: MAX_LINE_LETTERS - 1] + "…"
    return DiffRow(kind, old, new, visible(text), not line.endswith("\n"))
