"""A thread of its own for database work, so that the ORM never runs on an event loop.

The connection stays open between calls: with one per call a batch of events would pay more for
connecting than for writing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connections

P = ParamSpec("P")
T = TypeVar("T")

# Past the database's own busy timeout (10 s on SQLite) and any query of ours.
DEADLINE_S: Final = 30.0

# A server may have closed a connection that was idle for long; begin with a fresh one.
_IDLE_S: Final = 60.0

# Calls that may wait for the thread; more means that the database is gone, and says so.
_MAX_WAITING: Final = 1_000


class DatabaseBusy(Exception):
    """Too much waits for the database already."""


class DatabaseThread:
    """Runs plain functions one after another on one thread with one connection."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting = 0
        self._used_at = time.monotonic()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result.

        Raises:
            TimeoutError: not done within `DEADLINE_S`; the function may still be running.
            DatabaseBusy: too many calls wait already.
        """
        future = self._begun(lambda: function(*args, **kwargs))
        async with asyncio.timeout(DEADLINE_S):
            return await future

    async def run_out(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a function that must not be called again while it may still be running.

        What ends the wait is the database's own bound on waiting for a lock.

        Raises:
            DatabaseBusy: too many calls wait already.
        """
        return await self._begun(lambda: function(*args, **kwargs))

    def close(self) -> None:
        """End the thread and its connection; blocks until what runs has ended."""
        self._executor.submit(connections.close_all)
        self._executor.shutdown(wait=True)

    def _begun(self, function: Callable[[], T]) -> asyncio.Future[T]:
        if self._waiting >= _MAX_WAITING:
            raise DatabaseBusy("too many calls wait for the database")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._fresh, function)
        future.add_done_callback(self._one_less)
        return future

    def _one_less(self, _: object) -> None:
        self._waiting -= 1

    def _fresh(self, function: Callable[[], T]) -> T:
        if time.monotonic() - self._used_at > _IDLE_S:
            connections.close_all()
        try:
            return function()
        except (DatabaseError, InterfaceError):
            # Whatever ails the connection, the next call gets another one.
            connections.close_all()
            raise
        finally:
            self._used_at = time.monotonic()
