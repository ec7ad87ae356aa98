"""A brake on guessing tokens. They have 256 random bits, so this is against noise, not luck."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

MAX_WRONG: Final = 30
WINDOW_S: Final = 60.0
_MAX_ADDRESSES: Final = 10_000


class GuessLimit:
    """Counts wrong tokens by address, in this process, within a window that begins anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()  # window's start, count

    def count(self, address: str) -> None:
        """Note a wrong token. The address that was quiet for longest is forgotten when full."""
        with self._lock:
            now = self._clock()
            began, wrong = self._wrong.pop(address, (now, 0))
            if now - began >= WINDOW_S:
                began, wrong = now, 0
            self._wrong[address] = (began, wrong + 1)
            if len(self._wrong) > _MAX_ADDRESSES:
                self._wrong.popitem(last=False)

    def wait_s(self, address: str) -> int:
        """For how many seconds this address is not listened to; 0 when it is."""
        with self._lock:
            began, wrong = self._wrong.get(address, (0.0, 0))
            left = began + WINDOW_S - self._clock()
            return max(1, math.ceil(left)) if wrong >= MAX_WRONG and left > 0 else 0
