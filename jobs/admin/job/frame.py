"""What stands around every tab of a run's page: who may see it, its head, its buttons, its tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.urls import reverse

from jobs.access import policy
from jobs.actions import offers
from jobs.admin.conductor_cards import ConductorCard
from jobs.admin.consequences import ASKS, ORDER, Ask
from jobs.admin.feed import current_seq
from jobs.admin.job.again import submit_again_url
from jobs.admin.job.facts import JobFacts
from jobs.admin.job.tabs import tab_links
from jobs.admin.requests import person
from jobs.admin.rows import job_url
from jobs.admin.visible import one_line
from jobs.registry.models import Job


@dataclass(frozen=True, slots=True)
class Button:
    """A verb that can work now and that this person may use."""

    ask: Ask
    url: str


@dataclass(frozen=True, slots=True)
class JobFrame:
    """A run that this person may see, and what the frame around its tabs shows."""

    job: Job
    user: User
    seq: int  # of the event log, read before anything else: what comes after it is news
    may_view_score: bool  # and what is only in its text: names of sheets, what waits for what
    context: dict[str, Any]


def job_frame(request: HttpRequest, pk: int, tab: str) -> JobFrame:
    """The frame of a run's page with one tab open.

    Raises:
        Http404: there is no such run, or this person may not see it.
    """
    user = person(request)
    seq = current_seq()
    job = visible_job(user, pk)
    may_view_score = policy.may(user, policy.VIEW_SCORE)
    context = {
        **admin.site.each_context(request),
        "title": one_line(job.job_id, 60),
        "seq": seq,
        "job": JobFacts.of(job, may_view_score=may_view_score),
        "conductor": ConductorCard.of(job.conductor),
        "later_url": _later_url(user, job),
        "buttons": _buttons(user, job),
        "head_again_url": submit_again_url(user, job) if job.is_terminal or job.gone_at else "",
        "tab": tab,
        "tabs": tab_links(job.pk, tab),
    }
    return JobFrame(job, user, seq, may_view_score, context)


def _later_url(user: User, job: Job) -> str:
    """Where the run is that has this one's name now; empty for a run that nothing replaced."""
    if job.gone_at is None or job.gone_reason != "replaced":
        return ""
    later = policy.visible_jobs(user).filter(
        conductor_id=job.conductor_id, job_id=job.job_id, pk__gt=job.pk
    )
    pk = later.order_by("-pk").values_list("pk", flat=True).first()
    return "" if pk is None else job_url(pk)


def visible_job(user: User, pk: int) -> Job:
    """A run with its conductor and score version, whose long text is read when it is needed.

    Raises:
        Http404: there is no such run, or this person may not see it.
    """
    runs = policy.visible_jobs(user).select_related("conductor", "score_version__score")
    runs = runs.defer("score_version__text")
    job = runs.filter(pk=pk).first() if pk < 2**63 else None
    if job is None:
        raise Http404("There is no such job, or none that you may see.")
    return job


def _buttons(user: User, job: Job) -> list[Button]:
    offered = offers(job)
    return [
        Button(ASKS[verb], reverse("admin:jobs_job_act", args=(job.pk, verb)))
        for verb in ORDER
        if verb in offered and policy.may(user, verb)
    ]
