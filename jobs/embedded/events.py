"""Events on their way to listeners: encoded once, each listener with a bounded queue.

A listener that does not keep up loses the newest events, as with the recorded conductor, but it
is told: the next event it gets is `monitor.anomaly` with the number it missed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from jobs.embedded.document import dump

RECENT = 1000  # events kept for `daemon.events`

Event = dict[str, Any]


def event_line(event: Event) -> bytes:
    """One event as the line that is sent."""
    return dump({"jsonrpc": "2.0", "method": "monitor.event", "params": event}) + b"\n"


def make_event(job_id: str, sheet_num: int, name: str, data: dict[str, Any]) -> Event:
    """An event of now; `sheet_num` 0 is the job."""
    return {
        "job_id": job_id,
        "sheet_num": sheet_num,
        "event": name,
        "data": data,
        "timestamp": time.time(),
    }


class Listener:
    """One open `daemon.monitor.stream`."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0
        self._filled = asyncio.Event()

    def offer(self, line: bytes) -> None:
        """Take a line without ever waiting; past the bound it is counted instead."""
        if (
            self._dropped
            and self._bytes < self._max_bytes // 2
            and (len(self._lines) < self._max_events // 2)
        ):
            self._note_loss()
        if (
            self._dropped
            or len(self._lines) >= self._max_events
            or self._bytes + len(line) > self._max_bytes
        ):
            self._dropped += 1
            return
        self._append(line)

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._bytes += len(line)
        self._filled.set()

    def _note_loss(self) -> None:
        data = {"kind": "events_dropped", "dropped": self._dropped}
        self._dropped = 0
        self._append(event_line(make_event("", 0, "monitor.anomaly", data)))

    async def take(self) -> bytes:
        """What waits, up to 64 KiB of lines at once."""
        while not self._lines:
            if self._dropped:
                self._note_loss()
                break
            self._filled.clear()
            await self._filled.wait()
        taken: list[bytes] = []
        size = 0
        while self._lines and (not taken or size + len(self._lines[0]) <= 65_536):
            line = self._lines.popleft()
            taken.append(line)
            size += len(line)
        self._bytes -= size
        return b"".join(taken)


class Bus:
    """Where everything that happens is told, once, to all who listen."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._bounds = (max_events, max_bytes)
        self._listeners: set[Listener] = set()
        self.recent: deque[Event] = deque(maxlen=RECENT)

    def publish(self, job_id: str, sheet_num: int, name: str, data: dict[str, Any]) -> None:
        """Tell an event to every listener; never waits."""
        event = make_event(job_id, sheet_num, name, data)
        if name != "sheet.output":
            self.recent.append(event)
        if self._listeners:
            line = event_line(event)
            for listener in self._listeners:
                listener.offer(line)

    def open(self) -> Listener:
        """A new listener, from now on."""
        listener = Listener(*self._bounds)
        self._listeners.add(listener)
        return listener

    def close(self, listener: Listener) -> None:
        """The listener has gone."""
        self._listeners.discard(listener)
