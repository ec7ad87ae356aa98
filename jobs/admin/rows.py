"""Runs and attempts as lists show them: finished values, no questions left for a template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from jobs.access import policy
from jobs.admin.job.progress import clock
from jobs.admin.looks import VERB_ICONS, Look, look_of, outcome_look
from jobs.admin.visible import one_line, visible
from jobs.audit.models import Action
from jobs.audit.verbs import verb_words
from jobs.registry.models import Job
from jobs.terms import JobOrigin


@dataclass(frozen=True, slots=True)
class JobRow:
    """One run in a list."""

    pk: int
    url: str
    name: str
    look: Look
    status: str
    conductor: str
    submitter: str
    submitted_at: datetime | None
    took: str  # at work, over all its stretches; empty while it counts on or is not known
    counts_since: datetime | None
    ended_at: datetime | None  # None: still going, or not reported
    is_ended: bool
    completed: int | None
    total: int | None
    current_sheet: int | None
    error: str
    gone_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """The row of a run that was read with its conductor."""
        time = clock(job, timezone.now())
        return cls(
            pk=job.pk,
            url=job_url(job.pk),
            name=one_line(job.job_id),
            look=look_of(job),
            status=job.status,
            conductor=one_line(job.conductor.name),
            submitter=submitter(job),
            submitted_at=job.submitted_at or job.first_seen_at,
            took=time.took,
            counts_since=time.counts_since,
            ended_at=job.completed_at,
            is_ended=job.is_terminal or job.gone_at is not None,
            completed=job.completed_sheets,
            total=job.total_sheets,
            current_sheet=job.current_sheet if job.status == "running" else None,
            error=one_line(job.error_message, 200),
            gone_at=job.gone_at,
        )


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One attempt in a list."""

    pk: int
    url: str  # empty: its record is not theirs to open who are told of it
    verb: str
    icon: str
    look: Look
    outcome: str
    actor: str
    channel: str
    job_name: str
    job_url: str
    reason: str
    message: str
    started_at: datetime
    duration_us: int | None
    verdict: str
    needs_attention: bool

    @classmethod
    def of(cls, action: Action) -> Self:
        """The row of an attempt."""
        return cls(
            pk=action.pk,
            url=reverse("admin:jobs_action_change", args=(action.pk,)),
            verb=verb_words(action.verb),
            icon=VERB_ICONS.get(action.verb, "note"),
            look=outcome_look(action.outcome),
            outcome=action.outcome,
            actor=one_line(action.actor_name) or "nobody",
            channel=action.channel,
            job_name=one_line(action.job_id),
            job_url=job_url(action.job_pk) if action.job_pk else "",
            reason=one_line(action.reason, 200),
            message=visible(action.message),
            started_at=action.started_at,
            duration_us=action.duration_us,
            verdict=action.verdict,
            needs_attention=action.needs_attention,
        )


def submitter(job: Job) -> str:
    """Who submitted a run, as far as Podium can know."""
    if job.origin == JobOrigin.OUTSIDE:
        return "outside the console"
    return one_line(job.submitted_by_name) or "not reported"


_GONE = {
    "cleared": ("cleared", "It was cleared from its conductor, which keeps nothing of it."),
    "replaced": ("replaced", "A later run has its name on the conductor."),
    "vanished": ("left conductor", "It is no longer on its conductor; not cleared from here."),
}


def gone_words(job: Job) -> tuple[str, str]:
    """Why a run is no longer on its conductor: a word, and a sentence."""
    return _GONE.get(job.gone_reason) or _GONE["vanished"]


def job_url(pk: int) -> str:
    """The address of a run's page."""
    return reverse("admin:jobs_job_change", args=(pk,))


def job_rows(jobs: Iterable[Job]) -> list[JobRow]:
    """The rows of runs that were read with their conductors."""
    return [JobRow.of(job) for job in jobs]


def action_row(user: User, action: Action) -> ActionRow:
    """The row of an attempt that may be one to be told of only."""
    row = ActionRow.of(action)
    return row if policy.may_read_action(user, action) else replace(row, url="")


def action_rows(actions: Iterable[Action]) -> list[ActionRow]:
    """The rows of attempts."""
    return [ActionRow.of(action) for action in actions]
