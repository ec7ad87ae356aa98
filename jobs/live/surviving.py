"""The top of a long-lived loop: whatever goes wrong in one turn is logged, and the loop lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from jobs.live.lease import LeaseLost

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Turn:
    """One turn of a loop, and how it went."""

    failed: bool = False


@contextmanager
def surviving(what: str, **facts: Any) -> Iterator[Turn]:
    """Log and swallow what the block raises, except cancellation and the loss of the lease."""
    turn = Turn()
    try:
        yield turn
    except LeaseLost:
        raise
    except Exception:  # noqa: BLE001 - the one place for it; see the docstring
        turn.failed = True
        _log.exception(what, **facts)
