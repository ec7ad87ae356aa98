"""What the head of a run's page says, whichever of its tabs is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from jobs.admin.looks import Look, look_of
from jobs.admin.rows import gone_words, submitter
from jobs.admin.visible import one_line, visible
from jobs.registry.models import Job

MAX_ERROR_LETTERS: Final = 4_000


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the head and the side of the page say about a run."""

    pk: int
    name: str
    look: Look
    status: str
    is_ended: bool
    submitter: str
    is_outside: bool
    submitted_at: datetime | None
    started_at: datetime | None  # of the stretch that is under way, or was the last
    first_started_at: datetime | None
    completed_at: datetime | None
    completed: int | None
    failed: int | None
    total: int | None
    workspace: str
    config_path: str
    score: str
    score_url: str
    start_sheet: int | None
    error: str
    refreshed_at: datetime | None
    gone_at: datetime | None
    gone_words: str

    @classmethod
    def of(cls, job: Job, *, may_view_score: bool) -> JobFacts:
        """The facts of a run that was read with its conductor and score version."""
        version = job.score_version
        score_url = ""
        if version and may_view_score:
            address = reverse("admin:jobs_score_change", args=(version.score_id,))
            score_url = f"{address}?version={version.number}"
        return cls(
            pk=job.pk,
            name=one_line(job.job_id, 255),
            look=look_of(job),
            status=job.status,
            is_ended=job.is_terminal or job.gone_at is not None,
            submitter=submitter(job),
            is_outside=job.origin == "outside",
            submitted_at=job.submitted_at or job.first_seen_at,
            started_at=job.started_at,
            first_started_at=job.first_started_at or job.started_at,
            completed_at=job.completed_at,
            completed=job.completed_sheets,
            failed=job.failed_sheets,
            total=job.total_sheets,
            workspace=one_line(job.workspace, 500),
            config_path=one_line(job.config_path, 500),
            score=one_line(f"{version.score.name} v{version.number}") if version else "",
            score_url=score_url,
            start_sheet=job.requested_start_sheet,
            error=visible(job.error_message[:MAX_ERROR_LETTERS]),
            refreshed_at=job.refreshed_at,
            gone_at=job.gone_at,
            gone_words=f"{gone_words(job)[1]} Its history stays here.",
        )

    @property
    def is_resumed(self) -> bool:
        """Whether it was started more than once."""
        if self.started_at is None or self.first_started_at is None:
            return False
        return self.first_started_at < self.started_at
