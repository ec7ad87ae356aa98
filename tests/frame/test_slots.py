"""Slots are few for each person, few for all, and come back."""

from __future__ import annotations

import pytest

from jobs.errors import PodiumBusy
from jobs.slots import Slots


def test_one_person_leaves_slots_for_others() -> None:
    slots = Slots("downloads", most=4, most_of_person=2)
    slots.take(1)
    slots.take(1)
    with pytest.raises(PodiumBusy) as caught:
        slots.take(1)
    assert "downloads of yours" in str(caught.value)
    slots.take(2)
    assert slots.taken == 3


def test_there_are_no_more_than_so_many_for_all() -> None:
    slots = Slots("downloads", most=2, most_of_person=2)
    slots.take(1)
    slots.take(2)
    with pytest.raises(PodiumBusy) as caught:
        slots.take(3)
    assert "of yours" not in str(caught.value)
    assert caught.value.retry_after_s > 0


def test_a_slot_that_is_given_back_twice_is_one_slot() -> None:
    slots = Slots("downloads", most=2, most_of_person=2)
    give_back = slots.take(1)
    slots.take(2)
    give_back()
    give_back()
    assert slots.taken == 1
    slots.take(3)
