"""Where two texts differ, found in a bounded number of steps: the same at any load.

Python's matcher is cubic at worst, with texts of a few hundred words already. Here it is told what
a search would cost before each one, and what there are no steps for is held to differ.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Final

# Of both texts, between what begins and ends alike; a megabyte may hold a million.
MAX_LINES: Final = 60_000
_LONG: Final = 400_000  # the product of two lengths from which on a search starts at anchors
_TO_BEGIN: Final = 100  # steps that a matcher takes whatever it is given
_TO_SEARCH: Final = 10  # and each of its searches

Block = tuple[int, int, int, int]  # old from, old to, new from, new to: what differs


@dataclass(slots=True)
class Steps:
    """What a comparison may still cost: a step takes about a tenth of a microsecond."""

    left: int
    has_run_out: bool = False

    def take(self, count: int) -> bool:
        """Whether there are so many; if so, they are used up."""
        if count > self.left:
            self.has_run_out = True
            return False
        self.left -= count
        return True


class _Matcher(SequenceMatcher[str]):
    """Python's, which finds nothing in common where there are no steps to search."""

    def __init__(
        self, old: Sequence[str], new: Sequence[str], steps: Steps, *, autojunk: bool
    ) -> None:
        super().__init__(None, old, new, autojunk)
        self._steps = steps
        places: dict[str, list[int]] = self.b2j  # type: ignore[attr-defined]  # documented
        self._costs = [0, *accumulate(len(places.get(word, ())) + 1 for word in old)]

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        """As Python's, which visits each place in the new text of each word of the old one."""
        cost = self._costs[-1 if ahi is None else ahi] - self._costs[alo]
        if self._steps.take(_TO_SEARCH + cost):
            return super().find_longest_match(alo, ahi, blo, bhi)
        return Match(alo, blo, 0)


def matcher(
    old: Sequence[str], new: Sequence[str], steps: Steps, *, autojunk: bool
) -> SequenceMatcher[str] | None:
    """Python's matcher within these steps; None where there are too few to begin with.

    With `autojunk` words that come often in a long `new` are no start of a search.
    """
    if not steps.take(_TO_BEGIN + 2 * (len(old) + len(new))):
        return None
    return _Matcher(old, new, steps, autojunk=autojunk)


def differing_lines(before: list[str], after: list[str], steps: Steps) -> list[Block]:
    """Stretches that differ, in order; what begins and ends alike is never searched through."""
    shorter = min(len(before), len(after))
    start = _alike(before, after, shorter)
    end = _alike(before, after, shorter - start, from_end=True)
    block = (start, len(before) - end, start, len(after) - end)
    return _merged(_differences(before, after, block, steps))


def _alike(before: list[str], after: list[str], most: int, *, from_end: bool = False) -> int:
    """How many lines are the same at the start or the end: by halves, for slices are fast."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if from_end:
            old = before[len(before) - middle : len(before) - low]
            new = after[len(after) - middle : len(after) - low]
        else:
            old, new = before[low:middle], after[low:middle]
        if old == new:
            low = middle
        else:
            high = middle - 1
    return low


def _differences(
    before: list[str], after: list[str], block: Block, steps: Steps
) -> Iterator[Block]:
    old_at, old_to, new_at, new_to = block
    for old_next, new_next in [*_anchors(before, after, block, steps), (old_to, new_to)]:
        gap = (old_at, old_next, new_at, new_next)
        if old_at < old_next and new_at < new_next:
            yield from _matched(before, after, gap, steps)
        elif old_at < old_next or new_at < new_next:
            yield gap
        old_at, new_at = old_next + 1, new_next + 1


def _anchors(
    before: list[str], after: list[str], block: Block, steps: Steps
) -> list[tuple[int, int]]:
    """Where lines that both have exactly once meet in the same order; none in short texts.

    The longest such row, by patience sorting: long texts fall into short stretches between them.
    """
    old_from, old_to, new_from, new_to = block
    if (old_to - old_from) * (new_to - new_from) <= _LONG:
        return []
    if old_to - old_from + new_to - new_from > MAX_LINES:
        steps.has_run_out = True
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


def _matched(before: list[str], after: list[str], block: Block, steps: Steps) -> Iterator[Block]:
    old_from, old_to, new_from, new_to = block
    old, new = before[old_from:old_to], after[new_from:new_to]
    search = matcher(old, new, steps, autojunk=True)
    if search is None:
        yield block
        return
    for tag, old_start, old_end, new_start, new_end in search.get_opcodes():
        if tag != "equal":
            yield (
                old_from + old_start,
                old_from + old_end,
                new_from + new_start,
                new_from + new_end,
            )


def _merged(blocks: Iterator[Block]) -> list[Block]:
    """The same, with stretches that touch made one."""
    merged: list[Block] = []
    for block in blocks:
        if merged and merged[-1][1] == block[0] and merged[-1][3] == block[2]:
            merged[-1] = (merged[-1][0], block[1], merged[-1][2], block[3])
        else:
            merged.append(block)
    return merged
