"""Times when too many scores wait to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.actions import preparation


@contextmanager
def busy_judges() -> Iterator[None]:
    """No place is left for another score."""
    for _ in range(preparation._MAX_WAITING):
        preparation._places.acquire()
    try:
        yield
    finally:
        preparation._places.release(preparation._MAX_WAITING)
