"""Two people at the same moment."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from jobs import actions
from jobs.audit import Origin
from jobs.registry.models import Job
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor
from tests.factories import make_user


async def test_two_pauses_at_once_are_one_success_and_one_truthful_refusal(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    other = await sync_to_async(make_user)("operator", username="otto")
    gate = scripted.gate("job.pause")
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(actions.pause(actor=actor, job=running, origin=origin))
            for actor in (operator, other)
        ]
        await scripted.reached("job.pause", times=2)
        gate.set()
    results = sorted(task.result().outcome for task in tasks)
    assert results == ["refused", "succeeded"]
    [refusal] = [task.result() for task in tasks if task.result().outcome == "refused"]
    assert "is paused, not running" in refusal.message
    assert await records().acount() == 4
