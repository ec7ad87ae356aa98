"""What Podium itself finds wrong with a submission, in the same shape as findings on a score."""

from __future__ import annotations

from jobs.errors import ScoreError
from jobs.scores import Finding


def problem(place: str, message: str) -> Finding:
    """An error that is not about a line of the score: its `path` names the field of the request."""
    return Finding("error", 1, 1, place, message, "podium")


def unacceptable(place: str, message: str) -> ScoreError:
    """The one problem as an exception."""
    return ScoreError(message, (problem(place, message),))
