"""Runs under way: each has a task from the start or resume to its end, whatever the end is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jobs.embedded import restart
from jobs.embedded.admission import Admitted, Refused, admit
from jobs.embedded.attempt import Context
from jobs.embedded.driver import Driver, End
from jobs.embedded.events import Bus
from jobs.embedded.launcher import Launcher
from jobs.embedded.preparing import prepare_sheets
from jobs.embedded.run import ACTIVE, Run
from jobs.embedded.settings import Settings
from jobs.embedded.store import Store, StoreError

logger = logging.getLogger("podium.conductor")


class Performances:
    """Plays runs. Its owner is told when there is room for another, and when one is parked."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        bus: Bus,
        *,
        on_room: Callable[[], None],
        on_parked: Callable[[Run], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._bus = bus
        self._on_room = on_room
        self._on_parked = on_parked
        self._drivers: dict[str, Driver] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sheet_slots = asyncio.Semaphore(settings.max_sheets)
        self.launcher = Launcher(settings, store)
        self.is_stopping = False

    # --- what goes on ---

    def driver_of(self, run: Run) -> Driver | None:
        """Who plays its sheets; None when nobody does."""
        return self._drivers.get(run.record.run_id)

    def is_busy(self, run: Run) -> bool:
        """Whether something still goes on with a run, whatever its status says."""
        return run.record.run_id in self._tasks

    @property
    def active_sheets(self) -> int:
        """How many sheets are under way."""
        return sum(len(driver.running) for driver in self._drivers.values())

    async def end_of(self, runs: list[Run]) -> None:
        """Return when nothing goes on with these runs any more."""
        ids = [run.record.run_id for run in runs]
        tasks = [self._tasks[run_id] for run_id in ids if run_id in self._tasks]
        if tasks:
            await asyncio.wait(tasks)

    # --- the end of the conductor ---

    async def stop(self, grace_s: float) -> None:
        """No new sheets; running ones may end within the grace; then all is checkpointed."""
        self.is_stopping = True
        await asyncio.gather(*(driver.hold_new_sheets() for driver in self._drivers.values()))
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=grace_s)
        await self._stop_drivers(min(grace_s, self._settings.stop_grace_s))
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def hurry(self) -> None:
        """Stop at once: a second request to end."""
        self.is_stopping = True
        await self._stop_drivers(0.0)

    async def _stop_drivers(self, grace_s: float) -> None:
        drivers = list(self._drivers.values())
        await asyncio.gather(*(driver.stop(End.SHUTDOWN, grace_s) for driver in drivers))

    # --- one run ---

    def take_back_pause(self, run: Run) -> None:
        """A run that is `running` again, for its pause could not be noted: let it go on."""
        driver = self.driver_of(run)
        if driver is None or driver.is_over:
            self.perform(run, "job.resuming")  # its task may have ended because of the pause
        else:
            driver.release()

    def perform(
        self, run: Run, event: str, *, admitted: Admitted | None = None, restarted: bool = False
    ) -> None:
        """Play a run whose status is `running`; the score is read here when it was not yet."""
        run_id = run.record.run_id
        previous = self._tasks.get(run_id)
        work = self._perform(run, event, admitted, restarted, previous)
        task = asyncio.create_task(work, name=f"run-{run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda done: self._forget_task(run_id, done))

    def _forget_task(self, run_id: str, done: asyncio.Task[None]) -> None:
        if self._tasks.get(run_id) is done:
            del self._tasks[run_id]

    async def _perform(
        self,
        run: Run,
        event: str,
        admitted: Admitted | None,
        restarted: bool,
        previous: asyncio.Task[None] | None,
    ) -> None:
        """The top of a run's life: whatever goes wrong ends as its status and reason."""
        try:
            went_on = await self._went_on(run, event, admitted)
            if previous is not None:
                await asyncio.wait([previous])
                # It may have played the run to its end: only a run that is asked for is played.
                went_on = went_on or run.record.status != "running"
            if went_on:
                return
            await self._play(run, event, admitted, restarted=restarted)
        except Refused as refusal:
            await self._conclude(run, "failed", str(refusal))
        except Exception as error:
            logger.exception("run %s broke down", run.record.run_id)
            restart.abandon_sheets(run)
            await self._conclude(run, "failed", _breakdown(error))
        finally:
            if not self.is_stopping:
                self._on_room()
        if run.record.status not in ACTIVE and self.driver_of(run) is None:
            await self._rest(run)

    async def _rest(self, run: Run) -> None:
        """Nothing of a run is played any more; what cannot be written now stays in memory."""
        with contextlib.suppress(StoreError):
            if run.sheets is not None:
                await run.commit(self._store)
                run.unload()
        if run.record.status == "paused":
            await self._on_parked(run)
        if run.record.status == "cancelled":  # perhaps only since it was parked
            with contextlib.suppress(StoreError):
                await restart.cancel_sheets(self._store, run)

    async def _went_on(self, run: Run, event: str, admitted: Admitted | None) -> bool:
        """Resume a paused run whose sheets still run: its own driver goes on with it."""
        driver = self.driver_of(run)
        if driver is None or driver.is_over or driver.is_stopping or admitted is None:
            return False
        await prepare_sheets(run, admitted, self._store)
        if driver.is_over or driver.is_stopping or run.record.status != "running":
            return False
        driver.resume(self.context(run, admitted))
        self._tell_start(run, event)
        return True

    async def _play(
        self, run: Run, event: str, admitted: Admitted | None, *, restarted: bool
    ) -> None:
        record = run.record
        await self._prove_old_trees_gone(run)
        if admitted is None:
            admitted = await asyncio.to_thread(admit, Path(record.config_path))
        if run.sheets is None:
            run.load(await asyncio.to_thread(self._store.sheets, record.run_id))
        await prepare_sheets(run, admitted, self._store, second_chance=not restarted)
        if record.status != "running" or self.is_stopping:
            return
        driver = Driver(run, self.context(run, admitted), self._store, self._sheet_slots)
        self._drivers[record.run_id] = driver
        self._tell_start(run, event, restarted=restarted)
        try:
            end = await driver.play()
        finally:
            del self._drivers[record.run_id]
        if end is End.DONE:
            await self._conclude(run, *_verdict(run))

    async def _prove_old_trees_gone(self, run: Run) -> None:
        run_id = run.record.run_id
        if run_id not in self.launcher.unproved:
            return
        if run_id in await restart.end_old_trees(self._store, run_id):
            raise Refused("Processes of an earlier try may still run, so no sheet was started.")
        self.launcher.unproved.discard(run_id)

    def _tell_start(self, run: Run, event: str, *, restarted: bool = False) -> None:
        data: dict[str, Any] = {"sheet_count": run.record.total_sheets}
        if event == "job.started":
            data["instrument"] = "cli"
        if restarted:
            data["reason"] = "the conductor was restarted"
        self._bus.publish(run.record.job_id, 0, event, data)

    def context(self, run: Run, admitted: Admitted) -> Context:
        """What all sheets of a run have in common."""
        return Context(
            run_id=run.record.run_id,
            job_id=run.record.job_id,
            workspace=Path(run.record.workspace),
            config_folder=admitted.path.parent,
            config=admitted.config,
            expansion=admitted.expansion,
            settings=self._settings,
            launcher=self.launcher,
            bus=self._bus,
        )

    async def _conclude(self, run: Run, status: str, reason: str | None) -> None:
        record = run.record
        if record.status not in ACTIVE:
            return  # paused or cancelled meanwhile: that stays
        record.status = status
        record.error_message = reason
        record.completed_at = time.time()
        with contextlib.suppress(StoreError):  # told all the same; it is written again later
            await run.commit(self._store)
        data: dict[str, Any] = {"all_success": status == "completed"}
        if reason is not None:
            data["error_message"] = reason
        self._bus.publish(record.job_id, 0, f"job.{status}", data)


def _verdict(run: Run) -> tuple[str, str | None]:
    """How a run ended whose sheets are all played, and why if badly."""
    assert run.sheets is not None  # noqa: S101 - it has just been played
    failed = [sheet for sheet in run.sheets.values() if sheet.status == "failed"]
    if not failed and all(sheet.is_satisfied for sheet in run.sheets.values()):
        return "completed", None
    if not failed:
        return "failed", "Some sheets could not be played."
    first = failed[0]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return "failed", f"Sheet {first.sheet_num} failed: {first.error_message}{more}"


def _breakdown(error: BaseException) -> str:
    """A sentence for an unforeseen error."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, StoreError):
        return str(error)
    return f"The conductor could not go on: {type(error).__name__}: {error}"[:1000]
