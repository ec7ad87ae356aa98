"""Checks of one name's password take turns, so that the count of wrong ones is never behind.

The lockout looks at the count, then the password is checked, which takes a tenth of a second, and
only then is a wrong one counted: of fifty guesses sent at once, all would be let through.

The lockout is of a name. Whoever tries a new name each time is held up by address, for each
attempt costs a tenth of a second and leaves a record that stays. Whoever logged in from there
before is not held up with them.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Final

_TURNS: Final = tuple(threading.Lock() for _ in range(64))

# The wait for a turn holds a thread, so few may wait, none for long, and whoever sends many at
# once takes no place from other addresses.
MAX_AT_ONCE: Final = 32
MAX_OF_ADDRESS: Final = 4
WAIT_S: Final = 5.0

MAX_FAILED: Final = ((20, 60.0), (100, 3_600.0))  # of an address, within so many seconds
_MOST_ADDRESSES: Final = 10_000
_V6: Final = 6
_OWN_BITS: Final = 64  # of such an address; the rest is its owner's to choose

_counting: Final = threading.Lock()
_of_address: Final[Counter[str]] = Counter()
_failed: Final[dict[str, deque[float]]] = {}
_known: Final[dict[tuple[str, str], None]] = {}  # who logged in from where, the latest last

_WORDS: Final = "Too many try to log in at this moment. Wait a little, then try again."
_FAILED_WORDS: Final = (
    "Too many wrong passwords came from your address. Wait a while, then try again."
)


class TooManyAtOnce(Exception):
    """Others try to log in by this name, or by too many; the text is for a person."""


@contextmanager
def turn(name: str, address: str) -> Iterator[None]:
    """The one check of this name's password that is under way in this process.

    Args:
        name: That one wants to log in by, whether somebody has it or not.
        address: Of the person, past trusted proxies.

    Raises:
        TooManyAtOnce: the turn did not come in time, or too many failed from this address.
    """
    lock = _TURNS[hash(name.casefold()) % len(_TURNS)]
    with _place(name, address):
        if not lock.acquire(timeout=WAIT_S):
            raise TooManyAtOnce(_WORDS)
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _place(name: str, address: str) -> Iterator[None]:
    with _counting:
        if _is_held_up(name, address):
            raise TooManyAtOnce(_FAILED_WORDS)
        if _of_address.total() >= MAX_AT_ONCE or _of_address[address] >= MAX_OF_ADDRESS:
            raise TooManyAtOnce(_WORDS)
        _of_address[address] += 1
    try:
        yield
    finally:
        with _counting:
            _of_address[address] -= 1
            if not _of_address[address]:
                del _of_address[address]


def note_failure(address: str) -> None:
    """One more wrong password, or name that nobody has, from there."""
    source = _source(address)
    if not source:
        return
    with _counting:
        times = _lately(source)
        times.append(time.monotonic())
        _failed[source] = times
        if len(_failed) > _MOST_ADDRESSES:
            del _failed[next(iter(_failed))]


def note_success(name: str, address: str) -> None:
    """That one has logged in from there."""
    key = (name.casefold(), _source(address))
    with _counting:
        _known.pop(key, None)
        _known[key] = None
        if len(_known) > _MOST_ADDRESSES:
            del _known[next(iter(_known))]


def _is_held_up(name: str, address: str) -> bool:
    source = _source(address)
    if not source or (name.casefold(), source) in _known:
        return False
    now, times = time.monotonic(), _lately(source)
    return any(sum(at > now - within_s for at in times) >= most for most, within_s in MAX_FAILED)


def _lately(source: str) -> deque[float]:
    """When there were some, in the order in which they came."""
    times = _failed.pop(source, deque())
    since = time.monotonic() - max(within_s for _, within_s in MAX_FAILED)
    while times and times[0] < since:
        times.popleft()
    if times:
        _failed[source] = times
    return times


def _source(address: str) -> str:
    """What one caller can hardly change: the address, or its network where it has so many."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""  # such as of a Unix socket: everybody's
    return str(ip_network((ip, _OWN_BITS), strict=False)) if ip.version == _V6 else str(ip)
