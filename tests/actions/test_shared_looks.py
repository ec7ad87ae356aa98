"""A look that is shared began after everybody who shares it had asked."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs.actions import batches
from jobs.actions.shared_looks import SharedLooks, shared_looks, sharing_looks
from jobs.audit import Origin
from jobs.registry.models import Conductor, Job
from jobs.terms import Verb
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor
from tests.waiting import eventually, wait_until


async def test_whoever_asks_during_a_reading_gets_the_next_one() -> None:
    looks: SharedLooks[int] = SharedLooks()
    begun: list[asyncio.Event] = []

    async def read() -> int:
        gate = asyncio.Event()
        begun.append(gate)
        await gate.wait()
        return len(begun)

    first = [asyncio.create_task(looks.read("c", read)) for _ in range(3)]
    await eventually(lambda: begun, what="the first reading")
    late = [asyncio.create_task(looks.read("c", read)) for _ in range(3)]
    await asyncio.sleep(0)
    begun[0].set()
    assert await asyncio.gather(*first) == [1, 1, 1]
    await eventually(lambda: len(begun) == 2, what="the next reading")
    begun[1].set()
    assert await asyncio.gather(*late) == [2, 2, 2]
    await looks.close()


async def test_failure_is_everybodys_and_not_the_next_ones() -> None:
    looks: SharedLooks[int] = SharedLooks()
    answers: list[int | Exception] = [OSError("down"), 7]

    async def read() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    told = await asyncio.gather(*(looks.read("c", read) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in told] == [OSError, OSError]
    assert await looks.read("c", read) == 7
    await looks.close()


async def test_what_was_read_is_written_once() -> None:
    looks: SharedLooks[object] = SharedLooks()
    written: list[int] = []
    what = object()

    async def write() -> None:
        written.append(1)
        await asyncio.sleep(0)

    await asyncio.gather(*(looks.write_once(what, write) for _ in range(5)))
    await looks.write_once(object(), write)
    assert len(written) == 2


async def test_attempt_by_itself_shares_with_nobody() -> None:
    assert shared_looks() is None
    async with sharing_looks():
        assert shared_looks() is not None
    assert shared_looks() is None


@pytest.mark.parametrize("verb", [Verb.PAUSE, Verb.CLEAR])
def test_batch_reads_the_list_far_fewer_times_than_it_has_jobs(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    verb: Verb,
) -> None:
    status = "running" if verb is Verb.PAUSE else "completed"
    for number in range(32):
        known(conductor, scripted, status, job_id=f"job-{number}")
    batch = batches.choose(operator, verb, Job.objects.all(), "test").batch
    async_to_sync(batches.begin)(actor=operator, batch=batch, origin=origin)
    wait_until(lambda: batches.wait_for(batch.pk, 0.1), timeout_s=30, what="the batch to end")
    assert batches.counts_of(batch) == {"succeeded": 32}
    assert len(scripted.asked("job.list")) < 32
    if verb is Verb.CLEAR:
        assert set(Job.objects.values_list("gone_reason", flat=True)) == {"cleared"}
    else:
        assert set(Job.objects.values_list("status", flat=True)) == {"paused"}
