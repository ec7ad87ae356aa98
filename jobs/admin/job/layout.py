"""The picture of a score's sheets: what waits for what, with a place for everything.

`graph_of` is all that others need. A picture depends on the text of the score alone, so it is
kept for as long as it is looked at; how the sheets of a run fare is laid over it by `painted`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import isqrt
from typing import Final, Literal

from jobs.admin.job.blocks import (
    MAX_CARDS,
    MAX_CELLS,
    Block,
    Blocks,
    Link,
    blocks_of,
    cells_of,
    spans,
)
from jobs.admin.job.placing import Box, Placing, Point, in_rows, placed
from jobs.admin.visible import one_line
from jobs.registry.models import ScoreVersion
from jobs.scores import Expansion, parse_score

MAX_DRAWN_LETTERS: Final = 200_000  # judging a longer score takes longer than a page may
MAX_SHEETS: Final = 10_000
MARGIN: Final = 20.0
CARD: Final = Box(220, 58)
CHIP: Final = Box(66, 30)
RANGE: Final = Box(118, 46)
CARD_GAP: Final = (26.0, 18.0)
CHIP_GAP: Final = (8.0, 8.0)
PAD: Final = 14.0  # within a frame
HEAD: Final = 34.0  # the words on top of a frame
NAME_WIDTH: Final = 18.0  # of a card, in letters of common width of a wide font
ROW: Final = 4  # so many cards stand side by side
CHIPS_IN_ROW: Final = 20
RANGES_IN_ROW: Final = 7

Shape = Literal["card", "chip", "range"]
SIZES: Final[dict[Shape, Box]] = {"card": CARD, "chip": CHIP, "range": RANGE}


@dataclass(frozen=True, slots=True)
class Node:
    """One cell of the picture: a sheet, or many of a large block."""

    key: str
    shape: Shape
    numbers: tuple[int, ...]
    label: str  # its number, or from where to where
    name: str  # what the score calls it, shortened to its place; may be empty
    full_name: str
    after: str  # what it waits for, as `spans`
    block: int
    x: int
    y: int

    @property
    def number(self) -> int:
        """Its only sheet, or its first one."""
        return self.numbers[0]

    @property
    def size(self) -> Box:
        """How large it is."""
        return SIZES[self.shape]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the cells of a block."""

    words: str
    more: str
    x: float
    y: float
    width: float
    height: float

    @property
    def text_x(self) -> float:
        """Where its words begin."""
        return self.x + PAD

    @property
    def text_y(self) -> float:
        """The line that its words stand on."""
        return self.y + 22


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the picture, between two cells or two whole blocks."""

    path: str
    source: str  # keys of nodes, or of blocks
    target: str
    kind: Literal["plain", "pairwise", "inner"]
    words: str = ""


@dataclass(frozen=True, eq=False)
class GraphView:
    """A picture that is ready to be painted; one of a score is made once and kept."""

    nodes: tuple[Node, ...]
    frames: tuple[Frame, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    total_sheets: int
    left_out: int  # lines that would only make a tangle; lighting up and the list know them
    waits: dict[int, str]  # of each sheet what it waits for, in words; empty beyond MAX_CELLS
    names: dict[int, str]

    @property
    def is_put_together(self) -> bool:
        """Whether a cell stands for several sheets somewhere."""
        return any(len(node.numbers) > 1 for node in self.nodes)

    @property
    def has_pairwise(self) -> bool:
        """Whether some stages wait for one another sheet by sheet."""
        return any(edge.kind == "pairwise" for edge in self.edges)


def graph_of_version(version: ScoreVersion) -> GraphView | None:
    """The picture of a score's text; None where it is too long or not acceptable."""
    if len(version.text) > MAX_DRAWN_LETTERS:
        return None
    return _picture(version.sha256, version.text)


def expansion_of(version: ScoreVersion) -> Expansion | None:
    """The sheets of a score's text; None where it is too long or not acceptable."""
    return None if len(version.text) > MAX_DRAWN_LETTERS else _sheets(version.sha256, version.text)


@lru_cache(maxsize=64)
def _picture(sha256: str, text: str) -> GraphView | None:
    expansion = _sheets(sha256, text)
    return graph_of(expansion) if expansion else None


@lru_cache(maxsize=64)
def _sheets(_sha256: str, text: str) -> Expansion | None:
    verdict = parse_score(text)
    if verdict.summary is None or not verdict.is_valid:
        return None
    return verdict.summary.sheets


def graph_of(expansion: Expansion) -> GraphView | None:
    """The picture of an acyclic score (others are never accepted); None beyond MAX_SHEETS."""
    if not 1 <= expansion.total_sheets <= MAX_SHEETS:
        return None
    return _Drawing(expansion, blocks_of(expansion)).view()


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the cells of one block stand."""

    cells: list[tuple[int, ...]]
    shape: Shape
    columns: int
    is_framed: bool

    @property
    def cell(self) -> Box:
        return SIZES[self.shape]

    @property
    def gap(self) -> tuple[float, float]:
        return CARD_GAP if self.shape == "card" else CHIP_GAP

    @property
    def box(self) -> Box:
        columns = min(self.columns, len(self.cells))
        rows = -(-len(self.cells) // self.columns)
        width = columns * self.cell.width + (columns - 1) * self.gap[0]
        height = rows * self.cell.height + (rows - 1) * self.gap[1]
        if not self.is_framed:
            return Box(width, height)
        return Box(max(width, 150) + 2 * PAD, height + PAD + HEAD)

    def corner(self, at: int) -> Point:
        """Where a cell stands within the box."""
        row, column = divmod(at, self.columns)
        x = column * (self.cell.width + self.gap[0])
        y = row * (self.cell.height + self.gap[1])
        return (x + PAD, y + HEAD) if self.is_framed else (x, y)


class _Drawing:
    def __init__(self, expansion: Expansion, found: Blocks) -> None:
        self.expansion = expansion
        self.found = found
        self.total = expansion.total_sheets
        self.has_cards = self.total <= MAX_CARDS
        self.plans = [self._plan(block) for block in found.blocks]

    def _plan(self, block: Block) -> _Plan:
        share = max(1, MAX_CELLS * len(block.numbers) // self.total)
        most = len(block.numbers) if self.total <= MAX_CELLS else min(share, 120)
        cells = cells_of(block, most)
        is_whole = all(len(cell) == 1 for cell in cells)
        shape: Shape = "range" if not is_whole else "card" if self.has_cards else "chip"
        return _Plan(
            cells, shape, _columns(shape, len(cells)), block.kind != "sheet" or not is_whole
        )

    def view(self) -> GraphView:
        boxes = [plan.box for plan in self.plans]
        links = [(link.source, link.target) for link in self.found.links]
        placing = in_rows(boxes) if self.found.is_by_depth else placed(boxes, links)
        nodes: list[Node] = []
        frames: list[Frame] = []
        edges: list[Edge] = []
        of_block: list[list[Node]] = []
        for at, (block, plan) in enumerate(zip(self.found.blocks, self.plans, strict=True)):
            spot = placing.spots[at]
            mine = [
                self._node(plan, cell, at, (spot.x + x + MARGIN, spot.y + y + MARGIN))
                for index, cell in enumerate(plan.cells)
                for x, y in [plan.corner(index)]
            ]
            of_block.append(mine)
            nodes.extend(mine)
            if plan.is_framed:
                box = plan.box
                words, more = _frame_words(block, plan)
                frames.append(
                    Frame(
                        words,
                        more,
                        round(spot.x + MARGIN),
                        round(spot.y + MARGIN),
                        box.width,
                        box.height,
                    )
                )
            if block.kind == "chain" and plan.shape == "card":
                edges.extend(_steps(mine, plan))
        for link in self.found.links:
            edges.extend(self._edges(link, placing, of_block))
        is_listed = self.total <= MAX_CELLS
        numbers = range(1, self.total + 1) if is_listed else ()
        return GraphView(
            nodes=tuple(nodes),
            frames=tuple(frames),
            edges=tuple(edges),
            width=round(placing.width + 2 * MARGIN),
            height=round(placing.height + 2 * MARGIN),
            total_sheets=self.total,
            left_out=sum(link not in placing.ways for link in links),
            waits={number: _list_words(self._after((number,))) for number in numbers},
            names={number: name for number in numbers if (name := self._name(number))},
        )

    def _node(self, plan: _Plan, cell: tuple[int, ...], block: int, at: Point) -> Node:
        full_name = self._name(cell[0]) if len(cell) == 1 else ""
        return Node(
            key=f"n{cell[0]}",
            shape=plan.shape,
            numbers=cell,
            label=_label(cell),
            name=_fitting(full_name, NAME_WIDTH - len(_label(cell)) - 1),
            full_name=full_name,
            after=self._after(cell) if self.total <= MAX_CELLS else "",
            block=block,
            x=round(at[0]),
            y=round(at[1]),
        )

    def _name(self, number: int) -> str:
        """What the score calls a sheet; may be empty."""
        return one_line(self.expansion.plan(number).description or "", 160)

    def _after(self, cell: tuple[int, ...]) -> str:
        return spans([source for number in cell for source in self.expansion.waits_for(number)])

    def _edges(self, link: Link, placing: Placing, of_block: list[list[Node]]) -> list[Edge]:
        way = placing.ways.get((link.source, link.target))
        if way is None:
            return []  # so many long links that they are left out
        source, target = of_block[link.source], of_block[link.target]
        is_in_rows = all(len({node.y for node in nodes}) == 1 for nodes in (source, target))
        if link.is_pairwise and is_in_rows and len(way) == 2 and source[0].shape != "range":
            return [
                Edge(
                    _curve(
                        [
                            (one.x + one.size.width / 2, one.y + one.size.height),
                            (other.x + other.size.width / 2, other.y),
                        ]
                    ),
                    one.key,
                    other.key,
                    "inner",
                )
                for one, other in zip(source, target, strict=True)
            ]
        points = [(x + MARGIN, y + MARGIN) for x, y in way]
        path = _corners(points) if self.found.is_by_depth else _curve(points)
        ends = f"b{link.source}", f"b{link.target}"
        if link.is_pairwise:
            words = f"Sheet by sheet: {target[0].number} waits for {source[0].number}, and so on"
            return [Edge(path, *ends, "pairwise", words)]
        return [Edge(path, *ends, "plain")]


def _columns(shape: Shape, count: int) -> int:
    """How many cells stand side by side: the picture grows downward, as a page does."""
    if shape == "card":
        return count if count <= ROW else 3 if count in (6, 9) else ROW
    if shape == "range":
        return min(count, RANGES_IN_ROW)
    return min(CHIPS_IN_ROW, max(3, isqrt(count * 3 // 2)))


def _middle(node: Node) -> float:
    return node.y + node.size.height / 2


def _frame_words(block: Block, plan: _Plan) -> tuple[str, str]:
    count = f"{len(block.numbers):,} sheets"
    if block.kind == "fan":
        return f"Stage {block.stage}", f"{count} side by side"
    if block.kind == "chain":
        return "One after another", count
    if block.kind == "free":
        return "On their own", f"{count} that nothing is tied to"
    if block.kind == "depth":
        return "Together", count
    return f"Sheet {block.numbers[0]}", ""


def _steps(nodes: Sequence[Node], plan: _Plan) -> list[Edge]:
    """The arrows within a row of sheets that follow one another; at an end they turn around."""
    edges = []
    for one, other in pairwise(nodes):
        start = one.x + one.size.width, _middle(one)
        end = other.x, _middle(other)
        if other.y == one.y:
            path = f"M{_n(start[0])} {_n(start[1])}H{_n(end[0])}"
        else:
            turn = one.y + one.size.height + plan.gap[1] / 2
            reach = min(10.0, plan.gap[0] / 2, PAD / 2)
            path = (
                f"M{_n(start[0])} {_n(start[1])}h{_n(reach)}V{_n(turn)}H{_n(end[0] - reach)}"
                f"V{_n(end[1])}H{_n(end[0])}"
            )
        edges.append(Edge(path, one.key, other.key, "inner"))
    return edges


def _curve(points: Sequence[Point]) -> str:
    """A line that leaves downward and arrives from above."""
    path = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for (x1, y1), (x2, y2) in pairwise(points):
        if abs(x1 - x2) < 0.5:
            path += f"V{_n(y2)}"
        else:
            bend = (y2 - y1) / 2
            path += f"C{_n(x1)} {_n(y1 + bend)} {_n(x2)} {_n(y2 - bend)} {_n(x2)} {_n(y2)}"
    return path


def _corners(points: Sequence[Point]) -> str:
    """A line that only goes straight on and turns."""
    start, *others = points
    return f"M{_n(start[0])} {_n(start[1])}" + "".join(f"L{_n(x)} {_n(y)}" for x, y in others)


def _n(value: float) -> str:
    return f"{value:.0f}"  # tenths would only make the page longer


def _label(cell: tuple[int, ...]) -> str:
    if len(cell) == 1:
        return str(cell[0])
    if cell[-1] - cell[0] == len(cell) - 1:
        return f"{cell[0]}–{cell[-1]}"
    return f"{len(cell)} sheets"


def _list_words(after: str) -> str:
    return after.replace("-", "–").replace(" ", ", ")


def _fitting(text: str, width: float) -> str:
    """As much of a name as fits; a letter's width is guessed, for no server knows the font."""
    used = 0.0
    for at, letter in enumerate(text):
        used += _width(letter)
        if used > width:
            return text[: max(1, at - 1)].rstrip() + "…"
    return text


def _width(letter: str) -> float:
    if letter in "iljtfr.,;:'|!()[] ":
        return 0.58
    if letter in "mwMW@%" or not letter.isascii():
        return 2.0 if unicodedata.east_asian_width(letter) in "WF" else 1.55
    return 1.22 if letter.isupper() else 1.0
