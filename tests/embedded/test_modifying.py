"""A modify that waits for its turn, while the job is cancelled, resumed or cleared."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from jobs.embedded import admission
from jobs.embedded import conductor as conductor_module
from jobs.embedded.admission import Admitted
from tests.embedded.inside import Inside, inside
from tests.embedded.process import score
from tests.waiting import patience

UNTIL_GO = "until [ -e go ]; do sleep 0.02; done"


@pytest_asyncio.fixture
async def conductor(short_tmp: Path) -> AsyncIterator[Inside]:
    """A conductor in this process."""
    async with inside(short_tmp / "h") as this:
        yield this


class Gate:
    """Holds the reading of scores once it is shut."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def admit(self, path: Path, *, has_workspace: bool = True) -> Admitted:
        if not self._open.is_set():
            self.arrived.set()
            assert self._open.wait(patience(20))
        return admission.admit(path, has_workspace=has_workspace)

    async def wait_for_arrival(self) -> None:
        assert await asyncio.to_thread(self.arrived.wait, patience(10))


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Between the conductor and the scores."""
    gate = Gate()
    monkeypatch.setattr(conductor_module, "admit", gate.admit)
    yield gate
    gate.open()


async def parked(conductor: Inside, gate: Gate) -> None:
    """A job that is parked for a modify, whose resume is reading the new score."""
    await conductor.submit("job", score(f"{UNTIL_GO}; echo x >> ran", sheets=2))
    await conductor.sheet_runs("job")
    other = conductor.write("other", score("echo other >> ran", sheets=3))
    assert (await conductor.conductor.modify("job", other)).status == "accepted"
    gate.shut()
    (conductor.home / "ws" / "go").touch()
    await gate.wait_for_arrival()


async def test_cancelled_job_is_not_resumed_by_a_modify_under_way(
    conductor: Inside, gate: Gate
) -> None:
    await parked(conductor, gate)
    assert await conductor.conductor.cancel("job")
    gate.open()
    await conductor.rest("job", "cancelled")
    assert (conductor.home / "ws" / "ran").read_text() == "x\n"


async def test_clear_of_a_job_cancelled_during_a_modify_comes_to_its_end(
    conductor: Inside, gate: Gate
) -> None:
    await parked(conductor, gate)
    await conductor.conductor.cancel("job")
    clearing = asyncio.create_task(conductor.conductor.clear(["job"], None, None))
    await asyncio.sleep(0)
    gate.open()
    async with asyncio.timeout(patience(10)):
        assert await clearing == 1
    assert not conductor.conductor.runs


async def test_job_that_is_resumed_while_it_is_waited_for_is_not_cleared(
    conductor: Inside, gate: Gate
) -> None:
    await parked(conductor, gate)
    await conductor.conductor.cancel("job")
    clearing = asyncio.create_task(conductor.conductor.clear(["job"], None, None))
    await asyncio.sleep(0)
    run = conductor.conductor.runs["job"]
    run.record.status = "running"  # as a resume leaves it that came in between
    gate.open()
    async with asyncio.timeout(patience(10)):
        assert await clearing == 0
    run.record.status = "cancelled"


async def test_resume_by_hand_ends_a_modify_that_waits(conductor: Inside) -> None:
    await conductor.submit("job", score(f"{UNTIL_GO}; echo x >> ran", sheets=2))
    await conductor.sheet_runs("job")
    other = conductor.write("other", score("echo other >> ran", sheets=3))
    await conductor.conductor.modify("job", other)
    await conductor.conductor.resume("job")
    await conductor.conductor.pause("job")
    (conductor.home / "ws" / "go").touch()
    await conductor.rest("job", "paused")
    assert conductor.conductor.runs["job"].record.total_sheets == 2


async def test_parked_job_goes_on_with_its_new_score(conductor: Inside, gate: Gate) -> None:
    await parked(conductor, gate)
    gate.open()
    await conductor.rest("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text() == "x\nother\nother\n"
