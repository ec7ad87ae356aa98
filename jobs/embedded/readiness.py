"""Which sheets may start: dependencies followed step by step, without listing the whole graph.

Sheets that wait for the same sheets form a group, and each group watches one sheet that is not
done yet; only when that one ends is the next looked for. So a stage of 5,000 sheets that waits for
another of 5,000 costs 5,000 steps in all, not 25 million.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Fate(Enum):
    """What a sheet means for those that wait for it."""

    OPEN = "open"
    SATISFIED = "satisfied"
    LOST = "lost"  # failed, or itself blocked


WaitsFor = Callable[[int], Sequence[int]]
FateOf = Callable[[int], Fate]


@dataclass(slots=True)
class _Group:
    """Sheets that wait for the very same sheets."""

    sources: Sequence[int]
    members: list[int] = field(default_factory=list)
    position: int = 0  # sources before it are satisfied


class Readiness:
    """Sheets that may start, lowest number first, and those that never will."""

    def __init__(self, numbers: Iterable[int], waits_for: WaitsFor, fate_of: FateOf) -> None:
        self._fate_of = fate_of
        self._watchers: dict[int, list[_Group]] = {}
        self._ready: list[int] = []
        self._blocked: list[tuple[int, int]] = []
        groups: dict[Hashable, _Group] = {}
        for number in numbers:
            sources = waits_for(number)
            key = sources if isinstance(sources, range) else tuple(sources)
            groups.setdefault(key, _Group(sources)).members.append(number)
        for group in groups.values():
            self._look(group)

    def _look(self, group: _Group) -> None:
        while group.position < len(group.sources):
            source = group.sources[group.position]
            fate = self._fate_of(source)
            if fate is Fate.OPEN:
                self._watchers.setdefault(source, []).append(group)
                return
            if fate is Fate.LOST:
                self._blocked += [(number, source) for number in group.members]
                return
            group.position += 1
        for number in group.members:
            heapq.heappush(self._ready, number)

    def done(self, number: int) -> None:
        """This sheet has ended, one way or the other; look at those that wait for it."""
        for group in self._watchers.pop(number, ()):
            self._look(group)

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
