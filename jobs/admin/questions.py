"""Questions to a conductor that only a page asks: each once for all who look, not once for each.

The relay knows what lists and checkpoints tell. What else a page shows, such as a conductor's
load, is asked for when somebody looks, and an answer serves everybody for a few seconds. The last
answer is kept for an hour, so that a conductor that falls silent is still shown as it last was.
What is kept should be what a page shows: an answer itself may have megabytes.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from asgiref.sync import async_to_sync
from django.utils import timezone

from jobs.admin.told import masked_line
from jobs.conductor import ConductorError, DaemonClient, MethodUnavailable
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor

KEEP_S: Final = 5.0  # shorter than a part's own refresh, so that each one shows something newer
_LACKING_S: Final = 60.0  # a method that is not there does not come back sooner
_MAX_KEPT: Final = 300
_MAX_AGE_S: Final = 3_600.0  # since somebody wanted to know it
_WAIT_S: Final = 15.0  # for another's question, which ends after 10 s at most
_BUSY: Final = "Another request for it is still waiting for the answer."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What is known: the last answer, and why there is no newer one."""

    value: T | None = None
    at: datetime | None = None  # when `value` was asked for
    trouble: str = ""  # why the last question has no answer; empty when it has one
    is_unavailable: bool = False  # this conductor does not have the method

    @property
    def is_old(self) -> bool:
        """Whether what is shown is only the last that was heard."""
        return self.value is not None and bool(self.trouble)


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: Answer[Any] = field(default_factory=Answer)
    until: float = 0.0  # on the monotonic clock: so long nobody asks again
    wanted_at: float = 0.0  # on the same clock


_slots: OrderedDict[tuple[str, str], _Slot] = OrderedDict()
_turn = threading.Lock()


def ask(
    conductor: Conductor,
    name: str,
    question: Callable[[DaemonClient], Awaitable[T]],
    *,
    keep_s: float = KEEP_S,
) -> Answer[T]:
    """The answer to a question that changes nothing; `name` tells it apart from others.

    Takes as long as the client waits at most (10 s). Who asks the same meanwhile is given the
    answer before; where there is none yet, they wait for the same one.
    """
    slot = _slot((conductor.socket_path, name))
    is_first = slot.answer == Answer()
    if not slot.lock.acquire(blocking=is_first, timeout=_WAIT_S if is_first else -1):
        return replace(slot.answer, trouble=_BUSY) if is_first else cast(Answer[T], slot.answer)
    try:
        if time.monotonic() >= slot.until:
            at = timezone.now()
            slot.answer = _asked(slot.answer, conductor, question, at)
            wait_s = _LACKING_S if slot.answer.is_unavailable else keep_s
            slot.until = time.monotonic() + wait_s
        return cast(Answer[T], slot.answer)
    finally:
        slot.lock.release()


def known(conductor: Conductor, name: str, trouble: str) -> Answer[Any]:
    """The last answer, without a question, where another one has met this trouble just now."""
    return replace(_slot((conductor.socket_path, name)).answer, trouble=trouble)


def forget() -> None:
    """Know nothing any more."""
    with _turn:
        _slots.clear()


def expire() -> None:
    """Ask anew at the next question; what was heard is kept."""
    with _turn:
        for slot in _slots.values():
            slot.until = 0.0


def _asked(
    before: Answer[T],
    conductor: Conductor,
    question: Callable[[DaemonClient], Awaitable[T]],
    at: datetime,
) -> Answer[T]:
    try:
        return Answer(async_to_sync(_awaited)(question, client_for(conductor)), at)
    except MethodUnavailable:
        return Answer(is_unavailable=True)
    except ConductorError as error:
        return replace(before, trouble=masked_line(str(error), 300), is_unavailable=False)


async def _awaited(question: Callable[[DaemonClient], Awaitable[T]], client: DaemonClient) -> T:
    return await question(client)


def _slot(key: tuple[str, str]) -> _Slot:
    with _turn:
        slot = _slots.setdefault(key, _Slot())
        _slots.move_to_end(key)
        slot.wanted_at = time.monotonic()
        while len(_slots) > _MAX_KEPT or _oldest().wanted_at < slot.wanted_at - _MAX_AGE_S:
            _slots.popitem(last=False)
        return slot


def _oldest() -> _Slot:
    return next(iter(_slots.values()))
