"""The pause between two tries: it grows, and it is bounded."""

from __future__ import annotations

import random


class Pause:
    """Seconds to wait before the next try, doubling up to a bound."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def reset(self) -> None:
        """It worked: begin small the next time."""
        self._next_s = self._first_s

    def grow(self) -> float:
        """The pause for now, a little uneven so that many do not knock at once."""
        now_s = self._next_s
        self._next_s = min(self._longest_s, self._next_s * 2)
        return now_s * random.uniform(0.8, 1.0)  # noqa: S311 - no secret in a pause
