"""Reasons to look at a conductor sooner than planned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager


class Hints:
    """What the listener tells the looker, and how it learns that a look was taken."""

    def __init__(self) -> None:
        self._given = asyncio.Event()
        self._names: set[str] = set()
        self._begun = self._ended = 0
        self._end = asyncio.Condition()

    def give(self, names: Iterable[str] = ()) -> None:
        """Ask for a look, with the checkpoints of these jobs."""
        self._names.update(names)
        self._given.set()

    async def wait(self, at_most_s: float) -> None:
        """Return at the first hint, or when it is time anyway."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._given.wait()
        except TimeoutError:
            return

    @asynccontextmanager
    async def look(self) -> AsyncIterator[frozenset[str]]:
        """The block is a look; gives the names that were hinted at since the one before."""
        names = frozenset(self._names)
        self._names.clear()
        self._given.clear()
        self._begun += 1
        number = self._begun
        try:
            yield names
        finally:
            async with self._end:
                self._ended = number
                self._end.notify_all()

    async def looked(self) -> None:
        """Return at the end, good or bad, of a look that begins after this call."""
        wanted = self._begun + 1
        async with self._end:
            await self._end.wait_for(lambda: self._ended >= wanted)
