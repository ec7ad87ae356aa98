"""Denials are recorded once a minute and counted in between."""

from __future__ import annotations

import time

import pytest

from jobs.access.denials import NAMED, Denials, counted


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


def test_names_are_bounded_and_those_that_matter_have_room_left() -> None:
    brake = Denials()
    brake.knock("a")
    for number in range(NAMED + 5):
        brake.knock("a", what=f"pause job {number}", matters=False)
    brake.knock("a", what="cancel job 2", matters=True)
    ((_, tally),) = brake.left_over(all_of_them=True)
    assert (tally.number, len(tally.named)) == (NAMED + 6, NAMED + 1)
    assert "cancel job 2" in tally.words()


def test_what_could_not_be_written_is_counted_on() -> None:
    brake = Denials()
    brake.knock("a")
    brake.knock("a", what="pause job 1")
    ((kind, tally),) = brake.left_over(all_of_them=True)
    brake.forget(kind, tally)
    assert brake.knock("a").counted.words() == ["pause job 1"]
