"""The way to stop a sheet, whatever it is doing: running, waiting for a retry, being checked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from jobs.embedded.supervised import Ended, Supervised

Result = TypeVar("Result")


class SheetStopped(Exception):
    """The sheet was stopped from outside: cancelled, or the conductor ends.

    `ended` is what became of the command that ran, None when none did.
    """

    def __init__(self, ended: Ended | None = None) -> None:
        super().__init__("stopped")
        self.ended = ended


class Brake:
    """One per running sheet; once pulled it stays pulled."""

    def __init__(self) -> None:
        self._pulled = asyncio.Event()
        self._grace_s = 0.0
        self._running: Supervised | None = None

    @property
    def is_pulled(self) -> bool:
        """Whether the sheet is to stop."""
        return self._pulled.is_set()

    async def pull(self, grace_s: float) -> None:
        """Stop what runs, killing it after the grace, and let nothing further start."""
        self._grace_s = grace_s
        self._pulled.set()
        if self._running is not None:
            await self._running.stop("killed", grace_s)

    def check(self) -> None:
        """Raise `SheetStopped` when pulled."""
        if self.is_pulled:
            raise SheetStopped

    async def attach(self, supervised: Supervised) -> None:
        """This is running now."""
        self._running = supervised
        if self.is_pulled:
            await supervised.stop("killed", self._grace_s)

    def detach(self) -> None:
        """Nothing is running now."""
        self._running = None

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the brake is pulled."""
        try:
            async with asyncio.timeout(seconds):
                await self._pulled.wait()
        except TimeoutError:
            return
        raise SheetStopped

    @asynccontextmanager
    async def slot(self, slots: asyncio.Semaphore) -> AsyncIterator[None]:
        """One of the slots, waited for no longer than until the brake is pulled.

        It is given back also when whoever waits is cancelled at the moment in which it comes.
        """
        taking = asyncio.create_task(slots.acquire(), name="slot")
        pulled = asyncio.create_task(self._pulled.wait(), name="brake")
        try:
            await asyncio.wait({taking, pulled}, return_when=asyncio.FIRST_COMPLETED)
            pulled.cancel()
            self.check()
            yield
        finally:
            if taking.done() and not taking.cancelled():
                slots.release()
            taking.cancel()
            pulled.cancel()
            await asyncio.gather(taking, pulled, return_exceptions=True)

    async def race(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`, which is cancelled when the brake is pulled first.

        A result that comes at the moment in which the caller is cancelled is lost: for what has
        to be given back there is `slot`.
        """
        task = asyncio.ensure_future(work)
        pulled = asyncio.create_task(self._pulled.wait(), name="brake")
        try:
            await asyncio.wait({task, pulled}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise SheetStopped
            return task.result()
        finally:
            pulled.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, pulled, return_exceptions=True)
