"""Who moved a run: the latest that was done to it from this console, as far as one may see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q

from jobs.access import policy
from jobs.audit.models import Action
from jobs.registry.models import Job
from jobs.terms import (
    KNOWN_JOB_STATUSES,
    PAUSED_JOB_STATUSES,
    RUN_VERBS,
    UNDECIDED,
    Outcome,
    Verb,
    Verdict,
)

MOST: Final = 3
_MOVING: Final = (*RUN_VERBS, Verb.SUBMIT)
_MOVED: Final = Q(outcome=Outcome.SUCCEEDED) | Q(verdict=Verdict.HAPPENED)
_UNDECIDED: Final = Q(outcome__in=UNDECIDED) & ~Q(verdict=Verdict.DID_NOT_HAPPEN)
# Where a run that was started comes to without anybody's doing. A chain pauses it, too.
_STARTED: Final = KNOWN_JOB_STATUSES - {"paused", "cancelled"}
_LEADS_TO: Final[Mapping[str, Collection[str]]] = {
    Verb.SUBMIT: _STARTED,
    Verb.PAUSE: PAUSED_JOB_STATUSES,
    Verb.RESUME: _STARTED,
    Verb.CANCEL: {"cancelled"},
    Verb.MODIFY: _STARTED | PAUSED_JOB_STATUSES,  # it pauses a run, and starts it again
    Verb.RECOVER: {"completed", "failed"},
}

# A page is made a moment before it is seen, and an action takes a moment to be recorded.
_SLACK: Final = timedelta(seconds=5)


def movements(user: User, job: Job, *, since: datetime | None = None) -> Sequence[Action]:
    """What was done to a run, or to a later run of its name, since the person looked; newest first.

    An attempt of which nobody knows whether it happened is left out where the latest that did
    leads to what there is now. One's own is told in any case.
    """
    done = Action.objects.filter(conductor=job.conductor.slug, job_id=job.job_id, verb__in=_MOVING)
    if since is not None:
        done = done.filter(started_at__gte=since - _SLACK)
    own = _UNDECIDED & Q(actor_id=user.pk)
    may_have = _UNDECIDED
    latest = done.filter(_MOVED).order_by("-id").first()
    if latest is not None and _leads_here(latest, job):
        may_have = own | (_UNDECIDED & Q(pk__gt=latest.pk) & ~Q(verb=latest.verb))
    seen = (done & policy.explaining_actions(user)).order_by("-id")
    # The person's own have places of their own: those that others made since do not push them out.
    told = {*seen.filter(_MOVED | may_have)[:MOST], *seen.filter(own)[:MOST]}
    return sorted(told, key=lambda action: action.pk, reverse=True)


def _leads_here(action: Action, job: Job) -> bool:
    """Whether what it asked for, once done, leaves the run as it is now; False if not known."""
    if job.gone_at is not None:
        return action.verb == (Verb.SUBMIT if job.gone_reason == "replaced" else Verb.CLEAR)
    return job.status in _LEADS_TO.get(action.verb, ())
