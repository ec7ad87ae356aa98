"""The connections of a web process: so many at most, and none that does not take what it is sent.

Daphne's `send` returns at once and lets the bytes pile up in memory. `Connection.room` waits until
most of them have been passed on, so that a client that never reads costs a fixed amount; and
`Connections` ends what reads nothing, or next to nothing. The names in camel case are Twisted's.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import structlog
from twisted.internet import tcp

# What a transport may hold; one message more than this at most.
MOST_UNSENT_BYTES: Final = 256 * 1024

# A client that takes nothing at all for so long is not reading.
NO_PROGRESS_S: Final = 20.0

# And one that takes less than this in so long, of what waits for it all the time, only keeps a
# place: 4 KiB a second.
RATE_S: Final = 60.0
LEAST_BYTES: Final = 240 * 1024

_TELL_S: Final = 60.0

_log = structlog.get_logger(__name__)


class Pace:
    """How fast one client takes what waits for it, as it is looked at now and then."""

    def __init__(self, now: float) -> None:
        self._moved_at = self._since = now
        self._moved_bytes = self._since_bytes = 0

    def is_too_slow(self, taken_bytes: int, unsent_bytes: int, now: float) -> bool:
        """Whether the client is to be cut off; `taken_bytes` since the beginning."""
        if not unsent_bytes:
            self._moved_at = self._since = now
            self._moved_bytes = self._since_bytes = taken_bytes
            return False
        if taken_bytes > self._moved_bytes:
            self._moved_at, self._moved_bytes = now, taken_bytes
        if now - self._moved_at >= NO_PROGRESS_S:
            return True
        if now - self._since < RATE_S:
            return False
        is_slow = taken_bytes - self._since_bytes < LEAST_BYTES
        self._since, self._since_bytes = now, taken_bytes
        return is_slow


class Connection(tcp.Server):
    """One client's connection. Its port makes it, see `PodiumServer.listen_success`."""

    def __init__(self, *args: Any) -> None:
        self._taken_bytes = 0
        self._has_room = asyncio.Event()
        self._pace = Pace(time.monotonic())
        super().__init__(*args)
        factory: Any = self.server.factory
        self._all: Connections = factory.connections
        self._all.add(self)

    @property
    def unsent_bytes(self) -> int:
        """Bytes that were written and not yet taken by the kernel; Twisted has no name for it."""
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    async def room(self) -> None:
        """Return once little enough is left to send, or the connection is gone.

        That comes: who takes nothing is cut off by `Connections.cut_off_slow`.
        """
        while self.connected and self.unsent_bytes > MOST_UNSENT_BYTES:
            self._has_room.clear()
            await self._has_room.wait()

    def is_too_slow(self, now: float) -> bool:
        """Whether its client takes nothing, or too little, of what waits for it."""
        return self._pace.is_too_slow(self._taken_bytes, self.unsent_bytes, now)

    def writeSomeData(self, data: bytes) -> Any:  # noqa: N802
        """Twisted's call to give the kernel what it takes."""
        taken = super().writeSomeData(data)
        if isinstance(taken, int):
            self._taken_bytes += taken
        return taken

    def doWrite(self) -> Any:  # noqa: N802
        """Twisted's call once the kernel takes something again."""
        why = super().doWrite()  # type: ignore[no-untyped-call]  # Twisted has few types
        if self.unsent_bytes <= MOST_UNSENT_BYTES:
            self._has_room.set()
        return why

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """Twisted's call at the end, whoever has ended it."""
        self._all.remove(self)
        super().connectionLost(reason)
        self._has_room.set()


class Connections:
    """All connections of a server, and which of them wait for a request."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}  # who has waited longest comes first
        self._gave_way = self._turned_away = 0
        self._told_at = -_TELL_S

    def add(self, connection: Connection) -> None:
        """A client has come."""
        self._open.add(connection)

    def remove(self, connection: Connection) -> None:
        """A client has gone."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def waits(self, connection: Connection) -> None:
        """It is up to the client from now on: there is no whole request of it."""
        if connection in self._open:
            self._waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """A request is there, and is being answered."""
        self._waiting.pop(connection, None)

    def make_room(self) -> bool:
        """Whether one more may come in.

        When all places are taken, the one that has waited longest for a request gives its own: so
        silent clients keep out nobody who asks at once.
        """
        if len(self._open) < self.most:
            return True
        longest = next(iter(self._waiting), None)
        if longest is None:
            self._turned_away += 1
        else:
            self._gave_way += 1
            self.remove(longest)
            longest.abortConnection()  # type: ignore[no-untyped-call]  # Twisted has few types
        self._tell()
        return longest is not None

    def cut_off_slow(self) -> None:
        """End the connections whose clients do not read; to be called every few seconds."""
        now = time.monotonic()
        for connection in [one for one in self._open if one.is_too_slow(now)]:
            connection.abortConnection()  # type: ignore[no-untyped-call]  # Twisted has few types

    def _tell(self) -> None:
        """A line in the log, once a minute however many come."""
        now = time.monotonic()
        if now - self._told_at < _TELL_S:
            return
        _log.warning(
            "all connections are taken",
            most=self.most,
            gave_way=self._gave_way,
            turned_away=self._turned_away,
        )
        self._told_at = now
        self._gave_way = self._turned_away = 0
