"""So many at once in a process, and fewer of one person, so that nobody keeps all."""

from __future__ import annotations

import threading
from collections.abc import Callable


class NoSlot(Exception):
    """All are taken; `is_own`: by the person who asks."""

    def __init__(self, *, is_own: bool) -> None:
        super().__init__()
        self.is_own = is_own


class Slots:
    """Taken by persons and given back."""

    def __init__(self, most: int, most_of_person: int) -> None:
        self.most = most
        self.most_of_person = most_of_person
        self._taking = threading.Lock()
        self._taken: dict[object, int] = {}  # by whom

    @property
    def taken(self) -> int:
        """How many are taken."""
        return len(self._taken)

    def take(self, person: int) -> Callable[[], None]:
        """A slot, as what gives it back: once or more, and also where an answer is dropped.

        Raises:
            NoSlot: there is none.
        """
        mark = object()
        with self._taking:
            persons = list(self._taken.values())
            if persons.count(person) >= self.most_of_person:
                raise NoSlot(is_own=True)
            if len(persons) >= self.most:
                raise NoSlot(is_own=False)
            self._taken[mark] = person

        def give_back() -> None:
            # No lock: a finalizer may run this wherever memory is asked for, also above.
            self._taken.pop(mark, None)

        return give_back
