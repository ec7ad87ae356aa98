"""Who judges scores: threads to which persons come in turn, with few places for each.

A large score, or one with patterns that are slow to read, takes seconds of processor time.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from jobs.actions.deadlines import BUSY_RETRY_S
from jobs.slots import Slots

T = TypeVar("T")
_Turn = Callable[[], None]


class Judges:
    """Two threads. Of each person they have one piece of work at a time, the others wait."""

    def __init__(self, name: str, what: str, *, most: int, most_of_person: int) -> None:
        self.slots = Slots(
            what, most=most, most_of_person=most_of_person, retry_after_s=BUSY_RETRY_S
        )
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix=name)
        self._lining_up = threading.Lock()
        self._lines: dict[int, deque[_Turn]] = {}  # by person; the first of each is in the pool

    @contextmanager
    def place(self, person: int) -> Iterator[None]:
        """A place for one score.

        Raises:
            PodiumBusy: all are taken, or as many as one person may have.
        """
        give_back = self.slots.take(person)
        try:
            yield
        finally:
            give_back()

    async def ask(self, person: int, work: Callable[[], T]) -> T:
        """What the work brings, once it is this person's turn; it raises what the work raises."""
        answer: Future[T] = Future()

        def turn() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever asked hears of it
                answer.set_exception(error)

        with self._lining_up:
            line = self._lines.setdefault(person, deque())
            line.append(turn)
            if len(line) == 1:
                self._call(person)
        return await asyncio.wrap_future(answer)

    def _call(self, person: int) -> None:
        """Put the first of a person's line behind those of others."""
        try:
            self._threads.submit(self._serve, person)
        except RuntimeError:  # the process ends
            del self._lines[person]
            raise

    def _serve(self, person: int) -> None:
        line = self._lines[person]
        line[0]()
        with self._lining_up:
            line.popleft()
            if line:
                self._call(person)
            else:
                del self._lines[person]


# A submit never waits for mere checks, of which pages and programs send many.
CHECKS: Final = Judges("score-check", "checks of scores", most=20, most_of_person=4)
SUBMITS: Final = Judges("score-submit", "submits", most=20, most_of_person=8)
