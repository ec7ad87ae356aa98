"""Searching and filtering: what is found, and in how much time."""

from __future__ import annotations

import sys
import time

import pytest

from jobs.logs import BadPattern, Filter, Level, Reader, SearchTooSlow, Window, levels_named
from jobs.logs.filters import PIECE_BYTES
from jobs.logs.levels import level_of
from jobs.logs.patterns import compiled
from jobs.logs.reader import BLOCK_BYTES
from tests.logs.reading import reader_of, shown
from tests.waiting import patience

LOG = b"""\
2026-01-01 INFO starting
2026-01-01 DEBUG details
WARN: slow
2026-01-01 ERROR it broke
Traceback (most recent call last):
  File "x.py", line 1
    boom()
ValueError: boom
INFO 0 errors
plain words
"""


def found(data: bytes, **wanted: object) -> list[str]:
    chosen = Filter.of(**wanted)  # type: ignore[arg-type]  # given by name to each test
    return shown(reader_of(data).matching_forward(0, chosen).rows)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-11-24 19:00 INFO 0 errors", Level.INFO),
        ("ERROR x", Level.ERROR),
        ("error: foo", Level.ERROR),
        ("a.c:3:4: warning: unused", Level.WARN),
        ('{"level":"warn","m":1}', Level.WARN),
        ("level=debug msg=x", Level.DEBUG),
        ("KeyError: 'x'", Level.ERROR),
        ("W0102 12:00 x.go:3] y", Level.WARN),
        ("[debug] z", Level.DEBUG),
        ("npm ERR! code E404", Level.ERROR),
        ("panic: runtime error", Level.ERROR),
        ("\x1b[1;33mWARN\x1b[0m slow", Level.WARN),
        ("no errors found", None),
        ("information", None),
        ("x" * 300 + " ERROR", None),
    ],
)
def test_levels_are_recognised_by_common_patterns(line: str, level: Level | None) -> None:
    assert level_of(line.encode()) == level


def test_a_level_shows_its_lines_and_what_is_indented_below() -> None:
    assert found(LOG, levels=levels_named(["error"])) == [
        "2026-01-01 ERROR it broke",
        "Traceback (most recent call last):",
        '  File "x.py", line 1',
        "    boom()",
        "ValueError: boom",
    ]


def test_words_and_levels_are_joined_by_and() -> None:
    assert found(LOG, query="BOOM", levels=levels_named(["error"])) == [
        "    boom()",
        "ValueError: boom",
    ]


def test_case_is_left_aside_unless_it_is_asked_for() -> None:
    assert found("Straße ÉTÉ\n".encode(), query="été") == ["Straße ÉTÉ"]
    assert found(LOG, query="error", any_case=False) == ["INFO 0 errors"]


def test_words_are_no_expression_unless_they_are_said_to_be() -> None:
    assert found(b"a.b\naxb\n", query="a.b") == ["a.b"]
    assert found(b"a.b\naxb\n", query="^a.b$", is_regex=True) == ["a.b", "axb"]


def test_words_are_found_through_colours() -> None:
    data = b"plain\n\x1b[31mERR\x1b[1mOR\x1b[0m: it broke\n"
    chosen = Filter.of("error: it")
    assert reader_of(data).offsets(0, chosen, most=9, budget_s=5)[0] == [6]
    assert reader_of(data).matching_forward(0, Filter.of("31m")).rows == ()


def test_each_line_is_found_once() -> None:
    offsets, until = reader_of(b"aaa\nb\naa\n").offsets(0, Filter.of("a"), most=9, budget_s=5)
    assert (offsets, until) == ([0, 6], 9)


def test_no_more_is_found_than_asked_for_and_it_goes_on_from_there() -> None:
    data = b"".join(b"hit %d\n" % number for number in range(1_000))
    first, until = reader_of(data).offsets(0, Filter.of("hit"), most=10, budget_s=5)
    more, _ = reader_of(data).offsets(until, Filter.of("hit"), most=10, budget_s=5)
    assert [data[offset:].split(b"\n")[0] for offset in (first + more)[9:11]] == [
        b"hit 9",
        b"hit 10",
    ]


def test_what_is_found_in_a_long_line_is_the_part_of_it() -> None:
    data = b"x\n" + b"y" * 1_000_000 + b"needle" + b"z" * 3_000_000 + b"\n"
    row = reader_of(data).matching_forward(0, Filter.of("needle")).rows[0]
    assert b"needle" in row.data
    assert (row.is_continuation, row.number) == (True, 2)


def test_matching_rows_backward_are_those_forward() -> None:
    lines = (b"%d ERROR hit\n" % n if n % 7 == 0 else b"%d INFO x\n" % n for n in range(200_000))
    reader = reader_of(b"".join(lines))
    for chosen in (Filter.of("hit"), Filter.of(levels=levels_named(["error"]))):
        window = reader.matching_backward(reader.size, chosen, max_rows=30, budget_s=20)
        again = reader.matching_forward(window.start, chosen, max_rows=30, budget_s=20)
        assert window.rows == again.rows
        assert len(window.rows) == 30
        assert all(row.number == row.offset_line for row in map(Numbered, window.rows))


class Numbered:
    """A row whose text says which line it is."""

    def __init__(self, row: object) -> None:
        self.number = row.number  # type: ignore[attr-defined]  # a row
        self.offset_line = int(row.data.split()[0]) + 1  # type: ignore[attr-defined]  # a row


@pytest.mark.parametrize("pattern", ["(", "a{1001}", "(?=x)", "\\1", "x" * 501])
def test_an_expression_that_cannot_be_used_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Filter.of(pattern, is_regex=True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:[\n-~]?){1000}\x7f|(?:[\n-~]?){999}\x7f",
        "|".join(rf"(?:[\n-~]?){{{1000 - n}}}\x7f" for n in range(21)),
        r"\p{L}{3,20}",
    ],
)
def test_an_expression_that_becomes_a_large_program_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match="too large"):
        Filter.of(pattern, is_regex=True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)\berror\b.*\d+",
        r"(?i)\p{L}+\s\p{N}+",
        r"\p{Lu}\p{Ll}+",
        r".{200,}",
        r"x{1000}",
        r"https?://[^\s/]+/\S{0,50}",
        r"\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b",
        "|".join(f"word{n}" for n in range(60)),
    ],
)
def test_ordinary_expressions_are_small_enough(pattern: str) -> None:
    assert Filter.of(pattern, is_regex=True).query is not None


def test_words_of_any_script_are_small_enough() -> None:
    assert Filter.of("ǅ" * 500).query is not None


SLOW = Filter.of(r"(?:[\n-~]?){990}\x7f", is_regex=True, any_case=False)


def forward(reader: Reader) -> Window:
    return reader.matching_forward(0, SLOW, budget_s=0)


def backward(reader: Reader) -> Window:
    return reader.matching_backward(reader.size, SLOW, budget_s=0)


@pytest.mark.parametrize("windowed", [forward, backward])
def test_the_time_is_looked_at_after_little_where_an_expression_is_large(windowed: object) -> None:
    window = windowed(reader_of(b"ab c" * 500_000))  # type: ignore[operator]  # one of the above
    assert 0 < window.end - window.start <= 20_000


def test_a_download_of_what_is_filtered_comes_in_small_pieces() -> None:
    pieces = reader_of(b"ab c" * 20_000).chosen(SLOW)
    assert len(list(pieces)) >= 8


def test_no_match_goes_beyond_its_line() -> None:
    assert found(b"a\nz\naxz\n", query=r"(?s:a.z)|a\sz", is_regex=True) == ["axz"]


def test_lines_take_time_in_proportion_whatever_an_expression_looks_for() -> None:
    chosen = Filter.of(r"(?s:a.*z|a)", is_regex=True)
    began = time.perf_counter()
    reader_of(b"a\n" * 200_000).offsets(0, chosen, most=10**9, budget_s=600)
    assert time.perf_counter() - began < patience(10)


@pytest.mark.parametrize("cut", [PIECE_BYTES, BLOCK_BYTES])
def test_what_lies_across_a_cut_of_a_long_line_is_found(cut: int) -> None:
    data = b"y" * (cut - 3) + b"needle" + b"z" * BLOCK_BYTES
    rows = reader_of(data).matching_forward(0, Filter.of("needle"), budget_s=60).rows
    assert [row.offset <= cut - 3 < row.end for row in rows] == [True]


def test_rows_of_many_places_are_looked_through_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = reader_of(b"hit\n").tail().rows[0]
    assert Filter.of("hit").fits(row)
    monkeypatch.setattr("jobs.logs.filters.ROWS_S", 0.0)
    with pytest.raises(SearchTooSlow, match="too long"):
        Filter.of("hit").fits(row)


def test_places_are_marked_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.logs.filters.ROWS_S", 0.0)
    query = Filter.of("hit").query
    assert query is not None
    assert list(query.all(b"hit hit")) == []


def test_few_expressions_are_kept() -> None:
    for number in range(40):
        compiled(f"few {number}")
    assert compiled.cache_info().currsize <= 16


def test_an_expression_is_kept_nowhere_else() -> None:
    expression = compiled("nowhere else").compiled
    compiled.cache_clear()
    assert sys.getrefcount(expression) == 2  # here, and by the call


def test_no_expression_takes_long() -> None:
    data = b"a" * 300_000 + b"!\n"
    began = time.perf_counter()
    reader_of(data).offsets(0, Filter.of("(a*)*(a|aa)+$", is_regex=True), most=9, budget_s=5)
    assert time.perf_counter() - began < 5


def test_a_search_ends_in_its_time_and_says_how_far_it_came() -> None:
    data = b"x" * 2_000_000 + b"\n" + b"y\n" * 2_000_000
    offsets, until = reader_of(data).offsets(0, Filter.of("nothing"), most=9, budget_s=0.0)
    assert offsets == []
    assert until < len(data)
    found, until = reader_of(data).offsets(0, Filter.of("nothing"), most=9, budget_s=60)
    assert until == len(data)
    assert found == []
