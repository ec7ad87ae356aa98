"""Judging before asking."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User

from jobs.actions import InlineScore, preparation
from jobs.errors import PodiumBusy
from tests.actions.judges import busy_judges
from tests.actions.scripted import score_text


async def test_only_so_many_scores_wait_to_be_judged(
    operator: User,
) -> None:
    with busy_judges(), pytest.raises(PodiumBusy):
        await preparation.prepare(operator, InlineScore(score_text()))
    assert (await preparation.prepare(operator, InlineScore(score_text()))).is_acceptable


async def test_judge_that_breaks_gives_its_place_back(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor() as ended:
        monkeypatch.setattr(preparation, "_JUDGES", ended)
    for _ in range(preparation._MAX_WAITING + 1):
        with pytest.raises(RuntimeError, match="shutdown"):
            await preparation.prepare(operator, InlineScore(score_text()))
