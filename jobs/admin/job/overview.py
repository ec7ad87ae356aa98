"""The first tab of a run's page: how it goes, why not, what can be done, what was done to it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin.job import progress, waiting
from jobs.admin.job.again import submit_again_url
from jobs.admin.job.failure import failure_of
from jobs.admin.job.frame import JobFrame, job_frame
from jobs.admin.job.parts import part_links
from jobs.admin.job.sheet_list import excerpt, running_numbers, sheet_counts, started_elsewhere
from jobs.admin.job.sheet_page import other_facts
from jobs.admin.output import Output, output_of
from jobs.admin.requests import is_live_refresh
from jobs.admin.rows import action_rows
from jobs.admin.visible import visible
from jobs.registry.models import Job
from jobs.terms import Verb

MAX_ACTIONS: Final = 8

# Shown in their own places.
_PLACED: Final = frozenset(
    {
        "cost_usd", "cost_confidence", "cost_sheets", "input_tokens", "output_tokens", "retries",
        "total_retry_count", "instruments_used", "skipped_sheets", "resume_at", "created_at",
        "cost_limit_reached", "pid",
    }
)  # fmt: skip


@require_safe
def overview_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, or its regions alone for its script."""
    frame = job_frame(request, pk, "overview")
    counts = sheet_counts(frame.job)
    context = {
        **frame.context,
        # The script has the lines already and leaves its pane alone.
        "output": Output() if is_live_refresh(request) else output_of(pk, frame.seq),
        **_state(frame, counts),
        **excerpt(frame.job, counts, may_view_score=frame.may_view_score),
        **_done_to(frame.user, frame.job),
    }
    return render(request, "jobs/job/overview.html", context)


def _state(frame: JobFrame, counts: dict[str, int]) -> dict[str, Any]:
    """How far the run is, what it waits for, and why it failed."""
    user, job, now = frame.user, frame.job, timezone.now()
    tally = progress.Tally.of(job, counts)
    return {
        "tally": tally,
        "clock": progress.clock(job, now),
        "expected": progress.expectation(job, tally, policy.visible_jobs(user), now),
        "spending": progress.spending(job),
        "retries": progress.retries(job),
        "instruments": progress.instruments(job),
        "others": other_facts(job.details, _PLACED),
        "running_numbers": running_numbers(job),
        "reasons": waiting.reasons(user, job),
        "failure": failure_of(frame, counts),
        "again_url": "" if job.is_terminal or job.gone_at else submit_again_url(user, job),
        "started_elsewhere": started_elsewhere(job),
        "parts": part_links(job),
    }


def _done_to(user: User, job: Job) -> dict[str, Any]:
    """What was done to this run, as far as this person may see it."""
    actions = policy.visible_actions(user).filter(job_pk=job.pk)
    rows = action_rows(actions.order_by("-id")[: MAX_ACTIONS + 1])
    submit = actions.filter(verb=Verb.SUBMIT).order_by("id").values_list("reason", flat=True)
    return {
        "actions": rows[:MAX_ACTIONS],
        "has_more_actions": len(rows) > MAX_ACTIONS,
        "may_view_audit": policy.may(user, policy.VIEW_AUDIT),
        "reason": visible(submit.first() or ""),
    }
