"""Slots are few for each person, few for all, and come back."""

from __future__ import annotations

import pytest

from jobs.slots import NoSlot, Slots


def test_one_person_leaves_slots_for_others() -> None:
    slots = Slots(most=4, most_of_person=2)
    slots.take(1)
    slots.take(1)
    with pytest.raises(NoSlot) as caught:
        slots.take(1)
    assert caught.value.is_own
    slots.take(2)
    assert slots.taken == 3


def test_there_are_no_more_than_so_many_for_all() -> None:
    slots = Slots(most=2, most_of_person=2)
    slots.take(1)
    slots.take(2)
    with pytest.raises(NoSlot) as caught:
        slots.take(3)
    assert not caught.value.is_own


def test_a_slot_that_is_given_back_twice_is_one_slot() -> None:
    slots = Slots(most=2, most_of_person=2)
    give_back = slots.take(1)
    slots.take(2)
    give_back()
    give_back()
    assert slots.taken == 1
    slots.take(3)
