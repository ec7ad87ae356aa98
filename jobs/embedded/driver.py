"""Plays the sheets of one run, in order and side by side, until there is nothing left to do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import Enum

from jobs.embedded.attempt import Context
from jobs.embedded.brake import Brake, SheetStopped
from jobs.embedded.document import Sheet, now_iso
from jobs.embedded.playing import Playing
from jobs.embedded.readiness import Fate, Readiness
from jobs.embedded.run import Run
from jobs.embedded.store import Statement, Store
from jobs.embedded.supervised import Ended

CHUNK = 200  # sheets between two looks at the event loop
BLOCKED_CODE = "E999"  # Source: recorded exchange `wire/failing.jsonl`


class End(Enum):
    """Why the sheets stop being played."""

    DONE = "done"  # nothing is left that could be played
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"  # the conductor ends; the run goes on at its next start


@dataclass(slots=True, eq=False)
class Driver:
    """Plays one run once; a resume makes a new one."""

    run: Run
    context: Context
    store: Store
    sheet_slots: asyncio.Semaphore
    _brakes: dict[int, Brake] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _paused: bool = False
    _stopping: End | None = None
    _failed_fast: bool = False
    _started: int = 0
    _readiness: Readiness | None = None  # None: to be made anew
    is_over: bool = False  # nothing further will be played, whatever is asked

    # --- from outside ---

    def hold(self) -> None:
        """Start no further sheet and no retry; sheets that run go on to their end."""
        self._paused = True
        self._changed.set()

    async def pause(self) -> None:
        """The hold is a pause now: sheets that wait for a retry need not be held any longer."""
        self.hold()
        await self._wake_retries()

    def resume(self, context: Context) -> None:
        """Go on after a pause while sheets still run, with a score that was read again."""
        self.context = context
        self._paused = False
        self._failed_fast = False
        self._readiness = None
        self._changed.set()

    def release(self) -> None:
        """The opposite of `hold`."""
        self._paused = False
        self._changed.set()

    async def _wake_retries(self) -> None:
        """Sheets that wait for a retry have nothing running: let go of them."""
        for number, brake in list(self._brakes.items()):
            if self._sheet(number).status == "retry_scheduled":
                await brake.pull(0.0)

    async def stop(self, why: End, grace_s: float) -> None:
        """Stop running sheets, too."""
        self._stopping = self._stopping or why
        self._changed.set()
        await asyncio.gather(*(brake.pull(grace_s) for brake in self._brakes.values()))

    async def hold_new_sheets(self) -> None:
        """The conductor is about to end: as a pause, but the status stays."""
        self._stopping = self._stopping or End.SHUTDOWN
        self._changed.set()
        await self._wake_retries()

    @property
    def is_stopping(self) -> bool:
        """Whether its sheets are being stopped."""
        return self._stopping is not None

    @property
    def running(self) -> list[int]:
        """The sheets that are under way."""
        return sorted(self._brakes)

    # --- the loop ---

    async def play(self) -> End:
        """Play until nothing is left, or until paused or stopped and nothing runs any more."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                readiness = self._current_readiness()
                await self._block(readiness)
                await self._start_ready(tasks, readiness)
                if readiness.has_blocked or readiness is not self._readiness:
                    continue
                if not self._brakes:
                    self.is_over = True
                    return self._end()
                await self._changed.wait()

    def _current_readiness(self) -> Readiness:
        if self._readiness is None:
            waits_for = self.context.expansion.waits_for
            self._readiness = Readiness(self._open_sheets(), waits_for, self._fate_of)
        return self._readiness

    async def _start_ready(self, tasks: asyncio.TaskGroup, readiness: Readiness) -> None:
        while self._may_start and (number := readiness.take()) is not None:
            await self._pace()
            if not self._may_start or readiness is not self._readiness:
                readiness.give_back(number)
                return
            self._start(tasks, number)

    def _end(self) -> End:
        if self._stopping is not None:
            return self._stopping
        return End.PAUSED if self._paused else End.DONE

    @property
    def _may_start(self) -> bool:
        limit = self.run.record.parallel_max_concurrent if self.run.record.parallel_enabled else 1
        return (
            not self._paused
            and self._stopping is None
            and not self._failed_fast
            and len(self._brakes) < limit
        )

    async def _pace(self) -> None:
        """Wait between sheets, where the score asks for it."""
        config = self.context.config
        pause_s = 0.0
        if self._started:
            if config.parallel.enabled:
                pause_s = config.parallel.stagger_delay_ms / 1000
            elif "pause_between_sheets_seconds" in config.model_fields_set:
                pause_s = config.pause_between_sheets_seconds
        until = time.monotonic() + pause_s
        while self._may_start and (left := until - time.monotonic()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _start(self, tasks: asyncio.TaskGroup, number: int) -> None:
        brake = Brake()
        self._brakes[number] = brake
        self._started += 1
        name = f"sheet-{self.run.record.job_id}-{number}"
        tasks.create_task(self._play_sheet(number, brake), name=name)

    async def _play_sheet(self, number: int, brake: Brake) -> None:
        sheet = self._sheet(number)
        playing = Playing(
            self.context,
            self.context.expansion.plan(number),
            sheet,
            brake,
            self._save,
            self._hold,
            self._count_retry,
        )
        try:
            async with brake.slot(self.sheet_slots):
                await playing.play()
        except SheetStopped as stopped:
            await self._mark_stopped(sheet, stopped.ended)
        finally:
            del self._brakes[number]
            self._changed.set()
        if sheet.status == "failed" and self.context.config.parallel.enabled:
            self._failed_fast = self._failed_fast or self.context.config.parallel.fail_fast
        if self._readiness is not None:
            if sheet.is_done:
                self._readiness.done(number)
            else:  # stopped; whether it is played again is decided anew
                self._readiness.give_back(number)

    async def _mark_stopped(self, sheet: Sheet, ended: Ended | None) -> None:
        """A stopped sheet is cancelled, or at the conductor's end pending again.

        One that waits for a retry goes on waiting, whether for the resume or the next start.
        """
        if self._stopping is End.CANCELLED and sheet.status in ("dispatched", "retry_scheduled"):
            sheet.status = "cancelled"
            sheet.exit_reason = "killed"
            sheet.completed_at = now_iso()
            if ended is not None:
                sheet.exit_signal, sheet.exit_code = ended.exit_signal, ended.exit_code
                sheet.stdout_tail, sheet.stderr_tail = ended.stdout_tail, ended.stderr_tail
            self.context.bus.publish(self.run.record.job_id, sheet.sheet_num, "sheet.cancelled", {})
        elif sheet.status == "dispatched":
            sheet.status = "pending"
        await self._save(sheet, [])

    def _hold(self) -> None:
        """Before a retry: a paused job starts nothing, not even that."""
        if self._paused or self._stopping is not None:
            raise SheetStopped

    def _count_retry(self) -> None:
        self.run.record.total_retry_count += 1

    async def _save(self, sheet: Sheet, statements: list[Statement]) -> None:
        self.run.touch(sheet)
        await self.run.commit(self.store, statements)

    # --- dependencies ---

    def _sheet(self, number: int) -> Sheet:
        assert self.run.sheets is not None  # noqa: S101 - a run that is played is loaded
        return self.run.sheets[number]

    def _open_sheets(self) -> list[int]:
        assert self.run.sheets is not None  # noqa: S101 - as above
        return [
            number
            for number, sheet in self.run.sheets.items()
            if not sheet.is_done and number not in self._brakes
        ]

    def _fate_of(self, number: int) -> Fate:
        sheet = self._sheet(number)
        if not sheet.is_done:
            return Fate.OPEN
        return Fate.SATISFIED if sheet.is_satisfied else Fate.LOST

    async def _block(self, readiness: Readiness) -> None:
        """Skip what can never start, and what waits for that."""
        blocked: list[tuple[int, int]] = []
        for number, source in readiness.blocked():
            sheet = self._sheet(number)
            sheet.status = "skipped"
            sheet.error_message = f"Blocked by failed dependency: sheet {source}"
            sheet.error_code = BLOCKED_CODE
            self.run.touch(sheet)
            readiness.done(number)
            blocked.append((number, source))
            if len(blocked) % CHUNK == 0:
                await asyncio.sleep(0)
        if not blocked:
            return
        await self.run.commit(self.store)
        for number, source in blocked:
            reason = f"Blocked by failed dependency: sheet {source}"
            data = {"reason": reason, "blocked_by": source}
            self.context.bus.publish(self.run.record.job_id, number, "sheet.skipped", data)
