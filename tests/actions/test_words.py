"""Text that comes along with an action."""

from __future__ import annotations

import pytest

from jobs.actions.words import (
    MAX_MESSAGE_LETTERS,
    MAX_REASON_LETTERS,
    UnfitText,
    key_from,
    reason_from,
    shortened,
)


def test_reason_keeps_its_lines_and_loses_what_nobody_can_store() -> None:
    assert reason_from(" two\r\nlines\0\ud800\x1b ") == "two\nlines\ufffd\ufffd\ufffd"


def test_half_a_reason_is_never_recorded() -> None:
    with pytest.raises(UnfitText):
        reason_from("x" * (MAX_REASON_LETTERS + 1))


@pytest.mark.parametrize("key", ["", "with space", "x" * 201, "tab\t", "ümlaut", "nul\0"])
def test_odd_key_is_refused(key: str) -> None:
    with pytest.raises(UnfitText):
        key_from(key)


def test_plain_key_and_none_pass() -> None:
    assert (key_from("a-Z_9!"), key_from(None)) == ("a-Z_9!", None)


def test_endless_message_is_bounded() -> None:
    assert len(shortened("x" * 100_000)) == MAX_MESSAGE_LETTERS
