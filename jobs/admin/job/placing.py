"""Where the boxes of a picture go: layers from top to bottom, few crossings, room for every box.

The library `fast-sugiyama` finds layers, the order within each and the way of links that pass
others (docs/decisions, "A compiled library lays out the graph"). It takes all boxes for equal,
so heights and widths are brought in here, without touching its order.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from fast_sugiyama import from_edges

# The library tells of each of its steps; two dozen lines for every picture help nobody.
for _name in ("rust-sugiyama", "connected_components"):
    logging.getLogger(_name).setLevel(logging.WARNING)

GAP_LAYERS: Final = 46.0  # links turn there
GAP_WITHIN: Final = 26.0  # between boxes of one layer
GAP_PARTS: Final = 40.0  # between parts that nothing ties together
WIDEST: Final = 1_000.0  # small parts share a row up to here
SWEEPS: Final = 10
MAX_BENDS: Final = 4_000  # where links pass a layer; beyond, many long links have no way
SPACING: Final = 72.0
HEAD_Y: Final = 17.0  # where links meet boxes in rows: at their words
PASSING: Final = 6.0  # the height of a link that passes a layer
STIFFNESS: Final = 4.0  # how much straighter passing links are kept than others


@dataclass(frozen=True, slots=True)
class Box:
    """Something to be placed."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Spot:
    """The upper left corner of a box."""

    x: float
    y: float


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placing:
    """A spot for each box, and for links the points that they go through.

    Where there would be too many bends, links that pass layers have no way.
    """

    spots: tuple[Spot, ...]
    ways: dict[tuple[int, int], tuple[Point, ...]]
    width: float
    height: float


@dataclass(slots=True)
class _Part:
    """One part that nothing ties to others: its layers, boxes and bends in order.

    It is placed as if its layers went from left to right, and turned at the end.
    """

    layers: list[list[int]]  # ids from `len(boxes)` on are bends
    ways: dict[tuple[int, int], list[int]]  # with both ends


def placed(boxes: Sequence[Box], links: Iterable[tuple[int, int]]) -> Placing:
    """Places for all boxes; the links make no circle."""
    turned = [Box(box.height, box.width) for box in boxes]
    wanted = list(dict.fromkeys(links))
    drawn = _without_shortcuts(wanted) if _bends(wanted) > MAX_BENDS else wanted
    parts = _parts(len(boxes), drawn)
    spots: dict[int, Spot] = {}
    ways: dict[tuple[int, int], tuple[Point, ...]] = {}
    x = y = row_height = width = 0.0
    for part in parts:
        placed_here, ways_here, part_height, part_width = _place(part, turned)
        if x and x + part_width > WIDEST:
            x, y, row_height = 0.0, y + row_height + GAP_PARTS, 0.0
        for box, spot in placed_here.items():
            spots[box] = Spot(spot.y + x, spot.x + y)
        for link, way in ways_here.items():
            ways[link] = tuple((py + x, px + y) for px, py in way)
        width = max(width, x + part_width)
        row_height = max(row_height, part_height)
        x += part_width + GAP_PARTS
    return Placing(tuple(spots[box] for box in range(len(boxes))), ways, width, y + row_height)


def in_rows(boxes: Sequence[Box]) -> Placing:
    """Boxes in the order in which they follow one another, in rows as text is written."""
    spots: list[Spot] = []
    ways: dict[tuple[int, int], tuple[Point, ...]] = {}
    x = y = width = row_height = 0.0
    for at, box in enumerate(boxes):
        if x and x + box.width > WIDEST:
            x, y, row_height = 0.0, y + row_height + GAP_PARTS, 0.0
        spots.append(Spot(x, y))
        if at:
            before = spots[at - 1]
            start = before.x + boxes[at - 1].width, before.y + HEAD_Y
            end = x, y + HEAD_Y
            turn = y - GAP_PARTS / 2
            around = (
                (start[0] + 10, start[1]),
                (start[0] + 10, turn),
                (-10.0, turn),
                (-10.0, end[1]),
            )
            bends: tuple[Point, ...] = () if x else around
            ways[at - 1, at] = (start, *bends, end)
        x += box.width + GAP_WITHIN
        width = max(width, x - GAP_WITHIN)
        row_height = max(row_height, box.height)
    return Placing(tuple(spots), ways, width, y + row_height)


def _bends(links: Sequence[tuple[int, int]]) -> int:
    """How often a link would have to pass a layer."""
    depths = _layers(links)
    return sum(depths[target] - depths[source] - 1 for source, target in links)


def _layers(links: Sequence[tuple[int, int]]) -> dict[int, int]:
    after: dict[int, list[int]] = {}
    waiting: dict[int, int] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
        waiting[target] = waiting.get(target, 0) + 1
        waiting.setdefault(source, 0)
    depths = dict.fromkeys(waiting, 0)
    ready = [box for box, count in waiting.items() if count == 0]
    for box in ready:
        for target in after.get(box, ()):
            depths[target] = max(depths[target], depths[box] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return depths


def _without_shortcuts(links: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Only links from one layer to the next, and those that alone tie a box to what is before."""
    depths = _layers(links)
    nearest: dict[int, int] = {}
    for source, target in links:
        nearest[target] = max(nearest.get(target, -1), depths[source])
    return [link for link in links if depths[link[0]] == nearest[link[1]]]


def _parts(count: int, links: list[tuple[int, int]]) -> list[_Part]:
    tied = {box for link in links for box in link}
    parts = [_Part([[box]], {}) for box in range(count) if box not in tied]
    bends = count
    for positions, _, _, found in from_edges(links, vertex_spacing=SPACING) if links else ():
        ids: dict[int, int] = {}
        layers: dict[int, list[tuple[float, int]]] = {}
        for node, (x, y) in positions:
            # Its numbers for bends begin above those of all boxes, anew in each part.
            ids[int(node)] = int(node) if int(node) in tied and int(node) < count else bends
            bends += ids[int(node)] == bends
            layers.setdefault(round(-y / SPACING), []).append((x, ids[int(node)]))
        order = [[box for _, box in sorted(layers[layer])] for layer in sorted(layers)]
        follows: dict[int, list[int]] = {}
        for source, target in found or ():
            follows.setdefault(ids[int(source)], []).append(ids[int(target)])
        parts.append(_Part(order, _ways(follows, count)))
    return sorted(parts, key=lambda part: min(part.layers[0]))


def _ways(follows: dict[int, list[int]], count: int) -> dict[tuple[int, int], list[int]]:
    """Each link as the ids that it goes through."""
    found: dict[tuple[int, int], list[int]] = {}
    for start, nexts in follows.items():
        if start >= count:
            continue
        for step in nexts:
            way = [start, step]
            while way[-1] >= count:
                way.append(follows[way[-1]][0])
            found[start, way[-1]] = way
    return found


def _place(
    part: _Part, boxes: Sequence[Box]
) -> tuple[dict[int, Spot], dict[tuple[int, int], tuple[Point, ...]], float, float]:
    heights = [
        [boxes[box].height if box < len(boxes) else PASSING for box in layer]
        for layer in part.layers
    ]
    widths = [
        max([boxes[box].width for box in layer if box < len(boxes)] or [0.0])
        for layer in part.layers
    ]
    middles = _middles(part, heights, len(boxes))
    top = min(
        middles[box] - height / 2
        for layer, row in zip(part.layers, heights, strict=True)
        for box, height in zip(layer, row, strict=True)
    )
    spots: dict[int, Spot] = {}
    column: dict[int, tuple[float, float]] = {}  # where the layer of an id begins and ends
    x = bottom = 0.0
    for layer, width in zip(part.layers, widths, strict=True):
        for box in layer:
            column[box] = (x, x + width)
            if box < len(boxes):
                size = boxes[box]
                y = middles[box] - size.height / 2 - top
                spots[box] = Spot(x + (width - size.width) / 2, y)
                bottom = max(bottom, y + size.height)
            else:
                bottom = max(bottom, middles[box] - top)
        x += width + GAP_LAYERS
    ways = {
        link: tuple(_points(way, spots, boxes, column, middles, top))
        for link, way in part.ways.items()
    }
    return spots, ways, x - GAP_LAYERS, bottom


def _points(
    way: list[int],
    spots: dict[int, Spot],
    boxes: Sequence[Box],
    column: dict[int, tuple[float, float]],
    middles: dict[int, float],
    top: float,
) -> Iterable[Point]:
    first, last = way[0], way[-1]
    yield spots[first].x + boxes[first].width, middles[first] - top
    for bend in way[1:-1]:
        yield column[bend][0], middles[bend] - top
        yield column[bend][1], middles[bend] - top
    yield spots[last].x, middles[last] - top


def _middles(part: _Part, heights: list[list[float]], count: int) -> dict[int, float]:
    """The middle of each box and bend: near those that it is linked to, and none on another."""
    ties: dict[int, list[int]] = {}
    back: dict[int, list[int]] = {}
    for way in part.ways.values():
        for source, target in pairwise(way):
            ties.setdefault(source, []).append(target)
            back.setdefault(target, []).append(source)
    middles: dict[int, float] = {}
    for layer, row in zip(part.layers, heights, strict=True):
        y = -(sum(row) + GAP_WITHIN * (len(row) - 1)) / 2
        for box, height in zip(layer, row, strict=True):
            middles[box] = y + height / 2
            y += height + GAP_WITHIN
    rows = list(zip(part.layers, heights, strict=True))
    for sweep in range(SWEEPS):
        near = back if sweep % 2 == 0 else ties
        for layer, row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = [
                sum(middles[other] for other in near[box]) / len(near[box])
                if near.get(box)
                else middles[box]
                for box in layer
            ]
            weights = [1.0 if box < count else STIFFNESS for box in layer]
            for box, y in zip(layer, _apart(wanted, weights, row), strict=True):
                middles[box] = y
    return middles


def _apart(wanted: list[float], weights: list[float], heights: list[float]) -> list[float]:
    """The places nearest to the wanted ones, in this order, with room for every height.

    Least squares under "each at least so far below the one before": pools of neighbours that push
    one another, after the offsets are taken off.
    """
    offsets = [0.0]
    for above, below in pairwise(heights):
        offsets.append(offsets[-1] + (above + below) / 2 + GAP_WITHIN)
    pools: list[list[float]] = []  # weighted mean, weight, how many
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        pools.append([want - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, heavy, many = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * heavy) / (last[1] + heavy)
            last[1] += heavy
            last[2] += many
    flat = [mean for mean, _, many in pools for _ in range(int(many))]
    return [place + offset for place, offset in zip(flat, offsets, strict=True)]
