"""One client's place in the event log: what it wants, and how far it has been served.

Live events come through a bounded queue. When it is full the client changes lanes: it reads from
the log, at its own pace, until it has caught up. Nothing is dropped, and nothing is sent twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from jobs.live.messages import Encoded

QUEUE_SIZE: Final = 1_000
PORTION: Final = 50  # events given out at once; a client that stalls holds as many


@dataclass(frozen=True, slots=True)
class Wish:
    """Which events a client asked for; None stands for all that it may see."""

    job_pk: int | None = None
    conductor: str | None = None

    def covers(self, event: Encoded) -> bool:
        """Whether an event is asked for."""
        return (self.job_pk is None or event.job_pk == self.job_pk) and (
            self.conductor is None or event.conductor == self.conductor
        )


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything up to here has been given out; what follows is live."""

    seq: int


class Log(Protocol):
    """Where a subscription reads what it has not got from the queue."""

    @property
    def head(self) -> int:
        """The last event that was handed to live subscriptions."""
        ...

    async def read(
        self, wish: Wish, after: int, upto: int, limit: int
    ) -> tuple[list[Encoded], int]:
        """Events after one number and up to another, and how far the log was looked through."""
        ...


class Subscription:
    """Gives out events in order, each once."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._wish: Wish | None = None
        self._queue: deque[Encoded] = deque()
        self._is_live = False
        self._offered = 0
        self._number = 0
        self._ready = asyncio.Event()
        self.cursor = 0  # everything up to here was given out or is not wanted

    @property
    def number(self) -> int:
        """Another one after each `begin`."""
        return self._number

    @property
    def is_live(self) -> bool:
        """Whether it is served from the queue."""
        return self._is_live

    def begin(self, wish: Wish, since: int) -> None:
        """Start over: other wishes, another place."""
        self._wish = wish
        self._number += 1
        self.cursor = since
        self.fall_back()

    def fall_back(self) -> None:
        """Leave the queue and read from the log, from where the client has got to."""
        self._queue.clear()
        self._is_live = False
        self._ready.set()

    def offer(self, events: Sequence[Encoded], upto: int) -> None:
        """Take the events up to `upto` without ever waiting; never drops, it changes lanes."""
        if not self._is_live or self._wish is None:
            return
        # It may have begun further on than the hub had read.
        new = self._offered
        wanted = [event for event in events if event.seq > new and self._wish.covers(event)]
        if len(self._queue) + len(wanted) > QUEUE_SIZE:
            self.fall_back()
            return
        self._queue.extend(wanted)
        self._offered = max(new, upto)
        if wanted:
            self._ready.set()
        elif not self._queue:
            self.cursor = self._offered

    async def next(self) -> list[Encoded] | CaughtUp:
        """The next events, as soon as there are any; may be cancelled without loss."""
        while True:
            if self._is_live and self._queue:
                return self._from_queue()
            if self._is_live or self._wish is None:
                self._ready.clear()
                await self._ready.wait()
                continue
            given = await self._from_log(self._wish)
            if given is not None:
                return given

    def _from_queue(self) -> list[Encoded]:
        portion = [self._queue.popleft() for _ in range(min(PORTION, len(self._queue)))]
        self.cursor = portion[-1].seq if self._queue else self._offered
        return portion

    async def _from_log(self, wish: Wish) -> list[Encoded] | CaughtUp | None:
        upto = self._log.head
        if self.cursor >= upto:
            # Nothing is awaited between the comparison and this, so no event slips through.
            self._is_live, self._offered = True, self.cursor
            return CaughtUp(self.cursor)
        number = self._number
        events, looked = await self._log.read(wish, self.cursor, upto, PORTION)
        if number != self._number:
            return None  # another subscribe came meanwhile
        self.cursor = looked
        return events or None
