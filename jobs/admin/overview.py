"""The first page: how the conductors are, what runs, what needs a person, what was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jobs.access import policy
from jobs.admin.conductor_cards import conductor_cards
from jobs.admin.feed import current_seq
from jobs.admin.requests import person
from jobs.admin.rows import action_rows, job_rows
from jobs.terms import Verb

MAX_LIVE: Final = 12
MAX_ENDED: Final = 6
MAX_ACTIONS: Final = 10
MAX_ATTENTION: Final = 10
# In the audit log they are of use; here they would push aside what was done.
_COMINGS_AND_GOINGS: Final = ("login", "logout")
RECENTLY: Final = timedelta(hours=24)


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
    failed = jobs.filter(status="failed", gone_at=None, completed_at__gte=timezone.now() - RECENTLY)
    ended = list(jobs.ended().order_by("-id")[:MAX_ENDED])
    actions = policy.visible_actions(user)
    conductors = conductor_cards(policy.visible_conductors(user))
    unknown = action_rows(actions.filter(needs_attention=True)[:MAX_ATTENTION])
    unreachable = [card for card in conductors if card.is_unreachable]
    failures = job_rows(failed.order_by("-id")[:MAX_ATTENTION])
    return {
        "conductors": conductors,
        "live_jobs": job_rows(live[:MAX_LIVE]),
        "has_more_live": len(live) > MAX_LIVE,
        "ended_jobs": job_rows(ended),
        "actions": action_rows(actions.exclude(verb__in=_COMINGS_AND_GOINGS)[:MAX_ACTIONS]),
        "unknown_actions": unknown,
        "unreachable": unreachable,
        "failed_jobs": failures,
        "needs_attention": len(unknown) + len(unreachable) + len(failures),
        "may_view": policy.may(user, policy.VIEW),
        "may_submit": policy.may(user, Verb.SUBMIT),
        "may_view_audit": policy.may(user, policy.VIEW_AUDIT),
    }
