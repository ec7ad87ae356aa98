"""What Podium refuses although a conductor would take it, before anything is expanded."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jobs.scores import Finding, JobConfig, ScoreLimits, parse_score
from jobs.scores.cycles import cycles
from tests.scores.writing import make_score


def errors(**sheet: Any) -> list[Finding]:
    verdict = parse_score(make_score(sheet={"size": 1, "total_items": 3, **sheet}))
    assert verdict.accepted_by_conductor
    assert all(f.origin == "podium" for f in verdict.findings)
    return [f for f in verdict.findings if f.severity == "error"]


def test_ten_thousand_sheets_are_allowed() -> None:
    assert errors(total_items=10_000) == []
    assert errors(fan_out={2: 9_998}) == []


def test_one_more_is_not() -> None:
    (finding,) = errors(total_items=10_001)
    assert finding.path == "sheet.total_items"
    assert "10,001 sheets" in finding.message


@pytest.mark.parametrize("count", [9_999, 10**6, 10**18, 10**100])
def test_hundred_bytes_never_hold_a_process(count: int) -> None:
    started = time.monotonic()
    (finding,) = errors(fan_out={2: count})
    assert finding.path == "sheet.fan_out.2"
    assert time.monotonic() - started < 2


def test_bound_of_sheets_is_a_setting() -> None:
    text = make_score()
    assert not parse_score(text, limits=ScoreLimits(max_sheets=2)).is_valid
    assert parse_score(text, limits=ScoreLimits(max_sheets=3)).is_valid


def test_cycle_is_told_with_its_sheets() -> None:
    (finding,) = errors(total_items=4, dependencies={1: [2], 2: [3], 3: [1], 4: [3]})
    assert "1 → 2 → 3 → 1" in finding.message
    assert (finding.path, finding.line) == ("sheet.dependencies.1", 6)


def test_cycle_of_stages_is_told_with_its_sheets() -> None:
    (finding,) = errors(fan_out={1: 4, 2: 2}, dependencies={2: [3], 3: [2]})
    assert "5 → 7 → 5" in finding.message


def test_cycle_of_nine_thousand_sheets_is_found_and_told_briefly() -> None:
    chain = {n: [n - 1] for n in range(2, 9_001)}
    (finding,) = errors(total_items=9_000, dependencies={**chain, 1: [9_000]})
    assert "9000 sheets in all" in finding.message
    assert len(finding.message) < 300


def test_all_to_all_of_wide_stages_is_refused_without_writing_it_out() -> None:
    started = time.monotonic()
    (finding,) = errors(fan_out={1: 4_000, 2: 4_001}, dependencies={2: [1]})
    assert finding.path == "sheet.dependencies.2"
    assert "1,000,000 links" in finding.message
    assert time.monotonic() - started < 2


def test_pairwise_links_of_wide_stages_are_few() -> None:
    assert errors(fan_out={1: 4_000, 2: 4_000}, dependencies={2: [1], 3: [2]}) == []


graphs = st.dictionaries(st.integers(1, 8), st.lists(st.integers(1, 8), max_size=4), max_size=8)


def reaches_itself(graph: dict[int, list[int]], start: int) -> bool:
    seen: set[int] = set()
    todo = list(graph.get(start, ()))
    while todo:
        number = todo.pop()
        if number == start:
            return True
        if number not in seen:
            seen.add(number)
            todo += graph.get(number, ())
    return False


@given(graphs)
def test_a_cycle_is_found_exactly_if_there_is_one(graph: dict[int, list[int]]) -> None:
    found = list(cycles(graph))
    assert bool(found) == any(reaches_itself(graph, start) for start in graph)


@given(graphs)
def test_what_is_told_is_a_cycle(graph: dict[int, list[int]]) -> None:
    for circle in cycles(graph):
        following = (*circle[1:], circle[0])
        assert all(b in graph[a] for a, b in zip(circle, following, strict=True))


SIXTIES = "1" + ":59" * 340_000


@pytest.mark.parametrize(
    "text",
    [
        f"name: {SIXTIES}",
        f"name: -{SIXTIES}.5",
        f"name: !!int '{SIXTIES}'",
        f"{SIXTIES}: name",
        "a: [" + "? a," * 65_000 + "]",
        "a: [" + "? a," * 250_000 + "]",
        "? a\n" * 65_000,
        "a: [b:c, " + "? a," * 65_000 + "]",
        "a: [" + "\tb," * 80_000 + "]",
        "a: " + "[" * 1_000_000,
        "a: 0x" + "f" * 1_000_000,
        "a: !!binary " + "A" * 1_000_000,
        "a: 2001-01-01 01:01:01." + "1" * 1_000_000,
        "a: '" + "\\n" * 500_000,
    ],
    ids=lambda text: str(text)[:20],
)
def test_a_text_of_a_mebibyte_is_judged_in_a_few_seconds(text: str) -> None:
    started = time.process_time()
    assert not parse_score(text).is_valid
    assert time.process_time() - started < 8


@pytest.mark.parametrize("text", [SIXTIES, f"name: {SIXTIES}", f"name: !!int '{SIXTIES}'"])
def test_the_conductors_own_reading_is_not_held_by_such_a_number_either(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="far too large"):
        JobConfig.from_yaml_string(text)


def test_a_number_of_sixties_is_refused_in_its_place() -> None:
    (finding,) = parse_score(f"name: x\nsheet: {SIXTIES}").findings
    assert (finding.line, finding.column, finding.origin) == (2, 8, "podium")


def test_a_text_as_long_as_that_number_is_no_number() -> None:
    messages = [f.message for f in parse_score(f"name: '{SIXTIES}'").findings]
    assert "This number is far too large for Podium." not in messages
