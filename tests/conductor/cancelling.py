"""Cancelling a coroutine at its n-th await, for every n, on a real event loop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any


class CancelledAt:
    """Awaits a coroutine, and has the task that does so cancelled at the n-th suspension."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], nth: int) -> None:
        self._coroutine = coroutine
        self._nth = nth
        self.was_cancelled = False

    def __await__(self) -> Generator[Any, Any, Any]:
        steps, count = self._coroutine.__await__(), 0
        try:
            waited_for = next(steps)
            while True:
                count += 1
                if count == self._nth:
                    self.was_cancelled = True
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()
                try:
                    value = yield waited_for
                except BaseException as error:  # noqa: BLE001 - handed on as it is
                    waited_for = steps.throw(error)
                else:
                    waited_for = steps.send(value)
        except StopIteration as end:
            return end.value


async def cancel_at_every_await(
    make: Callable[[], Coroutine[Any, Any, Any]], *, at_most: int = 200
) -> int:
    """Run the coroutine again and again, cancelled at its 1st, 2nd, ... await; how many it has.

    After each run no file descriptor may be open that was not before.
    """
    gc.collect()
    gc.freeze()  # or each collection below would go through all that earlier tests have left
    for nth in range(1, at_most + 1):
        before = sockets()
        attempt = CancelledAt(make(), nth)
        task = asyncio.get_running_loop().create_task(_wait(attempt), name=f"cancelled at {nth}")
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        if not attempt.was_cancelled:
            if isinstance(outcome, BaseException):
                raise outcome
            return nth - 1
        assert isinstance(outcome, asyncio.CancelledError), f"await {nth} ate the cancellation"
        assert ours(sockets() - before) == set(), f"await {nth} left a socket open"
        gc.collect()  # an unclosed socket warns now, and warnings are errors
    return at_most


async def _wait(attempt: CancelledAt) -> Any:
    return await attempt


def sockets() -> set[tuple[int, str]]:
    """Descriptors of this process that are sockets, with their inodes."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # the descriptor that lists the folder
            continue
        if target.startswith("socket:"):
            found.add((int(entry.name), target))
    return found


def ours(descriptors: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those that a client made: a server's ends of connections have the path that it listens on."""
    served = set()
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        parts = line.split()
        if len(parts) > 7:
            served.add(f"socket:[{parts[6]}]")
    return {(number, target) for number, target in descriptors if target not in served}
