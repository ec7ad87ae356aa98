"""One relay per conductor, as the conductors' table says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jobs.live.database import DatabaseBusy, DatabaseThread
from jobs.live.lease import Lease, LeaseLost
from jobs.live.models import RelayLease
from jobs.live.relays import Relays, RelayThread, Tend
from jobs.registry.models import Conductor, Job
from tests.factories import make_conductor
from tests.live.conftest import in_thread, stored
from tests.live.scripted import ScriptedConductor, row
from tests.waiting import eventually, patience

pytestmark = pytest.mark.django_db(transaction=True)


@asynccontextmanager
async def relays_running(tend: Tend | None = None) -> AsyncIterator[Relays]:
    relays = Relays(tend=tend)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relays.run(), name="relays under test")
        try:
            yield relays
        finally:
            relays.stop()


async def known(job_id: str) -> bool:
    return await in_thread(Job.objects.filter(job_id=job_id).exists)


async def test_each_enabled_conductor_has_a_relay_and_one_that_hangs_holds_up_no_other(
    short_tmp: Path,
) -> None:
    async with (
        ScriptedConductor(short_tmp / "a.sock") as good,
        ScriptedConductor(short_tmp / "b.sock") as bad,
    ):
        good.rows, bad.silent = [row("fine")], {"job.list"}
        for one in (good, bad):
            await in_thread(lambda one=one: make_conductor(socket_path=str(one.socket_path)))  # type: ignore[misc]
        async with relays_running():
            await eventually(lambda: known("fine"))
            await eventually(lambda: bad.asked["job.list"])


async def test_upkeep_needs_no_conductor_and_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.live.relays._TEND_EVERY_S", 0.01)
    turns: list[int] = []

    async def tend() -> None:
        turns.append(len(turns))
        raise OSError("no space left on device")

    async with relays_running(tend):
        await eventually(lambda: len(turns) > 1)


async def test_a_conductor_that_is_added_moved_or_disabled_is_noticed(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.live.relays._LOOK_S", 0.05)
    async with (
        ScriptedConductor(short_tmp / "a.sock") as first,
        ScriptedConductor(short_tmp / "b.sock") as second,
        relays_running(),
    ):
        first.rows, second.rows = [row("before")], [row("after")]
        conductor = await in_thread(lambda: make_conductor(socket_path=str(first.socket_path)))
        await eventually(lambda: known("before"))

        def change(**fields: Any) -> None:
            Conductor.objects.filter(pk=conductor.pk).update(**fields)

        await in_thread(lambda: change(socket_path=str(second.socket_path)))
        await eventually(lambda: known("after"))
        await in_thread(lambda: change(is_enabled=False))
        await eventually(lambda: not second.listeners)


async def test_relays_on_a_thread_of_their_own_end_when_told(short_tmp: Path) -> None:
    async with ScriptedConductor(short_tmp / "a.sock") as conductor:
        conductor.rows = [row()]
        await in_thread(lambda: make_conductor(socket_path=str(conductor.socket_path)))
        thread = RelayThread()
        thread.start()
        await eventually(lambda: known("nightly"))
        assert await asyncio.to_thread(thread.stop, patience(10))
    assert len(await stored(event="job.adopted")) == 1


# -- the lease ------------------------------------------------------------------------------------


def test_a_lease_is_one_processes_until_it_ends() -> None:
    conductor = make_conductor()
    ours, theirs = Lease(conductor.pk), Lease(conductor.pk)
    assert ours.take()
    assert not theirs.take()
    assert ours.take()
    ours.check()
    with pytest.raises(LeaseLost):
        theirs.check()
    ours.release()
    assert theirs.take()
    with pytest.raises(LeaseLost):
        ours.check()


def test_a_lease_that_was_not_renewed_is_lost() -> None:
    conductor = make_conductor()
    ours = Lease(conductor.pk)
    ours.take()
    RelayLease.objects.update(until="2026-01-01T00:00:00Z")
    with pytest.raises(LeaseLost):
        ours.check()


# -- the database's thread ------------------------------------------------------------------------


async def test_a_call_that_fails_leaves_the_thread_usable() -> None:
    thread = DatabaseThread("test")
    try:
        with pytest.raises(ZeroDivisionError):
            await thread.run(lambda: 1 // 0)
        assert await thread.run(Conductor.objects.count) == 0
    finally:
        await asyncio.to_thread(thread.close)


async def test_too_many_calls_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.live.database._MAX_WAITING", 3)
    thread = DatabaseThread("test")
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(thread.run(Conductor.objects.count))
            await asyncio.sleep(0)
            with pytest.raises(DatabaseBusy):
                await thread.run(Conductor.objects.count)
    finally:
        await asyncio.to_thread(thread.close)
