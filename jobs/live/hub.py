"""From the event log to the clients of this process.

One hub per web process. It reads new rows once, encodes each once and offers it to every
subscription whose owner may see it. It works only while somebody is connected.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from jobs.live import door, events, farewells, feed, messages, metrics, presence, reading
from jobs.live.database import DatabaseThread
from jobs.live.door import Credential, Welcome
from jobs.live.farewells import Farewell
from jobs.live.messages import Encoded, Stored
from jobs.live.models import Event
from jobs.live.pauses import Pause
from jobs.live.subscription import Subscription, Wish
from jobs.live.surviving import surviving

P = ParamSpec("P")
T = TypeVar("T")

READ_AT_ONCE: Final = 500
POLL_S: Final = 1.0  # a message of the feed that was lost costs this much
RIGHTS_S: Final = 2.0  # a right that was taken away ends a connection after at most this

# Further behind than this it is cheaper that each client reads what it wants from the log.
_TOO_FAR: Final = 5_000

# A membership of a channel layer's group expires; it is renewed long before.
_REJOIN_S: Final = 600.0

_log = structlog.get_logger(__name__)


class TooMany(Exception):
    """No more live connections are taken, of this user or at all."""


class Guest:
    """One connection: who it is, what it is subscribed to, and whether it has to go."""

    def __init__(self, hub: Hub, credential: Credential) -> None:
        self._hub = hub
        self.credential = credential
        self.subscription = Subscription(self)
        self.may_see = True
        self.dismissal: asyncio.Future[Farewell] = asyncio.get_running_loop().create_future()

    def dismiss(self, why: Farewell) -> None:
        """Show nothing more, and have the connection closed for this reason."""
        self.may_see = False
        if not self.dismissal.done():
            self.dismissal.set_result(why)

    @property
    def head(self) -> int:
        """How far live subscriptions have been served."""
        return self._hub.head

    async def read(
        self, wish: Wish, after: int, upto: int, limit: int
    ) -> tuple[list[Encoded], int]:
        """Events of the log that this person may see now; see `subscription.Log`."""
        try:
            return await self._hub.ask(reading.visible, self.credential, wish, after, upto, limit)
        except reading.Unwelcome:
            self.dismiss(farewells.NOT_ALLOWED)
            raise


class Hub:
    """The live connections of this process's event loop."""

    def __init__(self) -> None:
        self.head = 0
        self._guests: set[Guest] = set()
        self._visitors = 0
        self._lock = asyncio.Lock()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._has_told_of_seats = False  # so other processes believe that pages are open here
        self._reader: DatabaseThread | None = None
        self._asker: DatabaseThread | None = None

    @property
    def connections(self) -> int:
        """How many are connected and admitted."""
        return len(self._guests)

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[None]:
        """The hub runs for as long as anybody is inside such a block."""
        async with self._lock:
            self._visitors += 1
            if self._visitors == 1:
                try:
                    await self._start()
                except BaseException:
                    self._visitors -= 1
                    await self._stop()
                    raise
        try:
            yield
        finally:
            async with self._lock:
                self._visitors -= 1
                if not self._visitors:
                    await self._stop()

    @contextmanager
    def admit(self, credential: Credential) -> Iterator[Guest]:
        """A visitor's place, with a subscription that has not begun.

        Raises:
            TooMany: there are too many of this user, or altogether.
        """
        if len(self._guests) >= settings.PODIUM_MAX_SOCKETS:
            raise TooMany("This server has too many live connections; try again later.")
        of_user = sum(1 for g in self._guests if g.credential.user_pk == credential.user_pk)
        if of_user >= settings.PODIUM_MAX_SOCKETS_PER_USER:
            raise TooMany("You have too many live connections open; close some tabs.")
        guest = Guest(self, credential)
        self._guests.add(guest)
        metrics.CONNECTIONS.inc()
        try:
            yield guest
        finally:
            guest.dismissal.cancel()
            presence.here.leave(guest)
            self._guests.discard(guest)
            metrics.CONNECTIONS.dec()

    async def ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, from the database thread that all visitors share."""
        if self._asker is None:
            raise RuntimeError("The hub only runs while it is visited.")
        return await self._asker.run(function, *args, **kwargs)

    def dismiss_all(self, why: Farewell) -> None:
        """Have every connection closed for this reason."""
        for guest in self._guests:
            guest.dismiss(why)

    # -- at work -----------------------------------------------------------------------------

    async def _start(self) -> None:
        self._reader = DatabaseThread("podium-hub")
        self._asker = DatabaseThread("podium-door")
        self.head = await self._reader.run(events.last_seq)
        self._task = asyncio.create_task(self._run(self._reader), name="hub")

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._has_told_of_seats:
            with surviving("not told that nobody looks any more"):
                await self.ask(presence.tell, presence.here.process, presence.here.seats())
                self._has_told_of_seats = False
        for thread in (self._reader, self._asker):
            if thread is not None:
                await asyncio.to_thread(thread.close)
        self._task = self._reader = self._asker = None

    async def _run(self, reader: DatabaseThread) -> None:
        loop = asyncio.get_running_loop()

        def moved(committed: Sequence[Event]) -> None:
            rows = [Stored.of(event) for event in committed]
            loop.call_soon_threadsafe(self._take, rows)

        with feed.listening(moved):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader), name="hub reads")
                tasks.create_task(self._watch_rights(), name="hub watches rights")
                tasks.create_task(self._listen_to_others(), name="hub listens")
                tasks.create_task(self._tell_who_looks(), name="hub tells who looks")

    def _take(self, rows: list[Stored]) -> None:
        """Rows of this process's own writers; those that follow on what was read need no reading.

        Whatever does not fit (another process wrote in between) is left to the next reading.
        """
        if rows[0].seq == self.head + 1:
            self._hand_out(rows)
        elif rows[-1].seq > self.head:
            self._moved.set()

    async def _pump(self, reader: DatabaseThread) -> None:
        """Hand out what is new, for ever."""
        pause = Pause(0.1, 5.0)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._moved.wait()
            self._moved.clear()
            with surviving("the hub could not read events") as turn:
                while await self._read(reader):
                    pass
            if turn.failed:
                await asyncio.sleep(pause.grow())
            else:
                pause.reset()

    async def _read(self, reader: DatabaseThread) -> bool:
        """Hand out one portion; True when there may be more."""
        rows = await reader.run(messages.stored_after, self.head, READ_AT_ONCE)
        is_full = len(rows) == READ_AT_ONCE
        # Some may have been handed out meanwhile.
        if fresh := [row for row in rows if row.seq > self.head]:
            self._hand_out(fresh)
        if not is_full:
            return False
        newest = await reader.run(events.last_seq)
        if newest - self.head > _TOO_FAR:
            self.head = newest
            for guest in self._guests:
                guest.subscription.fall_back()
        return True

    def _hand_out(self, rows: list[Stored]) -> None:
        fresh = [messages.encoded(row) for row in rows]
        self.head = fresh[-1].seq
        for guest in self._guests:
            if guest.may_see:
                guest.subscription.offer(fresh, self.head)

    async def _watch_rights(self) -> None:
        """Send those away whose session, token or right has ended, for ever."""
        while True:
            await asyncio.sleep(RIGHTS_S)
            with surviving("rights of live connections not checked"):
                credentials = {guest.credential for guest in self._guests}
                standing = await self.ask(door.still_welcome, credentials)
                for guest in list(self._guests):
                    match standing.get(guest.credential):
                        case Welcome.UNKNOWN:
                            guest.dismiss(farewells.NOT_LOGGED_IN)
                        case Welcome.DENIED:
                            guest.dismiss(farewells.NOT_ALLOWED)

    async def _tell_who_looks(self) -> None:
        """Let the other web processes know whose pages are open here, for ever."""
        told: frozenset[presence.Seat] = frozenset()
        told_at = -presence.RENEW_S
        while True:
            await asyncio.sleep(presence.TELL_S)
            seats, now = presence.here.seats(), time.monotonic()
            if seats == told and (not seats or now - told_at < presence.RENEW_S):
                continue
            with surviving("not told who looks"):
                self._has_told_of_seats |= bool(seats)  # before: it may be told though we end here
                await self.ask(presence.tell, presence.here.process, seats)
                told, told_at = seats, now

    async def _listen_to_others(self) -> None:
        """Be woken by writers of other processes, where a channel layer reaches them."""
        layer = get_channel_layer()
        if layer is None or isinstance(layer, InMemoryChannelLayer):
            return
        pause = Pause(0.5, 10.0)
        while True:
            with surviving("the channel layer gives nothing"):
                channel = await layer.new_channel()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_REJOIN_S):
                        await layer.group_add(feed.GROUP, channel)
                        while True:
                            await layer.receive(channel)
                            self._moved.set()
                            pause.reset()
                await layer.group_discard(feed.GROUP, channel)
                continue
            await asyncio.sleep(pause.grow())


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def the_hub() -> Hub:
    """The hub of the running event loop; a web process has one."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
