"""What is pruned now and then, and that one fault does not keep the rest from it."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from django.db import DatabaseError

from jobs.actions import upkeep
from jobs.actions.upkeep import Upkeep
from jobs.errors import AuditUnavailable

STEPS = ("give_up", "close_abandoned", "prune_keys", "forget_old_choices", "prune_files")
HOURLY = STEPS[2:]


class Steps:
    """Stands in for all that is done; counts what is asked for, and raises where it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: Counter[str] = Counter()
        self.broken: dict[str, BaseException] = {}
        self.now_s = 1_000_000.0
        monkeypatch.setattr(upkeep, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(upkeep, "give_up", self._give_up)
        for name in STEPS[1:]:
            monkeypatch.setattr(upkeep, name, lambda *_, name=name: self._do(name))

    def _do(self, name: str) -> int:
        self.asked[name] += 1
        if error := self.broken.get(name):
            raise error
        return 0

    async def _give_up(self) -> int:
        return self._do("give_up")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """All steps of one upkeep, and its clock."""
    return Steps(monkeypatch)


async def test_pruning_is_done_once_an_hour(steps: Steps) -> None:
    upkept = Upkeep()
    for _ in range(3):
        await upkept.tend()
    assert {steps.asked[name] for name in HOURLY} == {1}
    steps.now_s += 3_601
    await upkept.tend()
    assert {steps.asked[name] for name in HOURLY} == {2}


@pytest.mark.parametrize("name", STEPS)
async def test_step_that_fails_keeps_no_other_from_being_done(steps: Steps, name: str) -> None:
    steps.broken[name] = AuditUnavailable("full") if name == "give_up" else DatabaseError("locked")
    await Upkeep().tend()
    assert steps.asked == dict.fromkeys(STEPS, 1)


@pytest.mark.parametrize("name", HOURLY)
async def test_pruning_that_failed_is_tried_again_in_minutes(steps: Steps, name: str) -> None:
    upkept = Upkeep()
    steps.broken[name] = DatabaseError("database is locked")
    await upkept.tend()
    steps.broken.clear()
    await upkept.tend()
    assert steps.asked[name] == 1
    for _ in range(2):
        steps.now_s += 301
        await upkept.tend()
    assert steps.asked[name] == 2


async def test_pruning_that_is_cut_short_is_tried_again_in_minutes(steps: Steps) -> None:
    upkept = Upkeep()
    steps.broken["prune_keys"] = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await upkept.tend()
    steps.broken.clear()
    steps.now_s += 301
    await upkept.tend()
    assert steps.asked["prune_files"] == 1
