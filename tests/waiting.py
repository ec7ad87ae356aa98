"""Waiting for a state with a deadline, in a unit that a slow machine can stretch.

`PODIUM_TEST_PATIENCE=3` makes every deadline three times as long.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

DEFAULT_S = 10.0
_STEP_S = 0.01


def patience(seconds: float) -> float:
    """A deadline, stretched by PODIUM_TEST_PATIENCE."""
    return seconds * float(os.environ.get("PODIUM_TEST_PATIENCE", "1"))


def wait_until(predicate: Callable[[], T], *, timeout_s: float = DEFAULT_S, what: str = "") -> T:
    """The predicate's first true value.

    Raises:
        TimeoutError: It was still false at the deadline; the message says `what` was waited for.
    """
    deadline = time.monotonic() + patience(timeout_s)
    while True:
        if value := predicate():
            return value
        if time.monotonic() >= deadline:
            raise _too_late(what or repr(predicate), timeout_s)
        time.sleep(_STEP_S)


@overload
async def eventually(
    predicate: Callable[[], Awaitable[T]], *, timeout_s: float = DEFAULT_S, what: str = ""
) -> T: ...
@overload
async def eventually(
    predicate: Callable[[], T], *, timeout_s: float = DEFAULT_S, what: str = ""
) -> T: ...
async def eventually(
    predicate: Callable[[], T | Awaitable[T]], *, timeout_s: float = DEFAULT_S, what: str = ""
) -> T:
    """`wait_until` on the event loop; the predicate may be a coroutine function.

    Raises:
        TimeoutError: It was still false at the deadline; the message says `what` was waited for.
    """
    try:
        async with asyncio.timeout(patience(timeout_s)):
            while True:
                answer = predicate()
                value = await answer if inspect.isawaitable(answer) else answer
                if value:
                    return value
                await asyncio.sleep(_STEP_S)
    except TimeoutError:
        raise _too_late(what or repr(predicate), timeout_s) from None


def _too_late(what: str, timeout_s: float) -> TimeoutError:
    return TimeoutError(f"waited {patience(timeout_s):g} s in vain for {what}")
