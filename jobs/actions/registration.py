"""Keeping a score's text, and making an accepted submit a run that Podium knows."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from jobs.actions.attempt import Attempt
from jobs.actions.sources import ScoreText
from jobs.actions.submission import Submission
from jobs.live.recording import record_claim
from jobs.registry.models import Job, Score, ScoreVersion

_TRIES: Final = 5


def keep_version(name: str, score: ScoreText, author: User) -> ScoreVersion:
    """The version of the score `name` with exactly this text, made if it is new."""
    for left in reversed(range(_TRIES)):
        try:
            with transaction.atomic():
                return _version(name, score, author)
        except IntegrityError:  # somebody kept one at the same moment
            if not left:
                raise
    raise AssertionError("unreachable")


def _version(name: str, score: ScoreText, author: User) -> ScoreVersion:
    kept, _ = Score.objects.get_or_create(name=name)
    if version := ScoreVersion.objects.filter(score=kept, sha256=score.sha256).first():
        return version
    newest = ScoreVersion.objects.filter(score=kept).order_by("-number").first()
    return ScoreVersion.objects.create(
        score=kept,
        number=newest.number + 1 if newest else 1,
        sha256=score.sha256,
        text=score.content.decode(),
        author=author,
        author_name=author.get_username(),
    )


def register(attempt: Attempt, submission: Submission, job_id: str) -> Job:
    """The run that was just accepted, known before the list shows it or made ours after."""
    first = submission.start_sheet
    return record_claim(
        attempt.conductor,
        job_id,
        str(submission.path),
        since=attempt.began_at,
        score_name=submission.summary.name[:500],
        workspace=str(submission.workspace),
        total_sheets=submission.summary.total_sheets,
        requested_start_sheet=first if first > 1 else None,
        **ownership(attempt.actor.pk, attempt.actor.get_username(), submission.version.pk),
    )


def ownership(actor_id: int | None, actor_name: str, version_id: int | None) -> dict[str, Any]:
    """Whose a run is, as fields of a Job."""
    return {
        "submitted_by_id": actor_id,
        "submitted_by_name": actor_name,
        "score_version_id": version_id,
    }
