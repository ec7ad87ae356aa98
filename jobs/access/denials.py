"""How often denials are recorded: one a minute of a kind, however often somebody knocks.

Those in between are counted with what they were, for the kind's next record; what nobody's next
denial takes along is handed over once the minute is up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Final

EVERY_S: Final = 60.0
OF_ONE: Final = 60  # records of one person within that time, whatever they knock at
NAMED: Final = 50  # of what is counted, so many are named; as many again that are there
_MOST: Final = 10_000


@dataclass(slots=True)
class Tally:
    """Those of a kind that were turned away without a record of their own."""

    number: int = 0
    named: dict[str, int] = field(default_factory=dict)
    last: object = None  # what the latest of them would have recorded

    def add(self, what: str, last: object, *, matters: bool) -> None:
        """One more. What does not matter leaves room for what does."""
        self.number += 1
        self.last = last
        if what and (what in self.named or len(self.named) < (2 * NAMED if matters else NAMED)):
            self.named[what] = self.named.get(what, 0) + 1

    def words(self) -> list[str]:
        """What they were, each with its number where it is more than one."""
        return [f"{what} x {n}" if n > 1 else what for what, n in self.named.items()]


@dataclass(frozen=True, slots=True)
class Knock:
    """What becomes of one that is turned away."""

    kind: Hashable  # whose record stands for it
    is_due: bool
    is_beyond: bool = False  # the person's room is used up: the record stands for others as well
    counted: Tally = field(default_factory=Tally)  # since the last record, where one is due


class Denials:
    """Which denials are due to be recorded; those in between are counted for the next record.

    `whose` bounds the records of one person: somebody who goes through all jobs has a kind for
    each of them. What goes beyond that is gathered under the kind `beyond`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recorded_at: dict[Hashable, float] = {}
        self._tallies: dict[Hashable, Tally] = {}
        self._records: dict[Hashable, object] = {}
        self._of_one: dict[Hashable, deque[float]] = {}

    def knock(
        self,
        kind: Hashable,
        *,
        whose: Hashable = None,
        beyond: Hashable = None,
        what: str = "",
        last: object = None,
        matters: bool = True,
    ) -> Knock:
        """Whether a record is due, and what it stands for; one that is not due is counted.

        Who is told that one is due records it: until `forget` is called this counts as recorded.
        """
        now = time.monotonic()
        with self._lock:
            is_beyond = False
            if not self._is_fresh(kind, now) and whose is not None and self._is_much(whose, now):
                kind, is_beyond = beyond, True
            if self._is_fresh(kind, now):
                tally = self._tallies.setdefault(kind, Tally())
                tally.add(what, last, matters=matters)
                return Knock(kind, is_due=False, is_beyond=is_beyond)
            if len(self._recorded_at) >= _MOST:
                self._forget_old(now)
            self._recorded_at[kind] = now
            self._records.pop(kind, None)
            tally = self._tallies.pop(kind, Tally())
            return Knock(kind, is_due=True, is_beyond=is_beyond, counted=tally)

    def due(self, kind: Hashable) -> int | None:
        """None while a record of this kind is fresh; else how many there were since without one."""
        knock = self.knock(kind)
        return knock.counted.number if knock.is_due else None

    def remember(self, kind: Hashable, record: object) -> None:
        """What was recorded, for those of this kind that are only counted."""
        with self._lock:
            self._records[kind] = record

    def earlier(self, kind: Hashable) -> object | None:
        """The latest record of this kind; None where there is none yet."""
        with self._lock:
            return self._records.get(kind)

    def forget(self, kind: Hashable, counted: Tally | None = None) -> None:
        """The record could not be written: the next one is due at once, with what it counted."""
        with self._lock:
            self._recorded_at.pop(kind, None)
            if counted is not None and counted.number:
                self._put_back(kind, counted)

    def left_over(self, *, all_of_them: bool = False) -> list[tuple[Hashable, Tally]]:
        """What was counted and whose minute is up; it is handed over once."""
        now = time.monotonic()
        with self._lock:
            kinds = [k for k in self._tallies if all_of_them or not self._is_fresh(k, now)]
            return [(kind, self._tallies.pop(kind)) for kind in kinds]

    def next_in_s(self) -> float | None:
        """When something will be left over; None where nothing is counted."""
        now = time.monotonic()
        with self._lock:
            ends = [self._recorded_at.get(kind, now - EVERY_S) + EVERY_S for kind in self._tallies]
        return max(0.0, min(ends) - now) if ends else None

    def _put_back(self, kind: Hashable, counted: Tally) -> None:
        since = self._tallies.get(kind)
        if since is None:
            self._tallies[kind] = replace(counted, named=dict(counted.named))
            return
        since.number += counted.number
        for what, number in counted.named.items():
            since.named[what] = since.named.get(what, 0) + number

    def _is_fresh(self, kind: Hashable, now: float) -> bool:
        return now - self._recorded_at.get(kind, -EVERY_S) < EVERY_S

    def _forget_old(self, now: float) -> None:
        """Keep what still counts; what is counted is never lost, it is only handed over."""
        old = [kind for kind in self._recorded_at if not self._is_fresh(kind, now)]
        for kind in old or list(self._recorded_at):
            self._recorded_at.pop(kind)
            self._records.pop(kind, None)
        for whose in [
            w for w, times in self._of_one.items() if not times or now - times[-1] >= EVERY_S
        ]:
            self._of_one.pop(whose)

    def _is_much(self, whose: Hashable, now: float) -> bool:
        times = self._of_one.setdefault(whose, deque())
        while times and now - times[0] >= EVERY_S:
            times.popleft()
        if len(times) >= OF_ONE:
            return True
        times.append(now)
        return False


def counted(message: str, more: int) -> str:
    """The message of a denial, with the number of those that were only counted."""
    return f"{message} ({more} more since the last record.)" if more else message
