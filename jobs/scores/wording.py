"""The conductor's refusals in words for an operator, each at its place."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from jobs.scores.findings import Finding
from jobs.scores.positions import Positions


def worded(error: ValidationError, positions: Positions, max_findings: int) -> Iterator[Finding]:
    """One finding per refusal, at most so many."""
    for detail in error.errors(include_url=False, include_context=True, include_input=False):
        path = tuple(detail["loc"])
        yield positions.finding("error", path, detail["msg"])
