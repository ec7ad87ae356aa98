"""One key, one action."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import actions
from jobs.actions import InlineScore
from jobs.actions.idempotency import prune_keys
from jobs.audit import Origin
from jobs.audit.models import IdempotencyKey
from jobs.errors import IdempotencyConflict
from jobs.registry.models import Conductor, Job
from jobs.terms import Channel, Outcome
from tests.actions.fixtures import origin_on
from tests.actions.records import attempts
from tests.actions.scripted import ScriptedConductor, closing, score_text
from tests.factories import make_user

pause = async_to_sync(actions.pause)


def test_same_key_gets_the_first_answer_and_nothing_is_sent(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    first = pause(actor=operator, job=running, origin=origin, key="k1")
    again = pause(actor=operator, job=running, origin=origin, key="k1")
    assert (again.id, again.outcome, again.is_replay) == (first.id, Outcome.SUCCEEDED, True)
    assert len(scripted.asked("job.pause")) == 1
    assert attempts().count() == 1


def test_same_key_with_another_reason_is_another_request(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    pause(actor=operator, job=running, origin=origin, key="k1")
    with pytest.raises(IdempotencyConflict) as caught:
        pause(actor=operator, job=running, origin=origin, key="k1", reason="changed my mind")
    assert caught.value.retry_after_s is None
    assert len(scripted.asked("job.pause")) == 1


def test_key_of_somebody_else_is_another_key(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    pause(actor=operator, job=running, origin=origin, key="k1")
    pause(actor=make_user("operator"), job=running, origin=origin, key="k1")
    assert len(scripted.asked("job.pause")) == 2


def test_unknown_outcome_is_answered_again_and_never_sent_again(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.pause"] = closing
    pause(actor=operator, job=running, origin=origin, key="k1")
    again = pause(actor=operator, job=running, origin=origin, key="k1")
    assert again.outcome is Outcome.UNKNOWN
    assert len(scripted.asked("job.pause")) == 1


def test_denial_is_not_stored_under_the_key(running: Job, viewer: User, origin: Origin) -> None:
    for _ in range(2):
        result = pause(actor=viewer, job=running, origin=origin, key="k1")
        assert (result.outcome, result.is_replay) == (Outcome.DENIED, False)
    assert IdempotencyKey.objects.count() == 0


def test_lost_right_is_noticed_before_the_stored_answer(
    running: Job, operator: User, origin: Origin
) -> None:
    pause(actor=operator, job=running, origin=origin, key="k1")
    operator.groups.clear()
    demoted = User.objects.get(pk=operator.pk)
    result = pause(actor=demoted, job=running, origin=origin, key="k1")
    assert result.outcome is Outcome.DENIED


async def test_double_click_on_submit_makes_one_job_and_shows_it_twice(
    conductor: Conductor, operator: User, scripted: ScriptedConductor
) -> None:
    origin = origin_on(Channel.PAGE, "/jobs/job/add/")
    click: dict[str, Any] = {
        "actor": operator,
        "origin": origin,
        "conductor": conductor,
        "key": "form-1",
    }
    first, second = await asyncio.gather(
        actions.submit(source=InlineScore(score_text()), **click),
        actions.submit(source=InlineScore(score_text()), **click),
    )
    assert first.id == second.id
    assert first.job == second.job
    assert await Job.objects.acount() == 1
    assert len(scripted.asked("job.submit")) == 1


async def test_program_that_repeats_while_the_first_runs_is_told_to_wait(
    running: Job, operator: User, scripted: ScriptedConductor
) -> None:
    origin = origin_on(Channel.API, "/api/jobs/1/pause")
    gate = scripted.gate("job.pause")
    ask: dict[str, Any] = {"actor": operator, "job": running, "origin": origin, "key": "k1"}
    async with asyncio.TaskGroup() as group:
        first = group.create_task(actions.pause(**ask))
        await scripted.reached("job.pause")
        with pytest.raises(IdempotencyConflict) as caught:
            await actions.pause(**ask)
        gate.set()
    assert caught.value.retry_after_s == 1
    assert (await actions.pause(**ask)).id == first.result().id


def test_keys_are_forgotten_after_a_week(running: Job, operator: User, origin: Origin) -> None:
    pause(actor=operator, job=running, origin=origin, key="k1")
    now = timezone.now()
    assert prune_keys(now + timedelta(days=6)) == 0
    assert prune_keys(now + timedelta(days=8)) == 1
