"""One verb for many jobs, and what came of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from ninja import Schema
from pydantic import Field

from jobs.actions import MAX_REASON_LETTERS, batches
from jobs.actions.models import Batch
from jobs.api.paging import Id, Plain
from jobs.api.shapes.bodies import Strict

_MAX_AGE_S = 100 * 366 * 86_400


class MatchIn(Strict):
    """Jobs by status and age, of those that you may see and that are still on their conductor."""

    status: list[Plain] = Field(min_length=1, max_length=20)
    conductor: Plain | None = None
    ended_before_s: Annotated[int, Field(ge=0, le=_MAX_AGE_S)] | None = Field(
        None, description="They ended more than so many seconds ago."
    )

    @property
    def words(self) -> str:
        """The choice, for the records."""
        where = f" on {self.conductor}" if self.conductor else ""
        age = "" if self.ended_before_s is None else f", ended {self.ended_before_s} s ago or more"
        return f"all that are {' or '.join(self.status)}{age}{where}"


class BatchIn(Strict):
    """A verb, and the jobs: named one by one, or all that match."""

    verb: Literal["pause", "resume", "cancel", "clear"]
    jobs: list[Id] | None = Field(None, min_length=1, max_length=batches.MAX_RUNS)
    match: MatchIn | None = None
    reason: str = Field("", max_length=MAX_REASON_LETTERS)


class BatchOut(Schema):
    """How far a batch has come; `counts` are of jobs, by verdict, outcome or what they wait for."""

    id: int
    verb: str
    state: str  # chosen, running, finished, interrupted
    actor: str
    choice: str
    reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    total: int
    counts: dict[str, int]
    action: int | None  # the batch's own attempt in the audit log
    left_out: list[int]  # could not work on, or not there, when it was begun

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The shape of a batch as it is now."""
        batch.refresh_from_db()
        counts = batches.counts_of(batch)
        return cls(
            id=batch.pk,
            verb=batch.verb,
            state=batch.state,
            actor=batch.actor_name,
            choice=batch.choice,
            reason=batch.reason or None,
            started_at=batch.started_at,
            ended_at=batch.ended_at,
            total=sum(counts.values()),
            counts=counts,
            action=batches.action_pk_of(batch),
            left_out=batch.left_out,
        )


class BatchItemOut(Schema):
    """One job of a batch."""

    position: int
    job: int
    job_id: str
    seen: str
    state: str  # waiting, asked, done, left
    outcome: str | None
    verdict: str | None  # what was concluded later of an unknown outcome
    message: str | None
    action: int | None

    @classmethod
    def of(cls, item: Any) -> Self:
        """The shape of a row of `batches.told`."""
        return cls(
            position=item.position,
            job=item.job_id,
            job_id=item.job.job_id,
            seen=item.seen,
            state=item.state,
            outcome=item.known or None,
            verdict=item.verdict or None,
            message=item.said or None,
            action=item.action_pk,
        )
