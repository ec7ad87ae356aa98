"""A score's sheets put together into the blocks of a picture, so that hundreds can be read.

Each stage of a fan-out is a block, and so is a row of sheets that merely follow one another. What
still would be too much is put together by how deep it lies. The number of cells is bounded before
anything is drawn: in a large block one cell stands for many sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from jobs.scores import Expansion

MAX_CELLS: Final = 600  # cells of a whole picture
MAX_BLOCKS: Final = 520
MAX_BLOCK_LINKS: Final = 2_000
MAX_CARDS: Final = 60  # of a picture in which sheets are shown with their names
LEAST_CHAIN: Final = 6  # shorter rows are drawn sheet by sheet
LEAST_FREE: Final = 5

Kind = Literal["sheet", "fan", "chain", "free", "depth"]


@dataclass(frozen=True, slots=True)
class Block:
    """Some sheets that are drawn together."""

    kind: Kind
    numbers: tuple[int, ...]  # ascending; in a chain, in the order in which they run
    stage: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One block waits for another, named by their places in the list of blocks."""

    source: int
    target: int
    is_pairwise: bool = False  # sheet by sheet, not all for all


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of a score and what waits for what."""

    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    is_by_depth: bool = False  # too much for anything finer; each block follows the one before


@dataclass(slots=True)
class _Units:
    """Stages with what each waits for: the same for scores with and without a fan-out."""

    members: list[range]
    sources: list[list[int]]  # ascending by unit, without doubles

    def followers(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.members]
        for unit, sources in enumerate(self.sources):
            for source in sources:
                found[source].append(unit)
        return found


def blocks_of(expansion: Expansion) -> Blocks:
    """The blocks of an acyclic score; bounded, however large it is."""
    units = _units(expansion)
    found = _in_groups(units)
    if len(found.blocks) > MAX_BLOCKS or len(found.links) > MAX_BLOCK_LINKS:
        return _by_depth(units)
    return found


def _units(expansion: Expansion) -> _Units:
    total = expansion.total_sheets
    if not expansion.is_fanned_out:
        members = [range(number, number + 1) for number in range(1, total + 1)]
        sources = [
            sorted({source - 1 for source in expansion.waits_for(number) if 1 <= source <= total})
            for number in range(1, total + 1)
        ]
        return _Units(members, sources)
    stages = expansion.stages
    members = [stages.sheets_of(stage) for stage in range(1, expansion.total_stages + 1)]
    # The first sheet of a stage tells of all: it waits for its like, or for a whole stage.
    sources = [
        sorted({stages.stage_of(source) - 1 for source in expansion.waits_for(sheets.start)})
        for sheets in members
    ]
    return _Units(members, sources)


def _in_groups(units: _Units) -> Blocks:
    """Stages, rows of sheets that follow one another, and sheets that nothing is tied to."""
    followers = units.followers()
    block_of: dict[int, int] = {}
    blocks: list[Block] = []

    def add(block: Block, members: Sequence[int]) -> None:
        for unit in members:
            block_of[unit] = len(blocks)
        blocks.append(block)

    free = [
        unit
        for unit, sheets in enumerate(units.members)
        if len(sheets) == 1 and not units.sources[unit] and not followers[unit]
    ]
    if len(free) >= LEAST_FREE:
        add(Block("free", tuple(units.members[unit].start for unit in free)), free)
    for chain in _chains(units, followers):
        if len(chain) >= LEAST_CHAIN:
            add(Block("chain", tuple(units.members[unit].start for unit in chain)), chain)
    for unit, sheets in enumerate(units.members):
        if unit not in block_of:
            kind: Kind = "fan" if len(sheets) > 1 else "sheet"
            add(Block(kind, tuple(sheets), unit + 1), [unit])
    links = {
        (block_of[source], block_of[unit]): Link(
            block_of[source],
            block_of[unit],
            is_pairwise=len(units.members[unit]) > 1
            and len(units.members[unit]) == len(units.members[source]),
        )
        for unit, sources in enumerate(units.sources)
        for source in sources
        if block_of[source] != block_of[unit]
    }
    return Blocks(tuple(blocks), tuple(links.values()))


def _chains(units: _Units, followers: list[list[int]]) -> Iterator[list[int]]:
    """The longest rows of single sheets, each with one before and one after it."""

    def goes_on(unit: int) -> int | None:
        """The one that follows, if it waits for this one alone and nothing else does."""
        if len(units.members[unit]) > 1 or len(followers[unit]) != 1:
            return None
        after = followers[unit][0]
        is_alone = len(units.sources[after]) == 1 and len(units.members[after]) == 1
        return after if is_alone else None

    inner = {after for unit in range(len(units.members)) if (after := goes_on(unit)) is not None}
    for start in range(len(units.members)):
        if start in inner:
            continue
        chain = [start]
        while (after := goes_on(chain[-1])) is not None:
            chain.append(after)
        if len(chain) > 1:
            yield chain


def _by_depth(units: _Units) -> Blocks:
    """One block for each depth; where there are too many of these, several depths to a block."""
    depths = _depths(units)
    per_block = -(-(max(depths) + 1) // 60)
    rows: dict[int, list[int]] = {}
    for unit, depth in enumerate(depths):
        rows.setdefault(depth // per_block, []).extend(units.members[unit])
    blocks = tuple(Block("depth", tuple(sorted(rows[row]))) for row in sorted(rows))
    links = tuple(Link(at, at + 1) for at in range(len(blocks) - 1))
    return Blocks(blocks, links, is_by_depth=True)


def _depths(units: _Units) -> list[int]:
    """How many units at most must be done before each."""
    waiting = [len(sources) for sources in units.sources]
    followers = units.followers()
    depths = [0] * len(waiting)
    ready = [unit for unit, count in enumerate(waiting) if count == 0]
    for unit in ready:  # grows as it is gone through
        for after in followers[unit]:
            depths[after] = max(depths[after], depths[unit] + 1)
            waiting[after] -= 1
            if waiting[after] == 0:
                ready.append(after)
    return depths


def cells_of(block: Block, most: int) -> list[tuple[int, ...]]:
    """The sheets of a block in at most so many parts of equal size, in order."""
    per_cell = max(1, -(-len(block.numbers) // max(1, most)))
    return [
        block.numbers[first : first + per_cell] for first in range(0, len(block.numbers), per_cell)
    ]


def spans(numbers: Sequence[int]) -> str:
    """Numbers in few letters: `1-4 7`."""
    found: list[str] = []
    ordered = sorted(set(numbers))
    at = 0
    while at < len(ordered):
        first = at
        while at + 1 < len(ordered) and ordered[at + 1] == ordered[at] + 1:
            at += 1
        found.append(str(ordered[first]) if first == at else f"{ordered[first]}-{ordered[at]}")
        at += 1
    return " ".join(found)
