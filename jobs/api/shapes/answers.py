"""What a request that acted is answered with, and what one that could not be read is."""

from __future__ import annotations

from typing import Self

from ninja import Schema

from jobs.actions import ActionResult
from jobs.api.shapes.jobs import JobOut
from jobs.api.shapes.scores import FindingOut


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


class ActionAnswer(Schema):
    """Every answer to a request that acted, whatever came of it."""

    action: ActionOut
    job: JobOut | None


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
