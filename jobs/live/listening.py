"""A conductor's event stream: a hint to look, and the only source of output lines.

What it says of a status is not stored: that is derived, once, from the next look.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from datetime import timedelta
from typing import Final

import structlog
from django.utils import timezone

from jobs.conductor import ConductorError, DaemonClient, MethodUnavailable, MonitorEvent
from jobs.live import events, standing
from jobs.live.database import DatabaseThread
from jobs.live.events import EventDraft
from jobs.live.hints import Hints
from jobs.live.looking import Look
from jobs.live.models import OUTPUT
from jobs.live.pauses import Pause
from jobs.live.previews import Previews
from jobs.live.recording import Guard
from jobs.live.surviving import surviving
from jobs.registry.changes import DERIVED
from jobs.registry.secrets import masked_tree

QUEUE_SIZE: Final = 2_000  # then the conductor's end of the socket fills, and it drops by its rule
BATCH: Final = 200

# Commits further apart than this gain nothing for a reader; closer together they cost CPU.
_BETWEEN_COMMITS_S: Final = 0.01

# A run that is new to the stream has to be found in the list before its events can be named.
_PLACE_S: Final = 3.0

# A name that was not in the list is not looked for again at every event.
_SEEK_S: Final = 10.0

# At the end: so long a silence means that everything sent has been read; wait at most so long.
_SILENCE_S: Final = 0.05
_SILENCE_MOST_S: Final = 1.0

_NO_STREAM_S: Final = 60.0
_BELIEVABLE: Final = timedelta(days=1)  # a timestamp further off is not one

_STARTS: Final = frozenset({"job.started", "job.resuming"})

_log = structlog.get_logger(__name__)


class Listener:
    """Takes in a conductor's events and stores those that no look can tell."""

    def __init__(
        self, client: DaemonClient, look: Look, hints: Hints, db: DatabaseThread, guard: Guard
    ) -> None:
        self._client = client
        self._look = look
        self._hints = hints
        self._db = db
        self._guard = guard
        self._queue: asyncio.Queue[MonitorEvent] = asyncio.Queue(QUEUE_SIZE)
        self._previews = Previews()
        self._unplaced: set[str] = set()
        self._sought_at: dict[str, float] = {}
        self._committed_at = self._heard_at = 0.0
        self.is_connected = False

    async def listen(self) -> None:
        """Follow the stream for ever, connecting again whenever it ends."""
        pause = Pause(0.25, 5.0)
        while True:
            try:
                await self._follow(pause)
            except MethodUnavailable:
                _log.info("this conductor has no event stream", conductor=self._slug)
                await asyncio.sleep(_NO_STREAM_S)
            except ConductorError as error:
                _log.debug("event stream lost", conductor=self._slug, error=str(error))
            await asyncio.sleep(pause.grow())

    async def write(self) -> None:
        """Store what was taken in, for ever, in batches."""
        while True:
            batch = await self._batch()
            await self._store_surely(batch)
            for _ in batch:
                self._queue.task_done()

    async def drain(self) -> None:
        """Return once everything that was taken in is stored (`write` must be running)."""
        await self._queue.join()

    async def fall_silent(self) -> None:
        """Return once nothing has come for a moment: what the conductor has sent is taken in."""
        give_up_at = time.monotonic() + _SILENCE_MOST_S
        while time.monotonic() < give_up_at:
            silent_for_s = time.monotonic() - self._heard_at
            if not self.is_connected or silent_for_s >= _SILENCE_S:
                return
            await asyncio.sleep(_SILENCE_S - silent_for_s)

    @property
    def _slug(self) -> str:
        return self._look.conductor.slug

    async def _follow(self, pause: Pause) -> None:
        async with aclosing(self._client.stream_events()) as stream:
            self.is_connected = True
            try:
                # What happened before we listened is only to be seen by looking.
                self._hints.give()
                async for event in stream:
                    pause.reset()
                    self._heard_at = time.monotonic()
                    await self._queue.put(_bounded(self._previews.masked(event)))
            finally:
                self.is_connected = False

    async def _batch(self) -> list[MonitorEvent]:
        batch = [await self._queue.get()]
        wait_s = self._committed_at + _BETWEEN_COMMITS_S - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        while len(batch) < BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    async def _store_surely(self, batch: list[MonitorEvent]) -> None:
        """Store a batch however long the database takes; meanwhile the queue fills."""
        pause = Pause(0.1, 5.0)
        while True:
            with surviving("events not stored yet", conductor=self._slug):
                return await self._store(batch)
            await asyncio.sleep(pause.grow())

    async def _store(self, batch: list[MonitorEvent]) -> None:
        told = [event for event in batch if event.event not in DERIVED]
        moved = {event.job_id for event in batch if event.event in DERIVED}
        self._unplaced |= {event.job_id for event in batch if event.event in _STARTS}
        if told:
            await self._place({event.job_id for event in told})
            drafts = [self._draft(event) for event in told]
            await self._db.run_out(events.store, drafts, within=self._guard)
            await self._note_output(drafts)
            self._committed_at = time.monotonic()
        if moved:
            self._hints.give(moved)

    async def _note_output(self, drafts: list[EventDraft]) -> None:
        """Note on the conductor that it reports output, which only a line of it proves."""
        if self._look.conductor.has_sent_output:
            return
        if any(draft.event == OUTPUT for draft in drafts):
            await self._db.run(standing.record_output, self._look.conductor)

    async def _place(self, names: set[str]) -> None:
        """Find out which runs these names are, by a look, where that is not certain."""
        now = time.monotonic()
        unknown = {name for name in names if name and self._look.job_pk(name) is None}
        unknown = {name for name in unknown if self._sought_at.get(name, 0.0) < now - _SEEK_S}
        unsure = (names & self._unplaced) | unknown
        if not unsure:
            return
        if len(self._sought_at) > QUEUE_SIZE:
            self._sought_at.clear()
        self._sought_at |= dict.fromkeys(unknown, now)
        self._hints.give(unsure)
        try:
            async with asyncio.timeout(_PLACE_S):
                await self._hints.looked()
        except TimeoutError:
            _log.info("events of a run that is not in the list", conductor=self._slug)
        self._unplaced -= unsure

    def _draft(self, event: MonitorEvent) -> EventDraft:
        now = timezone.now()
        at = event.timestamp
        if at is None or abs(at - now) > _BELIEVABLE:
            at = now
        return EventDraft(
            self._slug,
            self._look.job_pk(event.job_id),
            event.job_id,
            event.event,
            event.sheet_num,
            event.data,
            at,
        )


def _bounded(event: MonitorEvent) -> MonitorEvent:
    """The event with data of bounded size: up to `QUEUE_SIZE` of them are held here."""
    return event.model_copy(update={"data": masked_tree(event.data, max_text=4096)})
