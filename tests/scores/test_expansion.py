"""Sheets, stages and who waits for whom."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.scores import expand
from jobs.scores.stages import Stages
from tests.scores.writing import make_config


def sheet(**given_: Any) -> dict[str, Any]:
    return {"sheet": {"size": 1, "total_items": 3, **given_}}


def naive(total: int, fan_out: dict[int, int]) -> list[tuple[int, int, int]]:
    """Stage, instance and fan count of each sheet, written out one by one."""
    places = []
    for stage in range(1, total + 1):
        count = fan_out.get(stage, 1)
        places += [(stage, instance, count) for instance in range(1, count + 1)]
    return places


def naive_links(
    places: list[tuple[int, int, int]], dependencies: dict[int, list[int]]
) -> dict[int, list[int]]:
    """For each sheet what it depends on, by the four cases of the rules."""
    links: dict[int, list[int]] = {}
    for number, (stage, instance, width) in enumerate(places, 1):
        found: list[int] = []
        for source in dependencies.get(stage, []):
            sheets = [n for n, place in enumerate(places, 1) if place[0] == source]
            pairwise = len(sheets) == width > 1
            found += [sheets[instance - 1]] if pairwise else sheets
        links[number] = list(dict.fromkeys(found))
    return links


@st.composite
def fanned_out(draw: st.DrawFn) -> tuple[int, dict[int, int], dict[int, list[int]]]:
    total = draw(st.integers(1, 6))
    stages = st.integers(1, total)
    fan_out = draw(st.dictionaries(stages, st.integers(1, 4), min_size=1, max_size=4))
    pairs = draw(st.lists(st.tuples(stages, stages), max_size=6))
    dependencies: dict[int, list[int]] = {}
    for stage, source in pairs:
        if stage != source:
            dependencies.setdefault(stage, []).append(source)
    return total, fan_out, dependencies


@settings(deadline=None)
@given(fanned_out())
def test_expansion_is_the_one_written_out_by_hand(
    case: tuple[int, dict[int, int], dict[int, list[int]]],
) -> None:
    total, fan_out, dependencies = case
    places = naive(total, fan_out)
    expansion = expand(
        make_config(**sheet(total_items=total, fan_out=fan_out, dependencies=dependencies))
    )
    assert len(expansion) == len(places)
    assert [(p.stage, p.instance, p.fan_count) for p in expansion] == places
    links = naive_links(places, dependencies)
    assert {p.number: list(p.depends_on) for p in expansion} == links
    if dependencies:
        assert {n: list(expansion.waits_for(n)) for n in links} == links


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 9), st.integers(1, 60))
def test_items_are_cut_into_sheets_without_gap_or_overlap(
    total: int, size: int, start: int
) -> None:
    expansion = expand(make_config(**sheet(size=size, total_items=total, start_item=start)))
    items = [n for p in expansion for n in range(p.start_item, p.end_item + 1)]
    assert items == list(range(start, total + 1))


def test_example_of_the_rules_has_five_sheets() -> None:
    config = make_config(**sheet(fan_out={2: 3}))
    assert config.sheet.total_sheets == 5
    assert config.sheet.total_stages == 3
    assert [p.stage for p in expand(config)] == [1, 2, 2, 2, 3]


def test_without_dependencies_a_sheet_waits_for_the_one_before() -> None:
    expansion = expand(make_config())
    assert [list(expansion.waits_for(n)) for n in (1, 2, 3)] == [[], [1], [2]]
    assert [p.depends_on for p in expansion] == [(), (), ()]


def test_without_dependencies_stages_follow_each_other_and_their_sheets_do_not() -> None:
    expansion = expand(make_config(**sheet(fan_out={2: 3})))
    waits = [list(expansion.waits_for(n)) for n in range(1, 6)]
    assert waits == [[], [1], [1], [1], [2, 3, 4]]


def test_sheet_without_dependencies_among_those_that_have_them_waits_for_none() -> None:
    expansion = expand(make_config(**sheet(dependencies={3: [1]})))
    assert [list(expansion.waits_for(n)) for n in (1, 2, 3)] == [[], [], [1]]


def test_skip_rules_of_a_stage_are_those_of_its_sheets() -> None:
    rule = {"command": "true"}
    config = make_config(**sheet(fan_out={2: 2}, skip_when_command={2: rule}, skip_when={3: "x"}))
    plans = expand(config)
    assert [bool(p.skip_when_command) for p in plans] == [False, True, True, False]
    assert [p.skip_when for p in plans] == [None, None, None, "x"]


def test_nearest_word_on_the_instrument_wins() -> None:
    config = make_config(
        instrument="score",
        movements={2: {"instrument": "movement"}},
        sheet={
            "size": 1,
            "total_items": 3,
            "fan_out": {2: 3},
            "instrument_map": {"map": [3, 4]},
            "per_sheet_instruments": {4: "sheet"},
        },
    )
    assert [p.instrument for p in expand(config)] == ["score", "movement", "map", "sheet", "score"]


def test_stage_map_written_by_a_conductor_is_honoured() -> None:
    places = {"2": {"stage": 1, "instance": 2, "fan_count": 2}, "3": {"stage": 2}}
    plans = expand(make_config(**sheet(fan_out_stage_map=places)))
    assert [(p.stage, p.instance, p.fan_count) for p in plans] == [(1, 1, 1), (1, 2, 2), (2, 1, 1)]


def test_expansion_is_a_sequence() -> None:
    expansion = expand(make_config())
    assert expansion[-1].number == 3
    assert [p.number for p in expansion[1:]] == [2, 3]
    with pytest.raises(IndexError, match="no sheet 4"):
        expansion.plan(4)
    with pytest.raises(IndexError):
        expansion[3]


def test_score_that_starts_past_its_end_has_no_sheets() -> None:
    config = make_config(**sheet(start_item=10))
    assert config.sheet.total_sheets == -6  # what the conductor computes
    assert len(expand(config)) == 0


def test_a_billion_sheets_are_counted_and_looked_up_at_once() -> None:
    started = time.monotonic()
    config = make_config(**sheet(total_items=10**15, fan_out={2: 10**15, 10**9: 5}))
    expansion = expand(config)
    assert config.sheet.total_sheets == 2 * 10**15 + 3
    assert expansion.plan(10**15 + 2).stage == 3
    assert expansion.waits_for(10**15 + 2) == range(2, 10**15 + 2)
    assert time.monotonic() - started < 1


@given(st.integers(1, 30), st.dictionaries(st.integers(1, 30), st.integers(1, 5)))
def test_stage_of_is_the_inverse_of_sheets_of(total: int, fan_out: dict[int, int]) -> None:
    stages = Stages(total, {s: n for s, n in fan_out.items() if s <= total})
    numbers = [(stage, n) for stage in range(1, total + 1) for n in stages.sheets_of(stage)]
    assert [n for _, n in numbers] == list(range(1, stages.total_sheets + 1))
    assert all(stages.stage_of(n) == stage for stage, n in numbers)
    assert len(stages.sheets_of(0)) == len(stages.sheets_of(total + 1)) == 0
