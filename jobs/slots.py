"""So many at once in a process, and fewer of one person, so that nobody keeps all."""

from __future__ import annotations

import threading
from collections.abc import Callable

from jobs.errors import PodiumBusy

GiveBack = Callable[[], None]


class Slots:
    """Taken by persons and given back; `what` is in the words for who gets none ("downloads")."""

    def __init__(
        self, what: str, *, most: int, most_of_person: int, retry_after_s: int = 10
    ) -> None:
        self.most = most
        self.most_of_person = most_of_person
        self._what = what
        self._retry_after_s = retry_after_s
        self._taking = threading.Lock()
        self._taken: dict[object, int] = {}  # by whom

    @property
    def taken(self) -> int:
        """How many are taken."""
        return len(self._taken)

    def take(self, person: int) -> GiveBack:
        """A slot, as what gives it back: once or more, and also where an answer is dropped.

        Raises:
            PodiumBusy: all are taken, or as many as one person may have by this one.
        """
        mark = object()
        with self._taking:
            persons = list(self._taken.values())
            if persons.count(person) >= self.most_of_person:
                raise self._busy(f"{self._what} of yours")
            if len(persons) >= self.most:
                raise self._busy(self._what)
            self._taken[mark] = person

        def give_back() -> None:
            # No lock: a finalizer may run this wherever memory is asked for, also above.
            self._taken.pop(mark, None)

        return give_back

    def _busy(self, whose: str) -> PodiumBusy:
        words = f"Too many {whose} are under way. Try again in a moment."
        return PodiumBusy(words, retry_after_s=self._retry_after_s)
