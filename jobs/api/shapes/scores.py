"""Judgements on scores."""

from __future__ import annotations

from typing import Self

from ninja import Schema

from jobs.scores import Finding


class FindingOut(Schema):
    """One thing found; `path` is dotted and names a place in the score or in the request."""

    severity: str
    line: int
    column: int
    path: str
    message: str
    origin: str

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """The shape of a finding."""
        return cls.model_validate(finding.to_dict())


class SummaryOut(Schema):
    """What a score is about, before anybody runs it."""

    name: str
    job_name: str | None
    total_sheets: int
    workspace: str | None
    instrument: str | None
    description: str | None


class ValidationOut(Schema):
    """A judgement; `is_valid` says whether it could be submitted as it is."""

    is_valid: bool
    findings: list[FindingOut]
    summary: SummaryOut | None
