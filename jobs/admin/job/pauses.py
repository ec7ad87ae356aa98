"""When a run was paused, had failed until it was resumed, or met a rate limit, from its events."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User

from jobs.access import policy
from jobs.admin.job.spans import Stretch
from jobs.live.models import OUTPUT
from jobs.registry.models import Job
from jobs.terms import PAUSED_JOB_STATUSES

MAX_EVENTS: Final = 1_000
_PAUSED: Final = "job.paused"
_IS_OVER: Final = frozenset({"job.failed", "job.cancelled"})
_GOES_ON: Final = frozenset({"job.resuming", "job.started"})
_ENDS_A_PAUSE: Final = frozenset(
    {"job.resuming", "job.started", "job.completed", "job.failed", "job.cancelled"}
)
_AT_A_LIMIT: Final = "waiting"  # a sheet's status


def rests(user: User, job: Job, now: datetime) -> tuple[list[Stretch], list[Stretch]]:
    """The pauses and the times as failed, oldest first; a pause that goes on ends now."""
    # As text, not as a parameter: see the tab of events.
    told = f"NOT (jobs_event.event = '{OUTPUT}')"
    events = (
        policy.visible_events(user)
        .filter(job_pk=job.pk, event__in=(_PAUSED, *sorted(_ENDS_A_PAUSE)))
        .extra(where=[told])  # noqa: S610 - a constant of ours
        .order_by("seq")
        .values_list("at", "event")[:MAX_EVENTS]
    )
    found: list[Stretch] = []
    failed: list[Stretch] = []
    since: datetime | None = None
    failed_at: datetime | None = None
    for at, event in events:
        if event == _PAUSED:
            since = since or at
        elif since is not None:
            if at > since:
                found.append(Stretch(since, at))
            since = None
        if event in _IS_OVER:
            failed_at = failed_at or at
        elif failed_at is not None and event in _GOES_ON:
            if at > failed_at:
                failed.append(Stretch(failed_at, at))
            failed_at = None
    if since is not None and job.status in PAUSED_JOB_STATUSES and now > since:
        found.append(Stretch(since, now))
    return found, failed


def rate_limits(user: User, job: Job, now: datetime) -> dict[int, list[Stretch]]:
    """When each sheet that did waited for a rate limit; one that it still waits for ends now.

    Two questions at most, and only one for a run that met none.
    """
    told = f"NOT (jobs_event.event = '{OUTPUT}')"
    events = policy.visible_events(user).filter(job_pk=job.pk).extra(where=[told])  # noqa: S610 - a constant of ours
    met = events.filter(event="sheet.status", data__status=_AT_A_LIMIT).order_by("seq")
    numbers = set(met.values_list("sheet", flat=True)[:MAX_EVENTS]) - {None}
    if not numbers:
        return {}
    found: dict[int, list[Stretch]] = defaultdict(list)
    since: dict[int, datetime] = {}
    of_them = events.filter(sheet__in=numbers).order_by("seq")
    for number, at, status in of_them.values_list("sheet", "at", "data__status")[:MAX_EVENTS]:
        if status == _AT_A_LIMIT:
            since.setdefault(number, at)
        elif isinstance(status, str) and (began_at := since.pop(number, None)) and at > began_at:
            found[number].append(Stretch(began_at, at))
    if not job.is_terminal:
        for number, began_at in since.items():
            if now > began_at:
                found[number].append(Stretch(began_at, now))
    return found
