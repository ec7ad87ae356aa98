"""The threads that requests are answered in: kept, and with them their database connections.

Django starts a thread for each request, which then connects to the database anew: about 2 ms of
each on SQLite, more on PostgreSQL (measured). Here a request borrows a thread that is idle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from asgiref.sync import ThreadSensitiveContext
from django.db import connections

MAX_IDLE: Final = 12  # more than so many at once is a burst; what it started ends with it


class RequestThreads:
    """One thread a request, as many as there are requests, of which some are kept."""

    def __init__(self, max_idle: int = MAX_IDLE) -> None:
        self._idle: deque[ThreadPoolExecutor] = deque()
        self._max_idle = max_idle

    @property
    def idle(self) -> int:
        """How many wait for a request."""
        return len(self._idle)

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[None]:
        """A thread for all that this request does outside of the event loop."""
        thread = self._idle.pop() if self._idle else _thread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            # It says itself when it is free: a cancelled request leaves it at work.
            thread.submit(self._take_back, thread)

    def close(self) -> None:
        """End the idle threads, and their connections to the database."""
        while self._idle:
            thread = self._idle.pop()
            thread.submit(connections.close_all)
            thread.shutdown(wait=True)

    def _take_back(self, thread: ThreadPoolExecutor) -> None:
        if len(self._idle) < self._max_idle:
            self._idle.append(thread)
        else:
            connections.close_all()  # in the thread itself, whose they are
            thread.shutdown(wait=False)


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="request")
