"""Which verbs can work in which status: the one table that pages, API and texts go by.

An offer is not a rule: a verb that is not offered may still be sent (a page may be stale, the
status may be older than the conductor's), and then the conductor's own answer is shown.
Source: docs, conductor protocol, "Job methods"; recorded exchange `pause_resume_cancel.jsonl`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

from jobs.terms import Verb


class Offered(Protocol):
    """What of a run decides on its offers."""

    @property
    def status(self) -> str:
        """The conductor's word."""

    @property
    def gone_at(self) -> datetime | None:
        """When it left its conductor's list."""


_OFFERS: Final[dict[str, frozenset[Verb]]] = {
    "pending": frozenset({Verb.CANCEL}),
    "queued": frozenset({Verb.CANCEL}),
    "running": frozenset({Verb.PAUSE, Verb.CANCEL, Verb.MODIFY}),
    # The list says "paused" at once, yet the sheet under way runs to its end: Cancel stays on
    # offer, or nobody could stop a sheet that hangs.
    "paused": frozenset({Verb.RESUME, Verb.CANCEL, Verb.MODIFY}),
    "paused_at_chain": frozenset({Verb.RESUME, Verb.CANCEL, Verb.MODIFY}),
    "completed": frozenset({Verb.CLEAR}),
    # Recover looks at failed sheets, which only a failed job is sure to have.
    "failed": frozenset({Verb.RESUME, Verb.MODIFY, Verb.RECOVER, Verb.CLEAR}),
    "cancelled": frozenset({Verb.RESUME, Verb.MODIFY, Verb.CLEAR}),
}

# A status newer than this console: only what loses nothing. A conductor refuses a pause that
# does not fit; a cancel or a clear that fits is not to be taken back.
_UNKNOWN_STATUS: Final = frozenset({Verb.PAUSE})


def offers(job: Offered) -> frozenset[Verb]:
    """The verbs that can work on a run as it was last seen; none once it left its conductor."""
    if job.gone_at is not None:
        return frozenset()
    return offers_in(job.status)


def offers_in(status: str) -> frozenset[Verb]:
    """The verbs that can work in a status."""
    return _OFFERS.get(status, _UNKNOWN_STATUS)
