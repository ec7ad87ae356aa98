"""One append on its way: whoever waits for it, and what came of it."""

from __future__ import annotations

import asyncio
import threading
from typing import Protocol

from jobs.audit.draft import Appended, IdempotencyDraft
from jobs.audit.entry import Entry

Result = Appended | Exception


class Bell(Protocol):
    """What is rung, from the appender's thread, when an append has ended."""

    def ring(self, result: Result) -> None:
        """Wake the one who waits."""


class Pending:
    """An entry in the queue. The appender's lock guards who may still take it back."""

    __slots__ = ("_bell", "entry", "idempotency")

    def __init__(self, entry: Entry, idempotency: IdempotencyDraft | None, bell: Bell) -> None:
        self.entry = entry
        self.idempotency = idempotency
        self._bell = bell

    def resolve(self, result: Result) -> None:
        """Say what came of it; called once."""
        self._bell.ring(result)


class ThreadBell:
    """For a thread that blocks. A bare lock: a Future's condition costs ten times as much."""

    __slots__ = ("_latch", "_result")

    def __init__(self) -> None:
        self._latch = threading.Lock()
        self._latch.acquire()
        self._result: Result | None = None

    def ring(self, result: Result) -> None:
        """Let the thread go on."""
        self._result = result
        self._latch.release()

    def wait(self, timeout_s: float) -> Result | None:
        """The result, or None when the time is up."""
        return self._result if self._latch.acquire(timeout=timeout_s) else None


class LoopBell:
    """For a coroutine."""

    __slots__ = ("_future", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Result] = self._loop.create_future()

    def ring(self, result: Result) -> None:
        """Let the coroutine go on; its loop may be gone by now, then nobody waits."""
        try:
            self._loop.call_soon_threadsafe(self._set, result)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    async def wait(self, timeout_s: float) -> Result | None:
        """The result, or None when the time is up."""
        await asyncio.wait((self._future,), timeout=timeout_s)
        return self._future.result() if self._future.done() else None

    def _set(self, result: Result) -> None:
        if not self._future.done():
            self._future.set_result(result)
