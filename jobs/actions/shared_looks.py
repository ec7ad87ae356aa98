"""One look at a conductor's list for all attempts of a batch that wait for one.

Each attempt reads the list before its change and after it. A thousand attempts on a registry of
a thousand jobs would read and write two million rows; attempts that go on side by side may share a
reading, as long as it began after each of them had asked for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")

GATHER_S = 0.03  # attempts that go on side by side come to this point one after another
_KEPT = 4  # answers whose writing may still be waited for


class SharedLooks(Generic[T]):
    """Readings by conductor; whoever asks while one is under way waits for the next."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[T]] = {}
        self._following: dict[str, asyncio.Task[T]] = {}
        self._written: list[tuple[T, asyncio.Task[None]]] = []

    async def read(self, place: str, read: Callable[[], Awaitable[T]]) -> T:
        """What a reading that begins from now on brings; it raises what `read` raises."""
        following = self._following.get(place)
        if following is None:
            before = self._under_way.get(place)
            following = asyncio.create_task(self._read(place, before, read), name="shared look")
            self._following[place] = following
        return await asyncio.shield(following)

    async def write_once(self, what: T, write: Callable[[], Awaitable[None]]) -> None:
        """Write what was read, once for all who read it; it raises what `write` raises."""
        for known, task in self._written:
            if known is what:
                await asyncio.shield(task)
                return
        task = asyncio.create_task(_awaited(write), name="shared write")
        self._written = [*self._written[1 - _KEPT :], (what, task)]
        await asyncio.shield(task)

    async def close(self) -> None:
        """Wait for what nobody waits for any more."""
        tasks = [*self._under_way.values(), *self._following.values()]
        await asyncio.gather(*tasks, *(task for _, task in self._written), return_exceptions=True)

    async def _read(
        self, place: str, before: asyncio.Task[T] | None, read: Callable[[], Awaitable[T]]
    ) -> T:
        if before is not None:
            await asyncio.wait({before})
        await asyncio.sleep(GATHER_S)
        # Who asks from here on may not have this one: it may be older than their change.
        self._under_way[place] = self._following.pop(place)
        return await read()


async def _awaited(write: Callable[[], Awaitable[None]]) -> None:
    await write()


_shared: ContextVar[SharedLooks[object] | None] = ContextVar("podium_shared_looks", default=None)


def shared_looks() -> SharedLooks[object] | None:
    """The looks of the batch that is being carried out; None for an attempt by itself."""
    return _shared.get()


@asynccontextmanager
async def sharing_looks() -> AsyncIterator[None]:
    """Within this block attempts share their looks."""
    looks: SharedLooks[object] = SharedLooks()
    token = _shared.set(looks)
    try:
        yield
    finally:
        _shared.reset(token)
        await looks.close()
