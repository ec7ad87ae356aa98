"""Judging before asking."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User

from jobs.actions import InlineScore, preparation
from jobs.actions.judges import CHECKS, SUBMITS, Judges
from jobs.errors import PodiumBusy
from tests.actions.judges import busy_judges, places_taken
from tests.actions.scripted import score_text
from tests.waiting import patience


async def test_only_so_many_scores_wait_to_be_judged(
    operator: User,
) -> None:
    with busy_judges(), pytest.raises(PodiumBusy):
        await preparation.prepare(operator, InlineScore(score_text()))
    assert (await preparation.prepare(operator, InlineScore(score_text()))).is_acceptable


async def test_one_person_leaves_places_for_others(operator: User) -> None:
    score = InlineScore(score_text())
    with places_taken(CHECKS, CHECKS.slots.most_of_person, by=-1):
        with pytest.raises(PodiumBusy, match="scores of yours"), CHECKS.place(-1):
            pass
        assert (await preparation.prepare(operator, score)).is_acceptable


async def test_submit_finds_a_place_while_checks_have_all_of_theirs(operator: User) -> None:
    score = InlineScore(score_text())
    with places_taken(CHECKS, CHECKS.slots.most):
        assert (await preparation.prepare(operator, score, for_submit=True)).is_acceptable


async def test_slow_scores_of_one_person_hold_up_nobody_else() -> None:
    judges = Judges("test", "checks", most=9, most_of_person=8)
    may_end = threading.Event()
    slow = [asyncio.create_task(judges.ask(1, may_end.wait)) for _ in range(8)]
    async with asyncio.timeout(patience(5)):
        assert await judges.ask(2, lambda: "judged") == "judged"
    may_end.set()
    assert all(await asyncio.gather(*slow))


async def test_those_whose_asker_has_gone_are_passed_over() -> None:
    judges = Judges("test", "checks", most=9, most_of_person=8)
    may_end, asked = threading.Event(), []
    first = asyncio.create_task(judges.ask(1, may_end.wait))
    gone = asyncio.create_task(judges.ask(1, lambda: asked.append("gone")))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    may_end.set()
    await first
    assert await judges.ask(1, lambda: "next") == "next"
    assert asked == []


@pytest.mark.parametrize("judges", [CHECKS, SUBMITS])
async def test_judge_that_breaks_gives_its_place_back(
    operator: User, monkeypatch: pytest.MonkeyPatch, judges: Judges
) -> None:
    with ThreadPoolExecutor() as ended:
        monkeypatch.setattr(judges, "_threads", ended)
    for _ in range(judges.slots.most_of_person + 1):
        with pytest.raises(RuntimeError, match="shutdown"):
            await preparation.prepare(
                operator, InlineScore(score_text()), for_submit=judges is SUBMITS
            )
