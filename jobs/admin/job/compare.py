"""Two runs side by side, usually of the same score: what came out differently, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin.diffs import diff_rows
from jobs.admin.job.comparison import Side, facts_of, runs_of, sheet_pairs
from jobs.admin.job.frame import visible_job
from jobs.admin.looks import job_look
from jobs.admin.numbers import from_one, pages_near, whole
from jobs.admin.requests import person
from jobs.admin.visible import one_line
from jobs.registry.models import Job

MAX_CHOICES: Final = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """A run that can be chosen."""

    pk: int
    label: str


@require_safe
def compare_view(request: HttpRequest) -> HttpResponse:
    """The chooser and, once two are chosen, the comparison. `a` is the earlier one."""
    user = person(request)
    a, b = _run(user, request.GET.get("a", "")), _run(user, request.GET.get("b", ""))
    if a is None and b is not None:
        a = _before(user, b)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Compare two jobs",
        "choices": _choices(user, a, b),
        "a_pk": a.pk if a else None,
        "b_pk": b.pk if b else None,
        "a": Side.of(a) if a else None,
        "b": Side.of(b) if b else None,
    }
    if a is not None and b is not None and a.pk != b.pk:
        context |= _compared(request, user, a, b)
    return render(request, "jobs/job/compare.html", context)


def _before(user: User, job: Job) -> Job | None:
    """What a run is compared with unless told: the run before, of a bad one the last good one."""
    earlier = runs_of(user, job).filter(pk__lt=job.pk)
    good = None if job.status == "completed" else earlier.filter(status="completed").first()
    found = good or earlier.first()
    return visible_job(user, found.pk) if found else None


def _compared(request: HttpRequest, user: User, a: Job, b: Job) -> dict[str, Any]:
    may_view_score = policy.may(user, policy.VIEW_SCORE)
    page = from_one(request.GET.get("page"))
    pairs = sheet_pairs(a, b, page, may_view_score=may_view_score)
    return {
        "is_compared": True,
        "facts": facts_of(a, b, timezone.now()),
        "pairs": pairs,
        "pages": [
            (number, _address(a.pk, b.pk, number), number == pairs.page)
            for number in pages_near(pairs.page, pairs.pages)
        ],
        "swap_url": _address(b.pk, a.pk),
        **_scores(a, b, may_view_score=may_view_score),
    }


def _scores(a: Job, b: Job, *, may_view_score: bool) -> dict[str, Any]:
    """What the texts differ in, where both are kept and this person may see them."""
    if not may_view_score:
        return {"score_words": "Scores are shown to those who have the right to view them."}
    if a.score_version is None or b.score_version is None:
        return {"score_words": "Podium does not keep the text of both: one came from outside."}
    if a.score_version.sha256 == b.score_version.sha256:
        return {"score_words": "Both ran the same text."}
    return {
        "diff": diff_rows(a.score_version.text, b.score_version.text),
        "old_name": one_line(f"{a.score_version.score.name} v{a.score_version.number}", 60),
        "new_name": one_line(f"{b.score_version.score.name} v{b.score_version.number}", 60),
    }


def _choices(user: User, a: Job | None, b: Job | None) -> list[Choice]:
    """The runs of the score in question, or the newest of all; the chosen ones among them."""
    meant = b or a
    runs = runs_of(user, meant) if meant else policy.visible_jobs(user).order_by("-pk")
    found = {
        run.pk: run
        for run in runs.only("pk", "job_id", "status", "submitted_at", "first_seen_at")[
            :MAX_CHOICES
        ]
    }
    found |= {run.pk: run for run in (a, b) if run}
    return [
        Choice(run.pk, _label(run))
        for run in sorted(found.values(), key=lambda run: run.pk, reverse=True)
    ]


def _label(run: Job) -> str:
    at = run.submitted_at or run.first_seen_at
    words = f"{at:%Y-%m-%d %H:%M} UTC, {job_look(run.status).word}"
    return f"#{run.pk} {one_line(run.job_id, 60)} ({words})"


def _run(user: User, asked: str) -> Job | None:
    """The run of that id; None where none is asked for.

    Raises:
        Http404: there is none, or this person may not see it.
    """
    return visible_job(user, whole(asked) or 0) if asked else None


def _address(a: int, b: int, page: int = 1) -> str:
    fields = {"a": a, "b": b} | ({"page": page} if page > 1 else {})
    return f"{reverse('admin:jobs_job_compare')}?{urlencode(fields)}"
