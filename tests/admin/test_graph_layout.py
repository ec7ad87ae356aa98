"""The picture of a score: complete, without overlaps, and bounded."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import combinations

import pytest
from django.template.loader import render_to_string

from jobs.admin.job.blocks import MAX_CELLS, spans
from jobs.admin.job.graph import picture_context
from jobs.admin.job.layout import GraphView, Node, graph_of
from jobs.admin.job.placing import Box, placed
from jobs.scores import parse_score
from tests.admin.scores_to_draw import expansion, shaped
from tests.waiting import patience


def view_of(*shape: object) -> GraphView:
    view = graph_of(expansion(*shape))  # type: ignore[arg-type] # the shapes below are as meant
    assert view
    return view


def sheets(view: GraphView) -> list[int]:
    return sorted(number for node in view.nodes for number in node.numbers)


def overlaps(view: GraphView) -> Iterator[tuple[Node, Node]]:
    for one, other in combinations(view.nodes, 2):
        apart = (
            one.x + one.size.width <= other.x
            or other.x + other.size.width <= one.x
            or one.y + one.size.height <= other.y
            or other.y + other.size.height <= one.y
        )
        if not apart:
            yield one, other


def tangle(sheets: int, back: int = 20) -> dict[int, list[int]]:
    chance = random.Random(7)
    return {
        number: [chance.randrange(max(1, number - back), number) for _ in range(2)]
        for number in range(2, sheets + 1)
    }


SHAPES = {
    "one sheet": (1,),
    "two in a row": (2,),
    "a long row": (40,),
    "five hundred in a row": (500,),
    "diamond": (4, None, {2: [1], 3: [1], 4: [2, 3]}),
    "fan-out": (3, {2: 8}, {2: [1], 3: [2]}),
    "sheet by sheet": (4, {2: 3, 3: 3}, {2: [1], 3: [2], 4: [3]}),
    "wide": (6, {2: 200, 3: 200, 5: 97}, {2: [1], 3: [2], 4: [3], 5: [4], 6: [5, 1]}),
    "many on their own": (40, None, {2: [1]}),
    "pairs": (40, None, {number: [number - 1] for number in range(2, 41, 2)}),
    "tangle": (60, None, tangle(60)),
    "a large tangle": (500, None, tangle(500, 30)),
    "everything waits for everything before": (
        120,
        None,
        {number: range(1, number) for number in range(2, 121)},
    ),
    "ten thousand in a row": (10_000,),
    "ten thousand side by side": (3, {2: 9_998}, {2: [1], 3: [2]}),
    "ten thousand on their own": (10_000, None, {2: [1]}),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_every_sheet_is_in_the_picture_once(shape: tuple[object, ...]) -> None:
    view = view_of(*shape)
    assert sheets(view) == list(range(1, view.total_sheets + 1))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_no_cell_lies_on_another_or_outside(shape: tuple[object, ...]) -> None:
    view = view_of(*shape)
    assert next(overlaps(view), None) is None
    for node in view.nodes:
        assert 0 <= node.x <= view.width - node.size.width
        assert 0 <= node.y <= view.height - node.size.height


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_a_picture_is_bounded_and_soon_there(shape: tuple[object, ...]) -> None:
    of = expansion(*shape)  # type: ignore[arg-type] # as above
    began = time.perf_counter()
    view = graph_of(of)
    assert time.perf_counter() - began < patience(2.0)
    assert view
    assert len(view.nodes) <= MAX_CELLS
    assert len(view.edges) <= 2_500


def test_the_same_score_has_the_same_picture() -> None:
    shape = (60, None, tangle(60))
    one, other = view_of(*shape), view_of(*shape)
    assert (one.nodes, one.edges, one.frames) == (other.nodes, other.edges, other.frames)


def test_five_hundred_sheets_are_drawn_one_by_one() -> None:
    view = view_of(*SHAPES["wide"])
    assert len(view.nodes) == view.total_sheets == 500
    assert not view.is_put_together


def test_ten_thousand_sheets_are_put_together_in_cells() -> None:
    view = view_of(*SHAPES["ten thousand side by side"])
    assert view.is_put_together
    assert any(len(node.numbers) > 50 for node in view.nodes)
    assert view.nodes[0].numbers == (1,)


def test_what_waits_lies_below_what_it_waits_for() -> None:
    shape = (60, None, tangle(60))
    of = expansion(*shape)
    places = {node.number: node.y for node in view_of(*shape).nodes}
    for number in range(1, 61):
        for source in of.waits_for(number):
            assert places[source] < places[number]


def test_a_diamond_has_its_four_lines() -> None:
    view = view_of(*SHAPES["diamond"])
    ends = {(edge.source, edge.target) for edge in view.edges}
    block = {node.number: f"b{node.block}" for node in view.nodes}
    assert ends == {(block[a], block[b]) for a, b in [(1, 2), (1, 3), (2, 4), (3, 4)]}


def test_stages_of_one_width_are_tied_sheet_by_sheet() -> None:
    view = view_of(*SHAPES["sheet by sheet"])
    ends = {(edge.source, edge.target) for edge in view.edges if edge.kind == "inner"}
    assert ends == {("n2", "n5"), ("n3", "n6"), ("n4", "n7")}
    assert view.waits[5] == "2"


def test_stages_of_other_widths_are_tied_as_a_whole() -> None:
    view = view_of(*SHAPES["fan-out"])
    assert len(view.edges) == 2
    assert view.waits[10] == "2–9"
    frame = view.frames[0]
    assert (frame.words, frame.more) == ("Stage 2", "8 sheets side by side")


def test_lines_that_are_left_out_are_counted() -> None:
    view = view_of(300, None, {number: [1, number - 1] for number in range(3, 301)})
    drawn = {(edge.source, edge.target) for edge in view.edges}
    assert len(drawn) + view.left_out >= 298


def test_sheets_that_wait_for_each_other_are_never_drawn() -> None:
    verdict = parse_score(shaped(3, None, {1: [3], 2: [1], 3: [2]}))
    assert not verdict.is_valid


@pytest.mark.parametrize(
    ("numbers", "words"), [([], ""), ([3], "3"), ([1, 2, 3, 7], "1-3 7"), ([9, 2, 2, 1], "1-2 9")]
)
def test_numbers_are_told_in_few_letters(numbers: list[int], words: str) -> None:
    assert spans(numbers) == words


def test_a_picture_writes_nothing_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    view_of(*SHAPES["diamond"])
    assert caplog.records == []


def test_boxes_of_any_size_get_room() -> None:
    boxes = [Box(50, 20), Box(400, 90), Box(10, 300), Box(60, 60), Box(30, 30)]
    found = placed(boxes, [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)])
    for one, other in combinations(range(5), 2):
        a, b = found.spots[one], found.spots[other]
        assert (
            a.x + boxes[one].width <= b.x
            or b.x + boxes[other].width <= a.x
            or a.y + boxes[one].height <= b.y
            or b.y + boxes[other].height <= a.y
        )


def test_a_score_that_does_not_run_is_drawn_without_statuses() -> None:
    context = picture_context(view_of(*SHAPES["sheet by sheet"]), None)
    html = render_to_string("jobs/job/_graph.html", context)
    assert html.count('class="node card"') == 8
    assert "Sheet 5; waits for 2" in html
    assert 'href="../sheets' not in html
    assert "tone-" not in html.partition("graph-nodes")[2]
