"""What two texts differ in, line by line: one unified view, bounded in time and in rows.

Any two texts that Podium keeps take about a tenth of a second. Where that is too little to find all
that they have in common, the rest is shown as taken away and written anew, and the view says so.

Shown by `jobs/_diff.html`, given as `diff` (and, if wanted, `old_name` and `new_name`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import groupby, islice
from typing import Final, Literal

from jobs.admin.matching import Block, Steps, differing_lines, matcher
from jobs.admin.visible import visible

MAX_LINE_LETTERS: Final = 2_000
_LINE_STEPS: Final = 400_000
_WORD_STEPS: Final = 300_000
_PER_PIECE: Final = 30  # for each piece costs the page more than to find it
_WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")
_LEAST_ALIKE: Final = 0.4

Kind = Literal["same", "add", "del", "gap"]
_SIGNS: Final[dict[Kind, str]] = {"same": " ", "add": "+", "del": "−", "gap": "⋯"}


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
    is_coarse: bool = False  # lines that both have may be among those added and taken away

    @property
    def is_same(self) -> bool:
        """Whether the texts are equal to the last letter."""
        return not (self.added or self.removed)


def diff_rows(old: str, new: str, *, context: int = 3, max_rows: int = 2000) -> DiffView:
    """The differences of two texts, each with `context` equal lines around it."""
    if old == new:
        return DiffView((), 0, 0, 0)
    before, after = _lines(old), _lines(new)
    steps = Steps(_LINE_STEPS)
    blocks = differing_lines(before, after, steps)
    added = sum(new_to - new_from for _, _, new_from, new_to in blocks)
    removed = sum(old_to - old_from for old_from, old_to, _, _ in blocks)
    rows = list(islice(_rows(before, after, blocks, context), max_rows))
    count = added + removed + _equal_rows(before, blocks, context)
    more = max(0, count - max_rows)
    return DiffView(tuple(_marked(rows)), added, removed, more, steps.has_run_out)


def _lines(text: str) -> list[str]:
    """The lines with their line breaks, split where editors do and nowhere else."""
    return list(StringIO(text, newline="\n"))


def _rows(
    before: list[str], after: list[str], blocks: Sequence[Block], context: int
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
    yield from _between(before, (old_at, len(before)), new_at, context, 0)


def _equal_rows(before: list[str], blocks: Sequence[Block], context: int) -> int:
    """How many rows `_rows` has for equal lines, without making those of a million lines."""
    count = old_at = 0
    for index, (old_from, old_to, _, _) in enumerate(blocks):
        tail = context if index else 0
        count += _shown(old_from - old_at, tail + context)
        old_at = old_to
    return count + _shown(len(before) - old_at, context)


def _shown(equal: int, around: int) -> int:
    """How many rows stand for so many equal lines; to leave out a single one saves no room."""
    return equal if equal - around < 2 else around + 1


def _between(
    before: list[str], span: tuple[int, int], new_at: int, tail: int, lead: int
) -> Iterator[DiffRow]:
    """Equal lines: `tail` of them, how many are left out, `lead` of them."""
    start, end = span
    shift = new_at - start
    hidden = end - start - tail - lead
    if _shown(end - start, tail + lead) == end - start:
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
    steps = Steps(_WORD_STEPS)
    for dels, adds in _faced(rows):
        for old_at, new_at in zip(dels, adds, strict=False):
            found = _pieces(_words(rows[old_at].text), _words(rows[new_at].text), steps)
            if steps.has_run_out:
                return marked  # rather no marks than one on what is the same
            for at, pieces in zip((old_at, new_at), found, strict=False):
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


def _pieces(old: list[str], new: list[str], steps: Steps) -> tuple[tuple[Piece, ...], ...]:
    """Both lines in pieces; nothing where they have too little in common, or steps run out."""
    search = matcher(old, new, steps, autojunk=False)
    if search is None or search.ratio() < _LEAST_ALIKE:
        return ()
    codes = search.get_opcodes()
    if not steps.take(_PER_PIECE * len(codes)):
        return ()
    return (
        tuple(Piece("".join(old[a:b]), tag != "equal") for tag, a, b, _, _ in codes if a < b),
        tuple(Piece("".join(new[a:b]), tag != "equal") for tag, _, _, a, b in codes if a < b),
    )


def _row(kind: Kind, line: str, old: int | None, new: int | None) -> DiffRow:
    text = line.removesuffix("\n")
    if len(text) > MAX_LINE_LETTERS:
        text = text[: MAX_LINE_LETTERS - 1] + "…"
    return DiffRow(kind, old, new, visible(text), not line.endswith("\n"))
