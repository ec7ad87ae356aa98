"""How the records of one attempt become its row in the lists: one rule for append and rebuild."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from uuid import UUID

from jobs.audit.entry import Entry
from jobs.terms import UNDECIDED, Outcome, RecordKind, Verdict

if TYPE_CHECKING:
    from jobs.audit.models import Action

_CONCLUDING: Final = frozenset(
    {RecordKind.DENIED, RecordKind.REFUSED, RecordKind.OUTCOME, RecordKind.NOTE}
)
_JUDGING: Final = frozenset({RecordKind.RECONCILED, RecordKind.SETTLED})


class ActionRow(NamedTuple):
    """The columns of `Action` but its id, in their order."""

    action_id: UUID
    verb: str
    actor_id: int | None
    actor_name: str
    channel: str
    ip: str
    conductor: str
    job_pk: int | None
    job_id: str
    reason: str
    outcome: str
    message: str
    started_at: datetime
    deadline_at: datetime | None
    concluded_at: datetime | None
    duration_us: int | None
    verdict: str
    needs_attention: bool

    @classmethod
    def of_action(cls, action: Action) -> Self:
        """The row as it is stored."""
        return cls(*(getattr(action, name) for name in cls._fields))


def fold(row: ActionRow | None, entry: Entry) -> ActionRow:
    """The row after one more record; None before an attempt's first."""
    if row is None:
        row = _opened(entry)
    else:
        row = row._replace(
            job_pk=row.job_pk if entry.job_pk is None else entry.job_pk,
            job_id=entry.job_id or row.job_id,
        )
    if entry.kind in _CONCLUDING:
        return _concluded(row, entry)
    if entry.kind in _JUDGING:
        return _judged(row, entry)
    return row


def _opened(entry: Entry) -> ActionRow:
    return ActionRow(
        action_id=entry.action_id,
        verb=entry.verb,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        channel=entry.channel,
        ip=entry.ip,
        conductor=entry.conductor,
        job_pk=entry.job_pk,
        job_id=entry.job_id,
        reason=entry.reason,
        outcome=Outcome.OPEN.value,
        message="",
        started_at=entry.at,
        deadline_at=entry.deadline_at,
        concluded_at=None,
        duration_us=None,
        verdict="",
        needs_attention=False,
    )


def _concluded(row: ActionRow, entry: Entry) -> ActionRow:
    """An attempt with an answer; where it comes after a verdict, the answer wins."""
    is_known = entry.outcome != Outcome.UNKNOWN
    return row._replace(
        outcome=entry.outcome or Outcome.SUCCEEDED.value,
        message=entry.message,
        concluded_at=entry.at,
        duration_us=entry.duration_us,
        verdict="" if is_known else row.verdict,
        needs_attention=False if is_known else row.needs_attention,
    )


def _judged(row: ActionRow, entry: Entry) -> ActionRow:
    """An attempt whose answer never came. A verdict never turns into an outcome: it is a guess.

    Where the answer came after all, nothing is left to guess; nor where a person was faster.
    """
    is_settled = entry.kind == RecordKind.SETTLED
    if row.outcome not in UNDECIDED or (row.verdict and not is_settled):
        return row
    return row._replace(
        outcome=Outcome.UNKNOWN.value if row.outcome == Outcome.OPEN else row.outcome,
        message=entry.message or row.message,
        concluded_at=row.concluded_at or entry.at,
        verdict=entry.outcome,
        needs_attention=entry.outcome == Verdict.CANNOT_BE_KNOWN and not is_settled,
    )
