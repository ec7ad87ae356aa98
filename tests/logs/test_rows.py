"""Rows: every byte is in exactly one, from wherever one begins to read."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.logs import Bytes
from jobs.logs.rows import GRID_BYTES, LONGEST_ROW, row_start, rows_of
from tests.logs.reading import reader_of, shown

LETTERS = st.sampled_from([b"a", "é".encode(), "€".encode(), "🎼".encode(), b"\xff", b"\x80"])
RUN = st.tuples(LETTERS, st.sampled_from([1, 2, 1000, 1365, 4095, 4096, 4097, 9000]))
BREAKS = st.tuples(st.just(b"\n"), st.sampled_from([1, 2, 30]))
RUNS = st.lists(RUN | BREAKS, max_size=6)


def whole_rows(data: bytes) -> list[tuple[int, int]]:
    rows = rows_of(data, 0, is_whole=True, begins_line=True)
    return [(row.offset, row.end) for row in rows]


@settings(max_examples=60, deadline=None)
@given(RUNS)
@example([(b"a", 4096), (b"\n", 1), (b"a", 8192), (b"\n", 1)])
@example([(b"a", 4095), ("é".encode(), 4096), (b"\n", 1)])
def test_the_row_of_a_place_is_the_same_wherever_reading_began(
    runs: list[tuple[bytes, int]],
) -> None:
    data = b"".join(letter * count for letter, count in runs)
    rows = whole_rows(data)
    assert [start for start, _ in rows] == [0, *(end for _, end in rows)][: len(rows)]
    assert rows[-1][1] == len(data) if rows else not data
    source, pick = Bytes(data), random.Random(len(data))
    for start, end in rows:
        assert end - start <= LONGEST_ROW
        for place in {start, end - 1, pick.randrange(start, end)}:
            assert row_start(source, place) == start


@settings(max_examples=40, deadline=None)
@given(RUNS, st.integers(1, 7))
def test_windows_forward_and_backward_show_the_same_rows(
    runs: list[tuple[bytes, int]], max_rows: int
) -> None:
    data = b"".join(letter * count for letter, count in runs)
    rows, reader = whole_rows(data), reader_of(data)
    place, found = 0, []
    while place < len(data):
        window = reader.forward(place, max_rows=max_rows, max_bytes=20_000)
        found += [(row.offset, row.end) for row in window.rows]
        place = window.end
    assert found == rows
    place, found = len(data), []
    while place > 0:
        window = reader.backward(place, max_rows=max_rows, max_bytes=20_000)
        found = [(row.offset, row.end) for row in window.rows] + found
        place = window.start
    assert found == rows


@settings(max_examples=40, deadline=None)
@given(RUNS)
def test_each_row_bears_the_number_of_its_line(runs: list[tuple[bytes, int]]) -> None:
    data = b"".join(letter * count for letter, count in runs)
    reader = reader_of(data)
    for offset, _ in whole_rows(data)[:30]:
        row = reader.forward(offset, max_rows=1).rows[0]
        assert row.number == data.count(b"\n", 0, offset) + 1
        assert row.is_continuation == (offset > 0 and data[offset - 1] != 10)


def test_a_character_is_never_cut_in_two() -> None:
    data = "€".encode() * 10_000
    rows = reader_of(data).forward(0).rows
    assert len(rows) > 2
    assert not any("�" in text for text in shown(list(rows)))


def test_a_line_of_50_mib_is_shown_in_pieces_at_once() -> None:
    data = b"first\n" + b"x" * 52_428_800 + b"\nlast\n"
    reader = reader_of(data)
    began = time.perf_counter()
    middle = reader.forward(26_000_000)
    last = reader.tail().rows[-1]
    assert time.perf_counter() - began < 2
    assert middle.end - middle.start <= 131_072 + LONGEST_ROW
    assert {row.number for row in middle.rows} == {2}
    assert (last.data, last.number) == (b"last\n", 3)


def test_the_last_line_is_open_until_it_ends() -> None:
    assert [row.is_open for row in reader_of(b"one\ntw").tail().rows] == [False, True]
    assert [row.is_open for row in reader_of(b"one\ntwo\n").tail().rows] == [False, False]


@pytest.mark.parametrize("data", [b"", b"\n", b"\0\0\n\xff\xfe", b"\r\n\r\n"])
def test_whatever_bytes_there_are_every_one_is_in_a_row(data: bytes) -> None:
    assert b"".join(row.data for row in reader_of(data).tail().rows) == data


def test_rows_around_a_place_meet_there() -> None:
    data = b"".join(b"line %d\n" % number for number in range(10_000))
    window = reader_of(data).around(data.index(b"line 5000\n"))
    texts = shown(window.rows)
    assert "line 5000" in texts
    assert texts == [f"line {number}" for number in range(4934, 5134)]


def test_complete_rows_between_two_places_are_told_once() -> None:
    data = b"one\ntwo\n" + b"x" * (3 * GRID_BYTES) + b"\nfour\nfi"
    reader, found, place = reader_of(data), [], 0
    for end in (2, 4, 5, 9, 4_100, 8_300, 12_310, len(data)):
        found += reader.ending_between(place, end)
        place = end
    assert b"".join(row.data for row in found) == data[: data.index(b"fi")]
