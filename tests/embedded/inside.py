"""A conductor in the test's own process, whose checkpoint can be made to fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jobs.embedded.conductor import Answer, Conductor, Submission
from jobs.embedded.events import Bus
from jobs.embedded.paths import Home
from jobs.embedded.settings import Settings
from jobs.embedded.store import Statement, Store, StoreError
from tests.waiting import eventually

Predicate = Callable[[Sequence[Statement]], bool]


class BrittleStore(Store):
    """A store that can be told which commits fail; nothing of these is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.fails: Predicate = lambda statements: False
        self.before_failure: asyncio.Event | None = None  # a failing commit waits for it

    async def commit(self, statements: Sequence[Statement]) -> None:
        if self.fails(statements):
            if self.before_failure is not None:
                await self.before_failure.wait()
            raise StoreError("The checkpoint could not be written: the disk is full")
        await super().commit(statements)

    def fail_once(self, predicate: Predicate) -> None:
        """Let the first commit fail of which this is true."""

        def fails(statements: Sequence[Statement]) -> bool:
            if not predicate(statements):
                return False
            self.fails = lambda statements: False
            return True

        self.fails = fails

    def fail(self) -> None:
        """Let every commit fail."""
        self.fails = lambda statements: True

    def repair(self) -> None:
        """Let no commit fail any more."""
        self.fails = lambda statements: False


def carries(text: bytes) -> Predicate:
    """True of statements with this in one of their documents."""
    return lambda statements: any(
        isinstance(value, bytes) and text in value for _, values in statements for value in values
    )


class Inside:
    """The conductor and what a test asks of it."""

    def __init__(self, home: Home, store: BrittleStore) -> None:
        self.home = home.folder
        self.store = store
        settings = Settings(home=home, socket_path=home.folder / "unused.sock")
        self.conductor = Conductor(settings, store, Bus(1000, 1_000_000))

    def write(self, job_id: str, text: str) -> Path:
        """A score of that name."""
        path = self.home / f"{job_id}.yaml"
        path.write_text(text)
        return path

    async def submit(self, job_id: str, text: str) -> Answer:
        """Write and submit a score."""
        path = self.write(job_id, text)
        return await self.conductor.submit(Submission(config_path=path))

    def status(self, job_id: str) -> str:
        """What the list says."""
        return self.conductor.runs[job_id].record.status

    def stored_status(self, job_id: str) -> str:
        """What a restarted conductor would find; "missing" when it would not list the job."""
        for stored in self.store.runs():
            record: dict[str, Any] = json.loads(stored.record)
            if stored.is_current and record["job_id"] == job_id:
                return str(record["status"])
        return "missing"

    def is_idle(self, job_id: str) -> bool:
        """Whether nothing goes on with the job any more."""
        run = self.conductor.runs.get(job_id)
        return run is None or not self.conductor.performances.is_busy(run)

    async def rest(self, job_id: str, status: str) -> None:
        """Wait until the job has this status and nothing goes on with it."""
        await eventually(
            lambda: self.status(job_id) == status and self.is_idle(job_id),
            what=f"{job_id} to rest as {status}",
        )

    async def sheet_runs(self, job_id: str) -> None:
        """Wait until a command of the job runs."""
        run = self.conductor.runs[job_id]

        def runs() -> bool:
            return bool(self.conductor.performances.launcher.running) and run.sheets is not None

        await eventually(runs, what="a sheet to run")


@asynccontextmanager
async def inside(folder: Path) -> AsyncIterator[Inside]:
    """A started conductor; what it still runs is stopped at the end."""
    home = Home(folder)
    await asyncio.to_thread(home.prepare)
    store = await asyncio.to_thread(BrittleStore, home.database)
    try:
        this = Inside(home, store)
        await this.conductor.start()
        try:
            yield this
        finally:
            store.repair()
            if store.before_failure is not None:
                store.before_failure.set()
            await this.conductor.performances.stop(0.0)
    finally:
        await asyncio.to_thread(store.close)
