"""Which sheets may start: dependencies followed step by step, without listing the whole graph.

Each sheet that waits watches one sheet that is not done yet; only when that one ends is the next
looked for. So a stage of 5,000 sheets that waits for another of 5,000 costs a few steps per event
instead of 25 million links in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum


class Fate(Enum):
    """What a sheet means for those that wait for it."""

    OPEN = "open"
    SATISFIED = "satisfied"
    LOST = "lost"  # failed, or itself blocked


WaitsFor = Callable[[int], Sequence[int]]
FateOf = Callable[[int], Fate]


class Readiness:
    """Sheets that may start, lowest number first, and those that never will."""

    def __init__(self, numbers: Iterable[int], waits_for: WaitsFor, fate_of: FateOf) -> None:
        self._waits_for = waits_for
        self._fate_of = fate_of
        self._watchers: dict[int, list[int]] = {}
        self._position: dict[int, int] = {}
        self._ready: list[int] = []
        self._blocked: list[tuple[int, int]] = []
        for number in numbers:
            self._look(number)

    def _look(self, number: int) -> None:
        sources = self._waits_for(number)
        position = self._position.get(number, 0)
        while position < len(sources):
            source = sources[position]
            fate = self._fate_of(source)
            if fate is Fate.OPEN:
                self._position[number] = position
                self._watchers.setdefault(source, []).append(number)
                return
            if fate is Fate.LOST:
                self._blocked.append((number, source))
                return
            position += 1
        heapq.heappush(self._ready, number)

    def done(self, number: int) -> None:
        """This sheet has ended, one way or the other; look at those that wait for it."""
        for watcher in self._watchers.pop(number, ()):
            self._look(watcher)

    def take(self) -> int | None:
        """The next sheet that may start, None when there is none now."""
        return heapq.heappop(self._ready) if self._ready else None

    def give_back(self, number: int) -> None:
        """It was not started after all."""
        heapq.heappush(self._ready, number)

    def blocked(self) -> Iterator[tuple[int, int]]:
        """Sheets found to be blocked since the last call, each with the sheet that blocks it."""
        while self._blocked:
            yield self._blocked.pop()

    @property
    def has_blocked(self) -> bool:
        """Whether `blocked` has something to tell."""
        return bool(self._blocked)
