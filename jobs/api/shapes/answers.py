"""What a request that acted is answered with, and what one that could not be read is."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from ninja import Schema

from jobs.actions import ActionResult
from jobs.api.shapes.jobs import JobOut
from jobs.api.shapes.scores import FindingOut
from jobs.audit.models import Action


class ActionOut(Schema):
    """What came of an attempt."""

    id: int
    verb: str
    outcome: str
    message: str
    verdict: str | None = None  # what was concluded later of an unknown outcome

    @classmethod
    def of(cls, result: ActionResult) -> Self:
        """The shape of a result."""
        return cls(
            id=result.id,
            verb=result.verb,
            outcome=result.outcome,
            message=result.message,
            verdict=result.verdict or None,
        )


class MovementOut(Schema):
    """Something that was done to a job from this console."""

    action: int
    verb: str
    outcome: str
    actor: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, action: Action) -> Self:
        """The shape of an attempt."""
        return cls(
            action=action.pk,
            verb=action.verb,
            outcome=action.outcome,
            actor=action.actor_name,
            reason=action.reason,
            at=action.started_at,
        )


class ActionAnswer(Schema):
    """Every answer to a request that acted, whatever came of it."""

    action: ActionOut
    job: JobOut | None
    # Where the job was not as you saw it: the latest that was done to it, as far as you may see.
    moved_by: list[MovementOut] | None = None


class RecoveredSheetOut(Schema):
    """How the validations of a failed sheet went when they were judged anew."""

    number: int
    passed: bool
    details: list[dict[str, Any]]


class TrialAnswer(ActionAnswer):
    """What a dry run came to; `sheets` is null where the conductor did not say which pass."""

    sheets: list[RecoveredSheetOut] | None


class ProblemOut(Schema):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    findings: list[FindingOut] | None = None
    errors: list[dict[str, str]] | None = None
