"""The first page: how the conductors are, what runs, what needs a person, what was done."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs.access import policy
from jobs.admin import attention
from jobs.admin.conductor_cards import conductor_cards
from jobs.admin.feed import current_seq
from jobs.admin.requests import person
from jobs.admin.rows import action_rows, job_rows
from jobs.registry.models import Job, JobQuerySet
from jobs.terms import Verb

MAX_LIVE: Final = 12
MAX_ENDED: Final = 6
MAX_ACTIONS: Final = 10
MAX_ATTENTION: Final = 5  # of each kind
# In the audit log they are of use; here they would push aside what was done.
_COMINGS_AND_GOINGS: Final = ("login", "logout")


def overview(request: HttpRequest) -> HttpResponse:
    """The overview, as much of it as this person may see."""
    seq = current_seq()
    context = {
        **admin.site.each_context(request),
        "title": "Overview",
        "seq": seq,
        **_seen_by(person(request)),
    }
    return render(request, "admin/index.html", context)


def _seen_by(user: User) -> dict[str, Any]:
    jobs = policy.visible_jobs(user).select_related("conductor")
    live = list(jobs.live().order_by("-id")[: MAX_LIVE + 1])
    ended = _ended_last(jobs)
    actions = policy.visible_actions(user)
    conductors = conductor_cards(policy.visible_conductors(user))
    troubles = attention.troubles(user, MAX_ATTENTION, conductors)
    return {
        "conductors": conductors,
        "live_jobs": job_rows(live[:MAX_LIVE]),
        "has_more_live": len(live) > MAX_LIVE,
        "ended_jobs": job_rows(ended),
        "actions": action_rows(actions.exclude(verb__in=_COMINGS_AND_GOINGS)[:MAX_ACTIONS]),
        "troubles": troubles,
        "may_view": policy.may(user, policy.VIEW),
        "may_submit": policy.may(user, Verb.SUBMIT),
        "may_view_audit": policy.may(user, policy.VIEW_AUDIT),
    }


def _ended_last(jobs: JobQuerySet) -> list[Job]:
    """The runs that ended last, the last one first, whatever the order of their submits."""
    ended = jobs.ended().exclude(completed_at=None)
    return list(ended.order_by("-completed_at", "-id")[:MAX_ENDED])
