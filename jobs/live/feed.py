"""Telling whoever waits that the event log has grown: a hint, and losing one costs nothing.

Inside this process listeners are given the new rows directly, from whatever thread has written.
Other processes hear of it through the channel layer, as one small message by a thread of its own,
so that a slow Redis never holds up a writer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import (
    BaseChannelLayer,
    InMemoryChannelLayer,
    channel_layers,
    get_channel_layer,
)

from jobs.live import metrics
from jobs.live.models import Event

GROUP: Final = "podium.feed"
_SEND_S: Final = 2.0

_log = structlog.get_logger(__name__)
_lock = threading.Lock()
Listener = Callable[[Sequence[Event]], None]

_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have `listener` called with what was committed, from any thread; it must only take a note."""
    with _lock:
        _listeners.append(listener)
    try:
        yield
    finally:
        with _lock:
            _listeners.remove(listener)


def wake(committed: Sequence[Event]) -> None:
    """Say that these events are committed. Never waits, never raises."""
    metrics.EVENTS.inc(len(committed))
    with _lock:
        listeners = list(_listeners)
    for listener in listeners:
        try:
            listener(committed)
        except RuntimeError:
            # Its event loop has just been closed; it will not read again.
            _log.debug("a listener of the feed has gone")
    layer = get_channel_layer()
    # The one in memory is not made for several threads, and has nobody to reach but this process.
    if layer is not None and not isinstance(layer, InMemoryChannelLayer):
        _messenger.send(committed[-1].seq)


def close() -> None:
    """End the thread that tells other processes, and its connections; it starts again on need."""
    _messenger.close()


class _Messenger:
    """A thread that sends the newest seq through the channel layer; older ones are skipped."""

    def __init__(self) -> None:
        self._wanted = threading.Condition()
        self._seq: int | None = None
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def send(self, seq: int) -> None:
        with self._wanted:
            self._seq = max(seq, self._seq or 0)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="podium-feed", daemon=True)
                self._thread.start()
            self._wanted.notify()

    def close(self) -> None:
        with self._wanted:
            thread, self._thread = self._thread, None
            self._is_closing = True
            self._wanted.notify()
        if thread is not None:
            thread.join(_SEND_S * 2)
        self._is_closing = False

    def _run(self) -> None:
        # A layer of its own: connections belong to an event loop, and this one has nothing else.
        layer = channel_layers.make_backend(DEFAULT_CHANNEL_LAYER)
        with asyncio.Runner() as runner:
            while (seq := self._next()) is not None:
                runner.run(_tell(layer, seq))
            if hasattr(layer, "close_pools"):
                runner.run(layer.close_pools())

    def _next(self) -> int | None:
        """The newest seq as soon as there is one; None when it is time to end."""
        with self._wanted:
            while self._seq is None and not self._is_closing:
                self._wanted.wait()
            seq, self._seq = self._seq, None
            return seq


async def _tell(layer: BaseChannelLayer, seq: int) -> None:
    try:
        async with asyncio.timeout(_SEND_S):
            await layer.group_send(GROUP, {"type": "feed.moved", "seq": seq})
    except Exception as error:  # noqa: BLE001 - whatever ails Redis; hubs poll as well
        _log.warning("the channel layer did not take a message", error=str(error))


_messenger = _Messenger()
