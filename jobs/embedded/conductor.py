"""The conductor itself: which runs there are, and what may be done to them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.embedded import restart
from jobs.embedded.admission import Admitted, Refused, admit, settle_workspace
from jobs.embedded.driver import End
from jobs.embedded.events import Bus
from jobs.embedded.performing import Performances
from jobs.embedded.run import TERMINAL, Run, new_run
from jobs.embedded.settings import Settings
from jobs.embedded.store import Store, StoreError, add_run, delete_runs

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
        self.performances = Performances(
            settings, store, bus, on_room=self._start_queued, on_parked=self._resume_modified
        )
        self.runs: dict[str, Run] = {}
        self.recovering: set[str] = set()  # ids of runs that are judged anew
        self.started_at = time.time()
        self._replacing: dict[str, Path] = {}  # job id: the config that a modify brings
        self._changing = asyncio.Lock()

    # --- life ---

    async def start(self) -> None:
        """Take up where the last conductor of this home ended."""
        unproved = await restart.end_old_trees(self.store)
        self.performances.launcher.unproved |= unproved
        for stored in await asyncio.to_thread(self.store.runs):
            if stored.is_current:
                run = Run.stored(stored.record)
                self.runs[run.record.job_id] = run
        await restart.settle_sheets(self.store, self.runs.values())
        for run in list(self.runs.values()):
            if run.record.status == "running":
                self.performances.perform(run, "job.resuming", restarted=True)
        self._start_queued()

    @property
    def is_stopping(self) -> bool:
        """Whether the end has begun."""
        return self.performances.is_stopping

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
        if old is not None:
            self._require_unrecovering(old)
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
        record = run.record
        await run.commit(self.store, add_run(record.run_id, job_id, record.submitted_at))
        # Moved to the end: the list is in the order of submission.
        self.runs.pop(job_id, None)
        self.runs[job_id] = run
        if starts_now:
            self.performances.perform(run, "job.started", admitted=admitted)
        await self._prune()
        text = f"Job queued (concurrency limit: {self.settings.max_jobs})"
        return Answer(job_id, "accepted", text)

    async def _prune(self) -> None:
        """Forget the oldest runs that later submits of the same names have replaced."""
        limit = self.settings.max_job_history
        with contextlib.suppress(StoreError):  # the next submit does it
            run_ids = await asyncio.to_thread(self.store.superseded_beyond, limit)
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
            driver = self.performances.driver_of(run)
            if driver is not None:
                driver.hold()
            try:
                await run.change(self.store, status="paused")
            except StoreError as error:
                self.performances.take_back_pause(run)
                return f"Job '{job_id}' was not paused. {error}"
            if driver is not None:
                await driver.pause()
            running = [] if driver is None else driver.running
            self.bus.publish(job_id, 0, "job.paused", {"running_sheets": running})
            self._start_queued()
            return None

    async def resume(self, job_id: str, config_path: Path | None = None) -> Answer:
        """Go on with a paused, failed or cancelled run; its score is read again."""
        run = self.runs.get(job_id)
        if run is None:
            return Answer(job_id, "rejected", f"Score '{job_id}' not found")
        return await self._go_on(run, config_path or Path(run.record.config_path))

    async def _go_on(self, run: Run, path: Path, *, for_modify: bool = False) -> Answer:
        job_id = run.record.job_id
        try:
            self._require_resumable(run)
            admitted = await asyncio.to_thread(admit, path)
            async with self._changing:
                self._require_resumable(run)
                if self.runs.get(job_id) is not run:
                    raise Refused(f"Score '{job_id}' has been submitted again meanwhile.")
                if for_modify and self._replacing.get(job_id) is not path:
                    raise Refused(f"Score '{job_id}' has been cancelled or resumed meanwhile.")
                await self._resume(run, admitted)
        except Refused as refusal:
            return Answer(job_id, "rejected", str(refusal))
        except StoreError as error:
            return Answer(job_id, "error", str(error))
        return Answer(job_id, "accepted", "Job resume queued")

    def _require_resumable(self, run: Run) -> None:
        self._require_unrecovering(run)
        status = run.record.status
        if status not in RESUMABLE:
            raise Refused(
                f"Score '{run.record.job_id}' is {status}, only PAUSED, PAUSED_AT_CHAIN, FAILED, "
                "or CANCELLED scores can be resumed"
            )

    def _require_unrecovering(self, run: Run) -> None:
        if run.record.run_id in self.recovering:
            raise Refused(f"Score '{run.record.job_id}' is being recovered; try again.")

    async def _resume(self, run: Run, admitted: Admitted) -> None:
        starts_now = self._has_room
        await run.change(
            self.store,
            config_path=str(admitted.path),
            error_message=None,
            completed_at=None,
            status="running" if starts_now else "queued",
            started_at=time.time() if starts_now else run.record.started_at,
        )
        self._replacing.pop(run.record.job_id, None)
        if starts_now:
            self.performances.perform(run, "job.resuming", admitted=admitted)

    async def cancel(self, job_id: str) -> bool:
        """False: unknown, or ended. What runs is killed; the answer does not wait for that.

        Raises:
            StoreError: it is cancelled all the same, for a full disk must not keep a sheet
                running; `write_again` makes the checkpoint say so, too.
        """
        async with self._changing:
            run = self.runs.get(job_id)
            if run is None or run.record.status in TERMINAL:
                return False
            run.record.status = "cancelled"
            run.record.completed_at = time.time()
            self._replacing.pop(job_id, None)
            driver = self.performances.driver_of(run)
            if driver is not None:
                await driver.stop(End.CANCELLED, self.settings.stop_grace_s)
            self.bus.publish(job_id, 0, "job.cancelled", {})
            try:
                await run.commit(self.store)
                if not self.performances.is_busy(run):
                    await restart.cancel_sheets(self.store, run)
            except StoreError as error:
                raise StoreError(
                    f"Job '{job_id}' is cancelled and its sheets are stopped, but that is not "
                    f"kept yet: a restart of the conductor now would run it again. {error}"
                ) from error
            finally:
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

        def is_meant(run: Run) -> bool:
            return (
                run.record.status in TERMINAL
                and run.record.run_id not in self.recovering
                and (job_ids is None or run.record.job_id in job_ids)
                and (statuses is None or run.record.status in statuses)
                and (older_than_s is None or _age_s(run) > older_than_s)
            )

        ending = [run for run in self.runs.values() if is_meant(run)]
        # Not under the lock: the last step of a run may be a resume, which needs it.
        await self.performances.end_of(ending)
        async with self._changing:
            doomed = [
                run
                for run in self.runs.values()
                if run in ending and is_meant(run) and not self.performances.is_busy(run)
            ]
            run_ids = [run.record.run_id for run in doomed]
            await self.store.commit(delete_runs(run_ids))
            for run in doomed:
                del self.runs[run.record.job_id]
            await asyncio.to_thread(restart.remove_run_folders, self.settings.home.runs, run_ids)
            return len(doomed)

    async def write_again(self) -> None:
        """Write what could not be written when it happened; called from time to time.

        Runs under way are left out, for they write by themselves.
        """
        for run in list(self.runs.values()):
            owes = not run.is_written and run.record.run_id not in self.recovering
            if owes and not self.performances.is_busy(run):
                with contextlib.suppress(StoreError):  # the next turn tries again
                    await run.commit(self.store)

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

    # --- whose turn it is ---

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
            self.performances.perform(run, "job.started" if first else "job.resuming")

    async def _resume_modified(self, run: Run) -> None:
        """A run is parked: if that was for a new score, go on with it."""
        job_id = run.record.job_id
        path = self._replacing.get(job_id)
        if path is None:
            return
        answer = await self._go_on(run, path, for_modify=True)
        if answer.status != "accepted":
            logger.warning("job %s does not go on with %s: %s", job_id, path, answer.message)
            if self._replacing.get(job_id) is path:
                del self._replacing[job_id]


def _age_s(run: Run) -> float:
    return time.time() - (run.record.completed_at or run.record.submitted_at)
