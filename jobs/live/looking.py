"""Reading the truth from a conductor: its list, and the checkpoints of runs that move.

One of these per conductor, whoever watches. The stream's events only say when to look.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

import structlog
from django.utils import timezone

from jobs.conductor import (
    CheckpointState,
    ConductorError,
    ConductorRefused,
    ConductorUnreachable,
    DaemonClient,
    JobNotFound,
    JobRow,
    MethodUnavailable,
    ProtocolViolation,
)
from jobs.live import standing
from jobs.live.database import DatabaseThread
from jobs.live.pauses import Pause
from jobs.live.recording import Guard, record_checkpoint, record_rows
from jobs.live.strays import Strays
from jobs.registry.models import Conductor, Job
from jobs.registry.refresh import touch
from jobs.registry.rows import matching
from jobs.terms import TERMINAL_JOB_STATUSES

MAX_ROWS: Final = 10_000  # the recorded conductor keeps 1,000 ended runs

_STATUSES_AT_ONCE: Final = 4
_STATUSES_PER_LOOK: Final = 16  # the others have their turn at the next look

_MOVING_EVERY_S: Final = 1.0
_NEW_EVERY_S: Final = 0.2  # a run that has no checkpoint yet
_RESTING_EVERY_S: Final = 10.0  # a paused run: its sheet in progress still ends
_VITALS_EVERY_S: Final = 5.0
_WHOLE_EVERY_S: Final = 10.0  # compare the list with the database although it did not change
_PROBE_EVERY_S: Final = 60.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)

# A checkpoint of 8 MiB takes a while to read; never spend more than a tenth of the time on one.
_COST_FACTOR: Final = 10.0


@dataclass(slots=True)
class Watched:
    """A run that is in the list, and when its checkpoint is to be read again."""

    job: Job
    row: JobRow
    due_at: float = 0.0  # on the monotonic clock
    created_at: datetime | None = None  # as its checkpoint said
    has_ended: bool = False  # and its last checkpoint was read
    pause: Pause = field(default_factory=lambda: Pause(1.0, 60.0))

    @property
    def is_over(self) -> bool:
        """Whether the list says that it has ended."""
        return self.row.status.value in TERMINAL_JOB_STATUSES


class Look:
    """What is known of one conductor's runs, brought up to date look by look."""

    def __init__(
        self, conductor: Conductor, client: DaemonClient, db: DatabaseThread, guard: Guard
    ) -> None:
        self.conductor = conductor
        self._client = client
        self._db = db
        self._guard = guard
        self._strays = Strays(conductor)
        self._rows: list[JobRow] = []
        self._watched: dict[str, Watched] = {}
        self._whole_at = self._vitals_at = self._probe_at = 0.0
        self._has_status = True
        self._is_silent = False

    @property
    def has_movement(self) -> bool:
        """Whether any run may change by itself."""
        return any(not watched.has_ended for watched in self._watched.values())

    def job_pk(self, job_id: str) -> int | None:
        """Podium's id of the run that has this name now."""
        watched = self._watched.get(job_id)
        return watched.job.pk if watched else None

    async def once(self, hinted: frozenset[str] = frozenset()) -> bool:
        """Look at the list and at the runs that are due; True to look again at once.

        Raises:
            ConductorError: the list is not to be had.
        """
        at = timezone.now()
        rows = await self._client.list_jobs()
        if len(rows) > MAX_ROWS:
            raise ProtocolViolation(
                f"The conductor's job list has {len(rows)} rows; {MAX_ROWS} are taken at most.",
                "too_long",
            )
        await self._db.run(standing.record_answer, self.conductor, at, guard=self._guard)
        await self._read_ending(rows)
        await self._take(rows, at)
        for job_id in hinted & self._watched.keys():
            self._watched[job_id].due_at = 0.0
            self._watched[job_id].has_ended = False
        again = await self._read_due()
        await self._read_vitals()
        return again

    async def _read_ending(self, rows: Sequence[JobRow]) -> None:
        """Read the checkpoints of runs that have just ended, before that is told.

        So the last sheets end before their job does, for whoever follows the events.
        """
        self._is_silent = False
        for row in rows:
            watched = self._watched.get(row.job_id)
            if watched is None or watched.is_over or not self._has_status:
                continue
            if row.status.is_terminal and row.submitted_at == watched.row.submitted_at:
                await self._read(watched)
                if self._is_silent:
                    return  # the others would wait as long, and the list must be told of

    async def _take(self, rows: list[JobRow], at: datetime) -> None:
        """Write what the list says where it says something new."""
        is_due = time.monotonic() - self._whole_at >= _WHOLE_EVERY_S
        if rows == self._rows and not is_due:
            return
        changes = await self._db.run(record_rows, self.conductor, rows, at, guard=self._guard)
        if changes.unreadable:
            _log.warning(
                "rows with names that cannot be kept",
                conductor=self.conductor.slug,
                rows=changes.unreadable,
            )
        if is_due:
            await self._db.run(touch, self.conductor, at)
            await self._db.run(self._strays.place)
            self._whole_at = time.monotonic()
        jobs = await self._db.run(_present, self.conductor)
        self._watch(rows, jobs)
        self._rows = rows

    def _watch(self, rows: Sequence[JobRow], jobs: Sequence[Job]) -> None:
        known: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            known[job.job_id].append(job)
        watched: dict[str, Watched] = {}
        for row in rows:
            run = matching(known[row.job_id], row)
            if run is None:
                continue
            before = self._watched.get(row.job_id)
            if before is None or before.job.pk != run.pk:
                # A run that had ended before we came is read once, for its sheets.
                watched[row.job_id] = Watched(run, row)
                continue
            if before.row != row:
                before.due_at, before.has_ended = 0.0, False
            before.row = row
            watched[row.job_id] = before
        self._watched = watched

    # -- checkpoints -------------------------------------------------------------------------

    async def _read_due(self) -> bool:
        """Read checkpoints that are due, live runs first; True to look again at once."""
        if not self._has_status:
            return False
        now = time.monotonic()
        due = [w for w in self._watched.values() if not w.has_ended and w.due_at <= now]
        due.sort(key=lambda watched: (watched.is_over, watched.due_at))
        now_due, left = due[:_STATUSES_PER_LOOK], due[_STATUSES_PER_LOOK:]
        queue = iter(now_due)
        self._is_silent = False
        try:
            async with asyncio.TaskGroup() as tasks:
                readers = [
                    tasks.create_task(self._read_some(queue), name=f"checkpoints {number}")
                    for number in range(min(_STATUSES_AT_ONCE, len(now_due)))
                ]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        wants_list = any(reader.result() for reader in readers)
        return wants_list or any(not watched.is_over for watched in left)

    async def _read_some(self, queue: Iterator[Watched]) -> bool:
        wants_list = False
        for watched in queue:
            if self._is_silent:
                break  # each of them would take its whole deadline
            wants_list |= await self._read(watched)
        return wants_list

    async def _read(self, watched: Watched) -> bool:
        """Read one checkpoint; True when the list has to be looked at again first."""
        job, row = watched.job, watched.row
        at, began = timezone.now(), time.monotonic()
        try:
            checkpoint = await self._client.get_job_status(job.job_id, row.workspace or "")
        except JobNotFound:
            watched.due_at = time.monotonic() + watched.pause.grow()
            return True  # it went between the list and this
        except MethodUnavailable:
            self._has_status = False
            _log.warning("this conductor has no job.status", conductor=self.conductor.slug)
            return False
        except ConductorError as error:
            self._is_silent = isinstance(error, ConductorUnreachable)
            watched.due_at = time.monotonic() + watched.pause.grow()
            _log.warning(
                "a checkpoint could not be read",
                conductor=self.conductor.slug,
                job_id=job.job_id,
                error=str(error),
            )
            return False
        watched.pause.reset()
        if not isinstance(checkpoint, CheckpointState):
            # Source: wire/start_sheet.jsonl: in its first moments a run has no checkpoint.
            watched.due_at = time.monotonic() + (
                _RESTING_EVERY_S if watched.is_over else _NEW_EVERY_S
            )
            return False
        is_another = watched.created_at not in (None, checkpoint.created_at)
        watched.created_at = checkpoint.created_at
        if is_another:
            # A later run may have taken the name since the list: only the list can tell.
            watched.due_at = 0.0
            return True
        await self._db.run(record_checkpoint, job, checkpoint, at, guard=self._guard)
        self._schedule(watched, checkpoint, took_s=time.monotonic() - began)
        return checkpoint.status != row.status

    def _schedule(self, watched: Watched, checkpoint: CheckpointState, *, took_s: float) -> None:
        has_running = any(sheet.status.is_running for sheet in checkpoint.sheets.values())
        watched.has_ended = watched.is_over and checkpoint.status == watched.row.status
        is_resting = watched.row.status.value.startswith("paused") and not has_running
        every_s = _RESTING_EVERY_S if is_resting else _MOVING_EVERY_S
        watched.due_at = time.monotonic() + max(every_s * 0.9, took_s * _COST_FACTOR)

    # -- the conductor itself ----------------------------------------------------------------

    async def _read_vitals(self) -> None:
        now = time.monotonic()
        if now - self._vitals_at < _VITALS_EVERY_S:
            return
        status = await _if_it_has(self._client.daemon_status)
        ready = await _if_it_has(self._client.daemon_ready)
        self._vitals_at = now
        await self._db.run(standing.record_vitals, self.conductor, status, ready)
        if now - self._probe_at >= _PROBE_EVERY_S:
            self._probe_at = now
            await self._db.run(standing.probe_filesystem, self.conductor)


async def _if_it_has(method: Callable[[], Awaitable[T]]) -> T | None:
    """The answer of a method that an older or newer conductor may refuse or tell otherwise."""
    try:
        return await method()
    except (ConductorRefused, ProtocolViolation):
        return None


def _present(conductor: Conductor) -> list[Job]:
    """The runs that are in the conductor's list."""
    jobs = Job.objects.filter(conductor=conductor, gone_at=None)
    return list(jobs.select_related("conductor").defer("details").order_by("id"))
