"""How often somebody may do something: so many at once, so many a second after that."""

from __future__ import annotations

import time


class Allowance:
    """A bucket of tokens that fills by itself."""

    def __init__(self, per_s: float, at_once: int) -> None:
        self._per_s = per_s
        self._at_once = float(at_once)
        self._left = float(at_once)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Use one; False when none is left."""
        now = time.monotonic()
        self._left = min(self._at_once, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
