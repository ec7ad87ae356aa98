"""Keeping a score's text, and making an accepted submit a run that Podium knows."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from jobs.actions.attempt import Attempt
from jobs.actions.sources import ScoreText
from jobs.actions.submission import Submission
from jobs.live.recording import record_claim
from jobs.registry.models import Job, ScoreVersion
from jobs.registry.scores import kept_version


def keep_version(name: str, score: ScoreText, author: User) -> ScoreVersion:
    """The version of the score `name` with exactly this text, made if it is new."""
    return kept_version(name, score.content.decode(), author)


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
