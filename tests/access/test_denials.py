"""Denials are recorded once a minute and counted in between."""

from __future__ import annotations

import time

import pytest

from jobs.access.denials import Denials, counted


def test_those_within_a_minute_are_counted_for_the_next_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    brake = Denials()
    assert [brake.due("a") for _ in range(4)] == [0, None, None, None]
    assert brake.due("b") == 0
    now += 60
    assert brake.due("a") == 3
    assert counted("No.", 3) == "No. (3 more since the last record.)"


def test_a_record_that_could_not_be_written_is_due_again() -> None:
    brake = Denials()
    assert brake.due("a") == 0
    brake.forget("a")
    assert brake.due("a") == 0
