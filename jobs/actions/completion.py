"""Seeing a thing through although whoever asked for it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T], *, name: str) -> T:
    """The result of `work`, which no cancellation of the caller interrupts, however many come.

    A server that has waited long enough for a request whose browser hung up cancels it, again and
    again; an intent that was recorded still gets its outcome. The cancellation is passed on once
    the work is done, so the task never outlives its owner. The work must have deadlines of its
    own. When the loop itself ends the task is cancelled like all others, and the intent stays open.
    """
    task = asyncio.create_task(work, name=name)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancellation:
            cancelled = cancellation
    if cancelled is None:
        return task.result()
    if not task.cancelled() and (error := task.exception()):
        _log.warning("action failed after its caller had gone", name=name, exc_info=error)
    raise cancelled
