"""How often denials are recorded: one a minute of a kind, however often somebody knocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import Final

EVERY_S: Final = 60.0
_MOST: Final = 10_000


class Denials:
    """Which denials are due to be recorded; those in between are counted for the next record."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recorded_at: dict[Hashable, float] = {}
        self._uncounted: dict[Hashable, int] = {}

    def due(self, kind: Hashable) -> int | None:
        """None while a record of this kind is fresh; else how many there were since without one.

        Who is told a number records it: until `forget` is called this counts as recorded.
        """
        now = time.monotonic()
        with self._lock:
            if now - self._recorded_at.get(kind, -EVERY_S) < EVERY_S:
                self._uncounted[kind] = self._uncounted.get(kind, 0) + 1
                return None
            if len(self._recorded_at) >= _MOST:
                self._recorded_at.clear()
                self._uncounted.clear()
            self._recorded_at[kind] = now
            return self._uncounted.pop(kind, 0)

    def forget(self, kind: Hashable) -> None:
        """The record could not be written: the next one is due at once."""
        with self._lock:
            self._recorded_at.pop(kind, None)


def counted(message: str, more: int) -> str:
    """The message of a denial, with the number of those that were only counted."""
    return f"{message} ({more} more since the last record.)" if more else message
