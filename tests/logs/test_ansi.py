"""Colours become classes of ours, and nothing else of a control sequence is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.logs import Piece, pieces


def test_colours_and_styles_become_classes() -> None:
    assert pieces("a\x1b[1;31mb\x1b[22mc\x1b[0md") == [
        Piece("a", ()),
        Piece("b", ("bold", "ink-1")),
        Piece("c", ("ink-1",)),
        Piece("d", ()),
    ]


@pytest.mark.parametrize(
    ("codes", "classes"),
    [
        ("92", ("ink-10",)),
        ("44", ("paper-4",)),
        ("103", ("paper-11",)),
        ("38;5;196", ("ink-9",)),
        ("48;5;2", ("paper-2",)),
        ("38;2;0;0;200", ("ink-4",)),
        ("38:5:244", ("ink-7",)),
        ("7", ("inverse",)),
        ("38;5", ()),
        ("999;12345678901234567890", ()),
        ("", ()),
    ],
)
def test_every_kind_of_colour_has_a_class(codes: str, classes: tuple[str, ...]) -> None:
    assert pieces(f"\x1b[{codes}mx") == [Piece("x", classes)]


@pytest.mark.parametrize(
    "sequence",
    ["\x1b[2J", "\x1b[10;5H", "\x1b]0;title\x07", "\x1b]8;;https://x\x1b\\", "\x1b(B", "\x1bM"],
)
def test_other_sequences_leave_nothing(sequence: str) -> None:
    assert "".join(piece.text for piece in pieces(f"a{sequence}b")) == "ab"


@given(st.text(alphabet="\x1b[]0123456789;:mHJ?\x07\\ab"))
def test_classes_are_only_ours_whatever_is_written(text: str) -> None:
    allowed = {"bold", "faint", "italic", "under", "inverse", "struck"}
    allowed |= {f"{kind}-{number}" for kind in ("ink", "paper") for number in range(16)}
    assert all(set(piece.classes) <= allowed for piece in pieces(text))
