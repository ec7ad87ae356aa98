"""What a confirmation shows before anybody clicks: state, consequences, spendings, onlookers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs import actions
from jobs.actions import ActionResult, offers
from jobs.admin.blast import blast_of
from jobs.admin.consequences import ASKS, ask_for
from jobs.admin.looks import job_look
from jobs.admin.requests import is_live_refresh, person
from jobs.admin.rows import action_row, job_url
from jobs.admin.visible import one_line
from jobs.live.presence import Onlookers, onlookers
from jobs.registry.models import Job
from jobs.terms import Verb


def question_about(
    request: HttpRequest,
    job: Job,
    verb: Verb,
    *,
    moved: ActionResult | None = None,
    new_total: int | None = None,
) -> dict[str, Any]:
    """The context of a confirmation.

    `moved` is the refusal that came because the job had moved, `new_total` how many sheets the
    score has that a modify brings.
    """
    seen = request.POST.get("seen") or request.GET.get("seen") or job.status
    has_moved_on = moved is not None or seen != job.status
    looked_at = _moment(request.POST.get("looked_at"))
    return {
        **admin.site.each_context(request),
        "title": f"{ASKS[verb].label} {one_line(job.job_id, 60)}?",
        "job_id": one_line(job.job_id),
        "job_url": job_url(job.pk),
        "act_url": request.path,
        "status": job.status,
        "seen": job.status,
        "has_moved_on": has_moved_on,
        "seen_look": job_look(seen[:40]),
        "refusal": _refusal(moved),
        **(_movers(request, job, looked_at) if has_moved_on else {}),
        **figures(request, job, verb, new_total),
        "figures_url": reverse("admin:jobs_job_act_figures", args=(job.pk, verb)),
        "reason": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "key": uuid4().hex,
        "looked_at": timezone.now().isoformat(),
        "is_dialog": is_live_refresh(request),
    }


def figures(
    request: HttpRequest, job: Job, verb: Verb, new_total: int | None = None
) -> dict[str, Any]:
    """What of a confirmation may change while a person thinks about it."""
    return {
        "ask": ask_for(verb, job.status),
        "look": job_look(job.status),
        "is_offered": verb in offers(job),
        "gone_at": job.gone_at,
        "blast": blast_of(job, verb, new_total),
        "onlookers": _onlookers(request, job),
    }


def _refusal(moved: ActionResult | None) -> str:
    """Why nothing was sent, without saying so twice."""
    return one_line(moved.why, 400) if moved else ""


def _movers(request: HttpRequest, job: Job, looked_at: datetime | None) -> dict[str, Any]:
    user = person(request)
    found = actions.movements(user, job, since=looked_at)
    return {"movers": [action_row(user, action) for action in found]}


def _onlookers(request: HttpRequest, job: Job) -> Onlookers | None:
    """None where it cannot be known."""
    try:
        return onlookers(person(request), job)
    except DatabaseError:
        return None


def _moment(text: str | None) -> datetime | None:
    """When the person looked; it narrows what is shown and decides nothing."""
    try:
        moment = parse_datetime((text or "")[:40])
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
