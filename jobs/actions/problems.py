"""What Podium itself finds wrong with a submission, in the same shape as findings on a score."""

from __future__ import annotations

from jobs.errors import ScoreError
from jobs.scores import Finding


class RequestProblem(Finding):
    """A finding about a field of the request (its `path`), and so about no line of the score."""

    __slots__ = ()


def problem(place: str, message: str) -> Finding:
    """An error that is not about a line of the score: its `path` names the field of the request."""
    return RequestProblem("error", 1, 1, place, message, "podium")


def unacceptable(place: str, message: str) -> ScoreError:
    """The one problem as an exception."""
    return ScoreError(message, (problem(place, message),))
