"""Small words: spans, ages, pictures of control characters, lines of output."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.admin.durations import ago_words, duration_words, span_words
from jobs.admin.job.sheet_rows import shares
from jobs.admin.looks import job_look, outcome_look, sheet_look
from jobs.admin.output import Joiner, Line, Piece
from jobs.admin.visible import last_lines, one_line, visible
from jobs.terms import KNOWN_JOB_STATUSES, KNOWN_SHEET_STATUSES, Outcome

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "not reported"),
        (0, "0 ms"),
        (0.0421, "42 ms"),
        (4.21, "4.2 s"),
        (42.9, "42 s"),
        (192, "3 min 12 s"),
        (7_500, "2 h 05 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_duration_is_told_in_at_most_two_units(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words


def test_clock_never_runs_backwards() -> None:
    assert span_words(-5) == "0 s"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-90, "in 1 min"),
        (0, "just now"),
        (34, "34 s ago"),
        (3_600, "1 h ago"),
        (86_400, "1 day ago"),
        (3 * 86_400, "3 days ago"),
        (60 * 86_400, "2 Mar 2026"),
    ],
)
def test_age_is_told_in_one_unit(seconds: int, words: str) -> None:
    assert ago_words(NOW - timedelta(seconds=seconds), NOW) == words


def test_control_characters_become_pictures_and_line_breaks_stay() -> None:
    assert visible("a\x00b\x1b[1mc\r\nd\te\x7f") == "a␀b␛[1mc\nd\te␡"


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\x85", "\u2028"])
def test_marks_that_would_turn_or_break_the_line_are_replaced(mark: str) -> None:
    assert visible(f"a{mark}b") == "a\ufffdb"


def test_name_of_500_letters_is_cut_for_a_line() -> None:
    assert one_line("x" * 500) == "x" * 119 + "…"


def test_name_with_line_breaks_stays_on_one_line() -> None:
    assert one_line("a\nb\tc") == "a␤b␉c"


def test_tail_is_bounded_in_lines_and_letters() -> None:
    assert last_lines("\n".join(str(n) for n in range(100)), lines=2, letters=50) == "98\n99"
    assert len(last_lines("x" * 10_000, lines=5, letters=100)) == 101


def joined(pieces: list[tuple[int | None, dict[str, Any]]]) -> list[Line]:
    joiner = Joiner()
    for sheet, data in pieces:
        joiner.take(sheet, data)
    return joiner.lines


def test_pieces_of_a_line_are_joined_and_streams_kept_apart() -> None:
    lines = joined(
        [
            (1, {"preview": "one\ntw"}),
            (1, {"preview": "oh", "stream": "stderr"}),
            (2, {"preview": "other\n"}),
            (1, {"preview": "o\n"}),
        ]
    )
    assert [(line.sheet, line.stream, line.text) for line in lines] == [
        (1, "stdout", "one"),
        (1, "stdout", "two"),
        (1, "stderr", "oh"),
        (2, "stdout", "other"),
    ]
    assert [line.is_open for line in lines] == [False, False, True, False]


def piece(text: str, offset: int, **more: Any) -> tuple[int, dict[str, Any]]:
    return 1, {"preview": text, "offset": offset, "length": len(text), "attempt": 1} | more


def test_what_follows_an_incomplete_piece_begins_a_line_of_its_own() -> None:
    lines = joined([piece("zzz", 0, length=9_000, preview_bytes=3), piece("the end\n", 9_000)])
    assert [line.text for line in lines] == [
        "zzz",
        "8,997 bytes more are in the log file",
        "the end",
    ]


def test_piece_that_was_told_twice_is_shown_once() -> None:
    lines = joined([piece("one\n", 0), piece("one\n", 0), piece("two\n", 4)])
    assert [line.text for line in lines] == ["one", "two"]


def test_bytes_that_no_event_told_of_are_remarked_upon() -> None:
    lines = joined([piece("one\n", 0), piece("three\n", 8)])
    assert [line.text for line in lines] == [
        "one",
        "4 bytes between are in the log file",
        "three",
    ]


def test_next_attempt_begins_with_its_number() -> None:
    lines = joined([piece("one", 0), piece("again\n", 30, attempt=2)])
    assert [(line.stream, line.text) for line in lines] == [
        ("stdout", "one"),
        ("mark", "attempt 2"),
        ("stdout", "again"),
    ]


def test_page_begins_in_the_middle_of_a_log_without_a_remark() -> None:
    assert [line.text for line in joined([piece("late\n", 5_000)])] == ["late"]


def test_empty_lines_are_kept() -> None:
    assert [line.text for line in joined([(1, {"preview": "a\n\nb\n"})])] == ["a", "", "b"]


def test_escape_sequences_stand_apart_from_the_words() -> None:
    [line] = joined([(1, {"preview": "\x1b[32mok\x1b[0m"})])
    assert line.pieces == [
        Piece("␛[32m", is_control=True),
        Piece("ok", is_control=False),
        Piece("␛[0m", is_control=True),
    ]


@pytest.mark.parametrize("status", sorted(KNOWN_JOB_STATUSES))
def test_every_known_job_status_has_a_look_of_its_own(status: str) -> None:
    assert job_look(status).icon != "unknown"


@pytest.mark.parametrize("status", sorted(KNOWN_SHEET_STATUSES))
def test_every_known_sheet_status_has_a_look_of_its_own(status: str) -> None:
    assert sheet_look(status, job_is_terminal=False).icon != "unknown"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_look(outcome: Outcome) -> None:
    assert outcome_look(outcome).word == outcome


def test_status_that_is_new_is_shown_in_its_own_words() -> None:
    look = job_look("waiting_for_moon")
    assert (look.word, look.tone) == ("waiting for moon", "odd")


def test_shares_add_up_to_all_sheets() -> None:
    counts = {"completed": 3, "dispatched": 1, "in_progress": 1, "pending": 5}
    found = shares(counts, job_is_terminal=False)
    assert [(share.word, share.count, share.start) for share in found] == [
        ("completed", 3, 0),
        ("running", 2, 3),
        ("pending", 5, 5),
    ]
