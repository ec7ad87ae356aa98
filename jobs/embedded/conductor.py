"""The conductor itself: which runs there are, and what may be done to them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.embedded import restart
from jobs.embedded.admission import Admitted, Refused, admit, settle_workspace
from jobs.embedded.attempt import Context
from jobs.embedded.driver import Driver, End
from jobs.embedded.events import Bus
from jobs.embedded.launcher import Launcher
from jobs.embedded.preparing import prepare_sheets
from jobs.embedded.run import ACTIVE, TERMINAL, Run, new_run
from jobs.embedded.settings import Settings
from jobs.embedded.store import Store, StoreError, delete_runs

logger = logging.getLogger("podium.conductor")

RESUMABLE = ("paused", "paused_at_chain", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was asked for with `job.submit`."""

    config_path: Path
    workspace: str | None = None
    start_sheet: int | None = None
    self_healing: bool = False
    dry_run: bool = False
    client_cwd: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A result of submit, resume and modify."""

    job_id: str
    status: str
    message: str

    def to_wire(self) -> dict[str, str]:
        """As it is sent."""
        return {"job_id": self.job_id, "status": self.status, "message": self.message}


class JobMissing(LookupError):
    """There is no job of that name."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Job '{job_id}' not found")


class Conductor:
    """All runs of one home. Its methods are called from the event loop alone."""

    def __init__(self, settings: Settings, store: Store, bus: Bus) -> None:
        self.settings = settings
        self.store = store
        self.bus = bus
        self.launcher = Launcher(settings, store)
        self.runs: dict[str, Run] = {}
        self.started_at = time.time()
        self.is_stopping = False
        self._drivers: dict[str, Driver] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._replacing: dict[str, Path] = {}  # job id: the config that a modify brings
        self._changing = asyncio.Lock()
        self._sheet_slots = asyncio.Semaphore(settings.max_sheets)

    # --- life ---

    async def start(self) -> None:
        """Take up where the last conductor of this home ended."""
        unproved = await restart.end_old_trees(self.store)
        self.launcher.unproved |= unproved
        for stored in await asyncio.to_thread(self.store.runs):
            run = Run.stored(stored.record, is_current=stored.is_current)
            if run.is_current:
                self.runs[run.record.job_id] = run
        await restart.settle_sheets(self.store, self.runs.values())
        for run in list(self.runs.values()):
            if run.record.status == "running":
                self._perform(run, "job.resuming", restarted=True)
        self._start_queued()

    async def stop(self, grace_s: float) -> None:
        """No new sheets; running ones may end within the grace; then all is checkpointed."""
        self.is_stopping = True
        await asyncio.gather(*(driver.hold_new_sheets() for driver in self._drivers.values()))
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=grace_s)
        stop_grace_s = min(grace_s, self.settings.stop_grace_s)
        await asyncio.gather(
            *(driver.stop(End.SHUTDOWN, stop_grace_s) for driver in self._drivers.values())
        )
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def hurry(self) -> None:
        """Stop at once: a second request to end."""
        self.is_stopping = True
        await asyncio.gather(*(driver.stop(End.SHUTDOWN, 0.0) for driver in self._drivers.values()))

    # --- what may be done ---

    async def submit(self, submission: Submission) -> Answer:
        """Take a score and run it; a refusal is an answer with status `rejected`."""
        path = submission.config_path
        job_id = path.stem
        try:
            if submission.self_healing:
                raise Refused("self_healing is not supported by the embedded conductor.")
            has_workspace = bool(submission.workspace)
            admitted = await asyncio.to_thread(admit, path, has_workspace=has_workspace)
            start_sheet = submission.start_sheet or 1
            if not 1 <= start_sheet <= admitted.expansion.total_sheets:
                total = admitted.expansion.total_sheets
                raise Refused(f"start_sheet {start_sheet} is not one of the {total} sheets.")
            if submission.dry_run:
                total = admitted.expansion.total_sheets
                return Answer(job_id, "accepted", f"Dry run: valid, {total} sheets, nothing ran")
            workspace = await asyncio.to_thread(
                settle_workspace, admitted, submission.workspace, submission.client_cwd
            )
            async with self._changing:
                return await self._register(job_id, admitted, workspace, start_sheet)
        except Refused as refusal:
            return Answer(job_id, "rejected", str(refusal))
        except StoreError as error:
            return Answer(job_id, "error", str(error))

    async def _register(
        self, job_id: str, admitted: Admitted, workspace: Path, start_sheet: int
    ) -> Answer:
        old = self.runs.get(job_id)
        if old is not None and old.record.status not in TERMINAL:
            raise Refused(
                f"Job '{job_id}' is already {old.record.status}. Use 'mzt pause' or 'mzt cancel' "
                "first, or wait for it to finish."
            )
        run = new_run(
            job_id=job_id,
            config_path=str(admitted.path),
            workspace=str(workspace),
            job_name=admitted.config.name,
            total_sheets=admitted.expansion.total_sheets,
            total_movements=admitted.expansion.total_stages,
            start_sheet=start_sheet,
        )
        starts_now = self._has_room
        if starts_now:
            run.record.status = "running"
            run.record.started_at = time.time()
        statements = run.statements()
        if old is not None:
            old.is_current = False
            statements += old.statements()
        await self.store.commit(statements)
        # Moved to the end: the list is in the order of submission.
        self.runs.pop(job_id, None)
        self.runs[job_id] = run
        if starts_now:
            self._perform(run, "job.started", admitted=admitted)
        await self._prune()
        text = f"Job queued (concurrency limit: {self.settings.max_jobs})"
        return Answer(job_id, "accepted", text)

    async def _prune(self) -> None:
        """Forget the oldest runs that later submits of the same names have replaced."""
        limit = self.settings.max_job_history
        run_ids = await asyncio.to_thread(self.store.superseded_beyond, limit)
        if run_ids:
            await self.store.commit(delete_runs(run_ids))
            await asyncio.to_thread(restart.remove_run_folders, self.settings.home.runs, run_ids)

    async def pause(self, job_id: str) -> str | None:
        """None when it is paused now; otherwise why not."""
        async with self._changing:
            run = self.runs.get(job_id)
            if run is None:
                return f"Job '{job_id}' not found"
            if run.record.status != "running":
                return f"Job '{job_id}' is {run.record.status}, not running"
            run.record.status = "paused"
            driver = self._drivers.get(run.record.run_id)
            if driver is not None:
                await driver.pause()
            await self.store.commit(run.statements())
            running = [] if driver is None else driver.running
            self.bus.publish(job_id, 0, "job.paused", {"running_sheets": running})
            self._start_queued()
            return None

    async def resume(self, job_id: str, config_path: Path | None = None) -> Answer:
        """Go on with a paused, failed or cancelled run; its score is read again."""
        run = self.runs.get(job_id)
        if run is None:
            return Answer(job_id, "rejected", f"Score '{job_id}' not found")
        try:
            path = config_path or Path(run.record.config_path)
            self._require_resumable(run)
            admitted = await asyncio.to_thread(admit, path)
            async with self._changing:
                self._require_resumable(run)
                if self.runs.get(job_id) is not run:
                    raise Refused(f"Score '{job_id}' has been submitted again meanwhile.")
                await self._resume(run, admitted)
        except Refused as refusal:
            return Answer(job_id, "rejected", str(refusal))
        except StoreError as error:
            return Answer(job_id, "error", str(error))
        return Answer(job_id, "accepted", "Job resume queued")

    def _require_resumable(self, run: Run) -> None:
        status = run.record.status
        if status not in RESUMABLE:
            raise Refused(
                f"Score '{run.record.job_id}' is {status}, only PAUSED, PAUSED_AT_CHAIN, FAILED, "
                "or CANCELLED scores can be resumed"
            )

    async def _resume(self, run: Run, admitted: Admitted) -> None:
        record = run.record
        record.config_path = str(admitted.path)
        record.error_message = None
        record.completed_at = None
        record.status = "queued"
        if self._has_room:
            record.status = "running"
            record.started_at = time.time()
        await self.store.commit(run.statements())
        if record.status == "running":
            self._perform(run, "job.resuming", admitted=admitted)

    async def cancel(self, job_id: str) -> bool:
        """False: unknown, or ended. What runs is killed; the answer does not wait for that."""
        async with self._changing:
            run = self.runs.get(job_id)
            if run is None or run.record.status in TERMINAL:
                return False
            run.record.status = "cancelled"
            run.record.completed_at = time.time()
            self._replacing.pop(job_id, None)
            driver = self._drivers.get(run.record.run_id)
            if driver is not None:
                await driver.stop(End.CANCELLED, self.settings.stop_grace_s)
            await self.store.commit(run.statements())
            self.bus.publish(job_id, 0, "job.cancelled", {})
            self._start_queued()
            return True

    async def modify(self, job_id: str, config_path: Path) -> Answer:
        """Swap the score of a run: pause it if it runs, then resume it with the new one."""
        run = self.runs.get(job_id)
        if run is None:
            return Answer(job_id, "rejected", f"Job '{job_id}' not found")
        if run.record.status in RESUMABLE:
            return await self.resume(job_id, config_path)
        if run.record.status != "running":
            text = f"Job '{job_id}' is {run.record.status}, cannot modify"
            return Answer(job_id, "rejected", text)
        try:
            await asyncio.to_thread(admit, config_path)
        except Refused as refusal:
            return Answer(job_id, "rejected", str(refusal))
        self._replacing[job_id] = config_path
        refusal_text = await self.pause(job_id)
        if refusal_text is not None:
            self._replacing.pop(job_id, None)
            return Answer(job_id, "rejected", refusal_text)
        text = f"Pause signal sent. Will resume with {config_path.name} when paused."
        return Answer(job_id, "accepted", text)

    async def clear(
        self,
        job_ids: Sequence[str] | None,
        statuses: Sequence[str] | None,
        older_than_s: float | None,
    ) -> int:
        """Forget ended runs, with their logs; how many."""
        async with self._changing:
            doomed = [
                run
                for run in self.runs.values()
                if run.record.status in TERMINAL
                and (job_ids is None or run.record.job_id in job_ids)
                and (statuses is None or run.record.status in statuses)
                and (older_than_s is None or _age_s(run) > older_than_s)
            ]
            run_ids = [run.record.run_id for run in doomed]
            await asyncio.gather(
                *(self._tasks[run_id] for run_id in run_ids if run_id in self._tasks),
                return_exceptions=True,
            )
            await self.store.commit(delete_runs(run_ids))
            for run in doomed:
                del self.runs[run.record.job_id]
            await asyncio.to_thread(restart.remove_run_folders, self.settings.home.runs, run_ids)
            return len(doomed)

    # --- what can be asked ---

    def run_of(self, job_id: str) -> Run:
        """The current run of a job.

        Raises:
            JobMissing: there is none.
        """
        run = self.runs.get(job_id)
        if run is None:
            raise JobMissing(job_id)
        return run

    async def document(self, run: Run) -> bytes | None:
        """The checkpoint document as JSON, None before there is a checkpoint."""
        if not run.record.has_checkpoint:
            return None
        if run.sheets is not None:
            return run.document()
        stored = await asyncio.to_thread(self.store.sheets, run.record.run_id)
        return run.document(stored)

    @property
    def running_jobs(self) -> int:
        """How many runs are under way, paused ones left out."""
        return sum(run.record.status == "running" for run in self.runs.values())

    @property
    def active_sheets(self) -> int:
        """How many sheets run."""
        return sum(len(driver.running) for driver in self._drivers.values())

    # --- performing ---

    @property
    def _has_room(self) -> bool:
        return self.running_jobs < self.settings.max_jobs

    def _start_queued(self) -> None:
        if self.is_stopping:
            return
        waiting = [run for run in self.runs.values() if run.record.status == "queued"]
        for run in sorted(waiting, key=lambda run: run.record.submitted_at):
            if not self._has_room:
                return
            first = run.record.started_at is None
            run.record.status = "running"
            run.record.started_at = time.time()
            self._perform(run, "job.started" if first else "job.resuming")

    def _perform(
        self, run: Run, event: str, *, admitted: Admitted | None = None, restarted: bool = False
    ) -> None:
        run_id = run.record.run_id
        previous = self._tasks.get(run_id)
        work = self._perform_safely(run, event, admitted, restarted, previous)
        task = asyncio.create_task(work, name=f"run-{run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda done: self._forget_task(run_id, done))

    def _forget_task(self, run_id: str, done: asyncio.Task[None]) -> None:
        if self._tasks.get(run_id) is done:
            del self._tasks[run_id]

    async def _perform_safely(
        self,
        run: Run,
        event: str,
        admitted: Admitted | None,
        restarted: bool,
        previous: asyncio.Task[None] | None,
    ) -> None:
        """The top of a run's life: whatever goes wrong ends as its status and reason."""
        try:
            if await self._went_on(run, event, admitted):
                await _end_of(previous)
                return
            await _end_of(previous)
            await self._play(run, event, admitted, restarted=restarted)
        except Refused as refusal:
            await self._conclude(run, "failed", str(refusal))
        except Exception as error:
            logger.exception("run %s broke down", run.record.run_id)
            restart.abandon_sheets(run)
            await self._conclude(run, "failed", _breakdown(error))
        finally:
            if not self.is_stopping:
                self._start_queued()
        if run.sheets is not None and run.record.status not in ACTIVE and not self.is_driven(run):
            with contextlib.suppress(StoreError):  # then its sheets stay in memory
                await self.store.commit(run.statements())
                run.unload()
        if self._is_parked(run) and (path := self._replacing.pop(run.record.job_id, None)):
            await self.resume(run.record.job_id, path)

    def _is_parked(self, run: Run) -> bool:
        return run.record.status == "paused" and not self.is_driven(run)

    def is_driven(self, run: Run) -> bool:
        """Whether its sheets are being played."""
        return run.record.run_id in self._drivers

    async def _went_on(self, run: Run, event: str, admitted: Admitted | None) -> bool:
        """Resume a paused run whose sheets still run: its own driver goes on with it."""
        driver = self._drivers.get(run.record.run_id)
        if driver is None or driver.is_over or driver.is_stopping or admitted is None:
            return False
        await prepare_sheets(run, admitted, self.store)
        if driver.is_over or driver.is_stopping or run.record.status != "running":
            return False
        driver.resume(self.context(run, admitted))
        self._tell_start(run, event)
        return True

    async def _play(
        self, run: Run, event: str, admitted: Admitted | None, *, restarted: bool
    ) -> None:
        record = run.record
        if record.run_id in self.launcher.unproved:
            raise Refused("Processes of an earlier try may still run, so no sheet was started.")
        if admitted is None:
            admitted = await asyncio.to_thread(admit, Path(record.config_path))
        if run.sheets is None:
            run.load(await asyncio.to_thread(self.store.sheets, record.run_id))
        await prepare_sheets(run, admitted, self.store, second_chance=not restarted)
        if record.status == "running" and not self.is_stopping:
            driver = Driver(run, self.context(run, admitted), self.store, self._sheet_slots)
            self._drivers[record.run_id] = driver
            self._tell_start(run, event, restarted=restarted)
            try:
                end = await driver.play()
            finally:
                del self._drivers[record.run_id]
            if end is End.DONE:
                await self._conclude(run, *_verdict(run))

    def _tell_start(self, run: Run, event: str, *, restarted: bool = False) -> None:
        data: dict[str, Any] = {"sheet_count": run.record.total_sheets}
        if event == "job.started":
            data["instrument"] = "cli"
        if restarted:
            data["reason"] = "the conductor was restarted"
        self.bus.publish(run.record.job_id, 0, event, data)

    def is_busy(self, run: Run) -> bool:
        """Whether something still goes on with a run, whatever its status says."""
        return run.record.run_id in self._tasks

    def context(self, run: Run, admitted: Admitted) -> Context:
        """What all sheets of a run have in common."""
        return Context(
            run_id=run.record.run_id,
            job_id=run.record.job_id,
            workspace=Path(run.record.workspace),
            config_folder=admitted.path.parent,
            config=admitted.config,
            expansion=admitted.expansion,
            settings=self.settings,
            launcher=self.launcher,
            bus=self.bus,
        )

    async def _conclude(self, run: Run, status: str, reason: str | None) -> None:
        record = run.record
        if record.status not in ACTIVE:
            return  # paused or cancelled meanwhile: that stays
        record.status = status
        record.error_message = reason
        record.completed_at = time.time()
        with contextlib.suppress(StoreError):  # told all the same; a restart would find it running
            await self.store.commit(run.statements())
        data: dict[str, Any] = {"all_success": status == "completed"}
        if reason is not None:
            data["error_message"] = reason
        self.bus.publish(record.job_id, 0, f"job.{status}", data)


async def _end_of(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        await asyncio.wait([task])


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


def _age_s(run: Run) -> float:
    return time.time() - (run.record.completed_at or run.record.submitted_at)
