"""Waiting for a client that reads more slowly than it is written to.

Daphne's `send` returns at once and lets the bytes pile up in memory. Here it waits until the
transport has passed most of them on, so that a client that never reads costs a fixed amount.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

# What a transport may hold; one message more than this at most.
MOST_UNSENT_BYTES: Final = 256 * 1024

# A client that takes nothing at all for so long is not reading.
NO_PROGRESS_S: Final = 20.0

_STEP_S: Final = 0.01


class NotReading(Exception):
    """The client took nothing for too long."""


def transport_of(protocol: Any) -> Any:
    """The connection below a protocol of Daphne's, whatever stands between them."""
    transport = getattr(protocol, "transport", None)
    while transport is not None and not hasattr(transport, "dataBuffer"):
        transport = getattr(transport, "transport", None)
    return transport


def unsent_bytes(transport: Any) -> int:
    """Bytes that were written and not yet taken by the kernel.

    Twisted has no public name for it; without these attributes nothing is waited for, and the
    acknowledged window still bounds what is under way.
    """
    buffered = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
    return int(buffered + getattr(transport, "_tempDataLen", 0))


async def drained(transport: Any) -> None:
    """Return once little enough is left to send, or the connection is gone.

    Raises:
        NotReading: the client takes nothing.
    """
    left = unsent_bytes(transport)
    moved_at = time.monotonic()
    while left > MOST_UNSENT_BYTES and getattr(transport, "connected", False):
        await asyncio.sleep(_STEP_S)
        now_left = unsent_bytes(transport)
        if now_left < left:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > NO_PROGRESS_S:
            raise NotReading
        left = now_left
