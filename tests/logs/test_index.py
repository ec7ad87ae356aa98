"""The index of lines: true, bounded, and aware of a file that is another one now."""

from __future__ import annotations

import pytest

from jobs.logs import Bytes, LineIndex

LINES = b"".join(b"line %d\n" % number for number in range(1, 200_001))


def test_lines_are_found_by_number_and_numbers_by_place() -> None:
    source, index = Bytes(LINES), LineIndex()
    assert index.extend(source, len(LINES), budget_s=60)
    for number in (1, 2, 77, 30_000, 199_999, 200_000):
        offset = LINES.index(b"line %d\n" % number)
        assert index.offset_of(source, number) == offset
        assert index.line_at(source, offset) == index.line_at(source, offset + 3) == number
    assert index.offset_of(source, 200_001) == len(LINES)
    assert index.offset_of(source, 200_002) is None


def test_what_is_not_counted_yet_has_no_number() -> None:
    source, index = Bytes(LINES), LineIndex()
    assert not index.extend(source, len(LINES), budget_s=-1)
    assert index.line_at(source, 100_000) is None
    assert index.offset_of(source, 200) is None


def test_a_long_file_has_no_more_marks_than_a_short_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.logs.index.MAX_MARKS", 16)
    index = LineIndex()
    index.stride = 64
    assert index.extend(Bytes(LINES[:100_000]), 100_000, budget_s=60)
    assert len(index.marks) <= 17
    data = LINES[:100_000]
    assert index.line_at(Bytes(data), 77_777) == data.count(b"\n", 0, 77_777) + 1
    assert index.offset_of(Bytes(data), 5_000) == data.index(b"line 5000\n")


def test_growth_is_counted_on() -> None:
    index = LineIndex()
    for size in (10, 1_000, 300_000, 300_001, len(LINES)):
        assert index.extend(Bytes(LINES[:size]), size, budget_s=60)
        assert index.breaks == LINES.count(b"\n", 0, size)


def test_a_truncated_file_is_counted_anew() -> None:
    index = LineIndex()
    index.extend(Bytes(LINES), len(LINES), budget_s=60)
    index.extend(Bytes(b"a\nb\n"), 4, budget_s=60)
    assert (index.breaks, index.until) == (2, 4)


def test_a_file_that_was_truncated_and_has_grown_again_is_counted_anew() -> None:
    index = LineIndex()
    index.extend(Bytes(b"a\n" * 1_000), 2_000, budget_s=60)
    index.extend(Bytes(b"bcd\n" * 1_000), 4_000, budget_s=60)
    assert index.breaks == 1_000


def test_attempts_are_noted_once_with_their_lines() -> None:
    data = b"x" * 262_130 + b"\n\n[podium] attempt 2 starts\nabc\n [podium] attempt 9 starts\n"
    data += b"\n[podium] attempt 3 starts\n[podium] attempt x starts\n"
    index = LineIndex()
    for size in (262_140, 262_150, len(data)):
        index.extend(Bytes(data[:size]), size, budget_s=60)
    assert [(mark.number, mark.line) for mark in index.attempts] == [(2, 3), (3, 7)]
    assert all(data[mark.offset :].startswith(b"[podium] attempt") for mark in index.attempts)


def test_while_another_counts_nobody_waits_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.logs.index.LOCK_S", 0.01)
    source, index = Bytes(LINES), LineIndex()
    assert index.extend(source, len(LINES), budget_s=60)
    with index._lock:
        assert index.line_at(source, 100_000) is None
        assert index.offset_of(source, 200) is None
        assert not index.extend(source, len(LINES), budget_s=60)
    assert index.offset_of(source, 2) == len(b"line 1\n")
