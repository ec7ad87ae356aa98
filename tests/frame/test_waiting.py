"""Waiting with a deadline."""

from __future__ import annotations

import pytest

from tests.waiting import eventually, patience, wait_until


def test_waiting_gives_the_first_true_value() -> None:
    answers = iter([0, 0, 7])
    assert wait_until(lambda: next(answers)) == 7


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(TimeoutError, match="in vain for the moon"):
        wait_until(lambda: False, timeout_s=0.02, what="the moon")


async def test_waiting_on_the_loop_takes_a_coroutine_function() -> None:
    answers = iter([0, 0, 7])

    async def next_answer() -> int:
        return next(answers)

    assert await eventually(next_answer) == 7


async def test_waiting_on_the_loop_ends_at_the_deadline() -> None:
    with pytest.raises(TimeoutError, match="in vain for the moon"):
        await eventually(lambda: False, timeout_s=0.02, what="the moon")


def test_patience_stretches_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_TEST_PATIENCE", "3")
    assert patience(2.0) == 6.0
