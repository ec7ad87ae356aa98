"""What two texts differ in."""

from __future__ import annotations

import random
import time

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from jobs.admin.diffs import DiffView, diff_rows
from tests.waiting import patience

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "d\r"]), max_size=12).map("\n".join)


def signs(view: DiffView) -> list[str]:
    return [f"{row.sign}{row.text}" for row in view.rows]


def test_equal_texts_have_no_rows() -> None:
    view = diff_rows("a\nb\n", "a\nb\n")
    assert view.is_same
    assert view.rows == ()


def test_a_changed_line_is_shown_as_taken_away_and_added() -> None:
    view = diff_rows("a\nb\nc\n", "a\nB\nc\n")
    assert signs(view) == [" a", "−b", "+B", " c"]
    assert [(row.old, row.new) for row in view.rows] == [(1, 1), (2, None), (None, 2), (3, 3)]
    assert (view.added, view.removed) == (1, 1)


def test_equal_lines_far_from_a_difference_are_left_out_and_counted() -> None:
    old = "".join(f"{number}\n" for number in range(1, 101))
    view = diff_rows(old, old.replace("50\n", "fifty\n"))
    assert signs(view)[:4] == ["⋯46 lines are the same", " 47", " 48", " 49"]
    assert signs(view)[-1] == "⋯47 lines are the same"
    assert len(view.rows) == 10


def test_a_missing_line_break_at_the_end_is_a_difference() -> None:
    view = diff_rows("a\nb", "a\nb\n")
    assert not view.is_same
    assert [row.lacks_end for row in view.rows if row.kind == "del"] == [True]
    assert [row.lacks_end for row in view.rows if row.kind == "add"] == [False]


def test_rows_are_bounded_and_the_rest_is_counted() -> None:
    view = diff_rows("", "x\n" * 500, max_rows=100)
    assert len(view.rows) == 100
    assert view.more == 400
    assert view.added == 500


def test_long_lines_are_cut() -> None:
    view = diff_rows("", "x" * 100_000)
    assert len(view.rows[0].text) == 2_000


def test_what_is_unprintable_is_shown_and_not_obeyed() -> None:
    view = diff_rows("", "a\x1b[31m\u202eb\n")
    assert signs(view) == ["+a␛[31m\ufffdb"]


@given(TEXTS, TEXTS)
def test_the_rows_hold_both_texts(old: str, new: str) -> None:
    view = diff_rows(old, new, context=100)
    if view.is_same:
        assert old == new
        return

    def told(kinds: set[str]) -> str:
        rows = [row for row in view.rows if row.kind in kinds]
        return "".join(row.text + ("" if row.lacks_end else "\n") for row in rows)

    assert told({"same", "del"}) == old.replace("\r", "␍")
    assert told({"same", "add"}) == new.replace("\r", "␍")


def test_long_texts_meet_at_lines_that_are_unique() -> None:
    old = [f"line {number}\n" for number in range(20_000)]
    new = [line for line in old if line != "line 7000\n"]
    new.insert(15_000, "new\n")
    view = diff_rows("".join(["0\n", *old, "1\n"]), "".join(["2\n", *new, "3\n"]))
    assert (view.added, view.removed) == (3, 3)


def _random_lines(letters: str, count: int) -> str:
    dice = random.Random(4)
    return "".join(f"{dice.choice(letters)}\n" for _ in range(count))


def _dots(between: str) -> str:
    return "".join(f".{between}{chr(0x2190 + number)}{between}" for number in range(316))


_SHUFFLED = random.Random(4).sample([f"{number}\n" for number in range(60_000)], 60_000)
HARD = {
    "a line of dots": ("." * 632 + "\n", _dots("") + "\n"),
    "many lines of dots": (("." * 632 + "\n") * 500, (_dots("") + "\n") * 500),
    "lines that are dots": (".\n" * 632, _dots("\n")),
    "lines that are dots, but for a few": (".\n" * 2_000, ".\n1\n.\n2\n.\n3\n" * 30),
    "two letters": (_random_lines("ab", 400_000), _random_lines("ba", 400_000)),
    "half of the lines between others": (
        "".join(f"{number}\n.\n" for number in range(20_000)),
        "".join(f"{number}\n,\n" for number in range(20_000)),
    ),
    "lines in another order": ("".join(_SHUFFLED), "".join(sorted(_SHUFFLED))),
    "lines in another order, fewer": (
        "".join(_SHUFFLED[:29_000]),
        "".join(sorted(_SHUFFLED[:29_000])),
    ),
    "nothing but line breaks": ("\n" * 1_048_576, "x\n" * 524_288),
}


@pytest.mark.parametrize("name", HARD)
def test_texts_made_to_be_hard_to_compare_take_little_time(name: str) -> None:
    began = time.process_time()
    view = diff_rows(*HARD[name])
    took_s = time.process_time() - began
    assert not view.is_same
    assert took_s < patience(0.5)  # a tenth of a second on a machine with nothing else to do


def test_what_cannot_be_compared_in_time_is_said_to_be_coarse() -> None:
    assert not diff_rows("a\n" * 2_000, "a\nb\n" + "a\n" * 1_999).is_coarse
    view = diff_rows(*HARD["two letters"])
    assert view.is_coarse
    assert 'data-testid="diff-coarse"' in render_to_string("jobs/_diff.html", {"diff": view})


def test_words_that_cannot_be_compared_in_time_are_not_marked() -> None:
    view = diff_rows(*HARD["a line of dots"])
    assert [row.kind for row in view.rows] == ["del", "add"]
    assert all(not row.pieces for row in view.rows)


def test_pieces_of_lines_are_bounded() -> None:
    words = " ".join(f"w{number}" for number in range(20))
    view = diff_rows(f"{words}\n" * 1_000, f"{words.replace(' ', ', ')}\n" * 1_000)
    assert sum(len(row.pieces) for row in view.rows) < 30_000


def test_rows_are_counted_as_if_all_were_made() -> None:
    dice = random.Random(4)
    for _ in range(100):
        old = [dice.choice("abcdefgh") for _ in range(dice.randrange(60))]
        new = [letter for letter in old if dice.random() < 0.9] + ["x"] * dice.randrange(2)
        texts = "\n".join(old), "\n".join(new)
        assert diff_rows(*texts, max_rows=3).more == max(0, len(diff_rows(*texts).rows) - 3)


def test_the_page_escapes_what_the_texts_hold() -> None:
    page = render_to_string("jobs/_diff.html", {"diff": diff_rows("", "<b>'x'</b>\n")})
    assert "<b>" not in page
    assert "+1 added" in page


def test_changed_words_of_a_long_line_are_marked() -> None:
    start = "echo " + "word " * 60
    old, new = diff_rows(start + "false\n", start + "true\n").rows
    assert [piece.text for piece in old.pieces if piece.is_changed] == ["false"]
    assert [piece.text for piece in new.pieces if piece.is_changed] == ["true"]
    assert "".join(piece.text for piece in new.pieces) == new.text
    shown = render_to_string("jobs/_diff.html", {"diff": diff_rows("a b <x\n", "a b <y\n")})
    assert "a b &lt;<mark>y</mark>" in shown


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    assert all(not row.pieces for row in diff_rows("one two\n", "drei vier\n").rows)
