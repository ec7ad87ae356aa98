"""How much may be under way to one client without its word that it has arrived.

An ASGI server need not give a sign when a client stops reading: with Daphne's own `send` the bytes
pile up in memory (measured: 100 MB for one that never reads). So the client acknowledges, and what
it has not acknowledged is bounded, whatever server this runs under.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

MAX_EVENTS: Final = 16_384
MOST_BYTES: Final = 4 * 1024 * 1024
LEAST_BYTES: Final = 256 * 1024
ALL_BYTES: Final = 256 * 1024 * 1024  # over all connections of a process

# A client that does not acknowledge anything for so long is not reading.
ACK_S: Final = 20.0


class TooSlow(Exception):
    """The window stayed full for too long."""


def limit_for(connections: int) -> int:
    """Bytes that each of so many connections may have under way."""
    return max(LEAST_BYTES, min(MOST_BYTES, ALL_BYTES // max(1, connections)))


class Window:
    """Events sent and not acknowledged."""

    def __init__(self) -> None:
        self._under_way: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self._acked = asyncio.Event()

    def sent(self, seq: int, size: int) -> None:
        """An event was handed to the server."""
        self._under_way.append((seq, size))
        self._bytes += size

    def ack(self, seq: int) -> None:
        """The client has everything up to `seq`."""
        while self._under_way and self._under_way[0][0] <= seq:
            self._bytes -= self._under_way.popleft()[1]
        self._acked.set()

    def clear(self) -> None:
        """Another subscription begins: lower numbers may follow, so what went before is forgotten.

        Its bytes stay counted until the next ack of the new one.
        """
        self._under_way = deque([(-1, self._bytes)] if self._bytes else [])

    def is_full(self, limit_bytes: int) -> bool:
        """Whether nothing more may be sent now."""
        return self._bytes >= limit_bytes or len(self._under_way) >= MAX_EVENTS

    async def room(self, limit_bytes: int) -> None:
        """Return once something may be sent.

        Raises:
            TooSlow: the client acknowledged nothing for too long.
        """
        while self.is_full(limit_bytes):
            self._acked.clear()
            try:
                async with asyncio.timeout(ACK_S):
                    await self._acked.wait()
            except TimeoutError:
                raise TooSlow from None
