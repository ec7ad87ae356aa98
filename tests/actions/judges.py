"""Times when too many scores wait to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from jobs.actions.judges import CHECKS, SUBMITS, Judges


@contextmanager
def places_taken(judges: Judges, number: int, *, by: int | None = None) -> Iterator[None]:
    """So many places are taken: by one person, or by as many others."""
    with ExitStack() as places:
        for other in range(number):
            places.enter_context(judges.place(-1 - other if by is None else by))
        yield


@contextmanager
def busy_judges() -> Iterator[None]:
    """No place is left for another score, be it checked or submitted."""
    with places_taken(CHECKS, CHECKS.slots.most), places_taken(SUBMITS, SUBMITS.slots.most):
        yield
