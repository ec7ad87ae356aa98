"""Who may see and do what: the one policy that page, API, socket, export and command go by.

Rights are Django permissions. What somebody may see is a queryset, so that a list cannot forget
to ask; teams will narrow these querysets and nothing else.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from jobs.audit.models import Action
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job, JobQuerySet, Score
from jobs.terms import RUN_VERBS, Verb

VIEW: Final = "view"
VIEW_AUDIT: Final = "view_audit"
VIEW_SCORE: Final = "view_score"
EDIT_SCORE: Final = "edit_score"
JUDGE_SCORE: Final = "judge_score"
SHARE_VIEW: Final = "share_view"

PERMISSIONS: Final[dict[str, str]] = {
    VIEW: "jobs.view_job",
    Verb.SUBMIT: "jobs.submit_job",
    Verb.PAUSE: "jobs.control_job",
    Verb.RESUME: "jobs.control_job",
    Verb.CANCEL: "jobs.control_job",
    Verb.CLEAR: "jobs.clear_job",
    Verb.MODIFY: "jobs.control_job",
    Verb.RECOVER: "jobs.control_job",
    Verb.TRY_RECOVER: "jobs.control_job",
    Verb.CLEAR_RATE_LIMITS: "jobs.control_job",
    VIEW_AUDIT: "jobs.view_auditrecord",
    VIEW_SCORE: "jobs.view_score",
    EDIT_SCORE: "jobs.edit_score",
    # Judging reads files as a submit does.
    JUDGE_SCORE: "jobs.submit_job",
    # What everybody sees over their lists is for those who control what is in them.
    SHARE_VIEW: "jobs.control_job",
}

# A new score is new code on the conductor's machine: whoever may only control must not bring it.
_ALSO_NEEDED: Final[dict[str, str]] = {Verb.MODIFY: PERMISSIONS[Verb.SUBMIT]}

Person = AbstractBaseUser | AnonymousUser


def may(user: Person, verb: Verb | str, job: Job | None = None) -> bool:
    """Whether somebody may do this (to this run, if one is named); False for unknown verbs.

    What cannot be seen cannot be acted on, whatever other rights there are.
    """
    permission = PERMISSIONS.get(verb)
    if permission is None or not _holds(user, permission):
        return False
    if verb in _ALSO_NEEDED and not _holds(user, _ALSO_NEEDED[verb]):
        return False
    return job is None or may_see(user, job)


def may_see(user: Person, job: Job) -> bool:
    """Whether this run is among those that somebody may see."""
    return visible_jobs(user).filter(pk=job.pk).exists()


def has_any_right(user: Person) -> bool:
    """Whether somebody has business in the console at all."""
    return any(_holds(user, permission) for permission in set(PERMISSIONS.values()))


def visible_jobs(user: Person) -> JobQuerySet:
    """The runs that somebody may see."""
    return Job.objects.all() if may(user, VIEW) else Job.objects.none()


def visible_conductors(user: Person) -> QuerySet[Conductor]:
    """The conductors that somebody may see: those whose runs may be seen."""
    return Conductor.objects.all() if may(user, VIEW) else Conductor.objects.none()


def visible_scores(user: Person) -> QuerySet[Score]:
    """The scores that somebody may see."""
    return Score.objects.all() if may(user, VIEW_SCORE) else Score.objects.none()


def visible_actions(user: Person) -> QuerySet[Action]:
    """All attempts with the right to view the audit log; one's own without it."""
    if may(user, VIEW_AUDIT):
        return Action.objects.all()
    if has_any_right(user) and user.pk is not None:
        return Action.objects.filter(actor_id=user.pk)
    return Action.objects.none()


def may_read_action(user: Person, action: Action) -> bool:
    """Whether this one is among the attempts that somebody may see."""
    return visible_actions(user).filter(pk=action.pk).exists()


def sees_who_acted(user: Person) -> bool:
    """Whether somebody is told who brought a run to where it is, and why.

    Whoever may act on runs has to know it before they undo it, though the log is not theirs.
    """
    return may(user, VIEW_AUDIT) or any(may(user, verb) for verb in RUN_VERBS)


def explaining_actions(user: Person) -> QuerySet[Action]:
    """The attempts that somebody is told of where they explain the state of a run.

    More than `visible_actions` by what was done to runs that they may see and act on.
    """
    visible = visible_actions(user)
    if may(user, VIEW_AUDIT) or not sees_who_acted(user):
        return visible
    runs = visible_jobs(user).values("pk")
    return visible | Action.objects.filter(verb__in=(*RUN_VERBS, Verb.SUBMIT), job_pk__in=runs)


def visible_people(user: Person) -> QuerySet[User]:
    """The accounts whose names somebody may be told: all for those who see people or the log.

    Anybody else knows themselves, and who submitted the runs that they may see.
    """
    if may(user, VIEW_AUDIT) or _holds(user, "auth.view_user"):
        return User.objects.all()
    if user.pk is None:
        return User.objects.none()
    submitters = visible_jobs(user).exclude(submitted_by=None).values("submitted_by")
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=submitters))


def visible_events(user: Person) -> QuerySet[Event]:
    """The events that somebody may see: those of runs and conductors that may be seen."""
    return Event.objects.all() if may(user, VIEW) else Event.objects.none()


def _holds(user: Person, permission: str) -> bool:
    """False for the anonymous and the inactive, true for an active superuser."""
    return isinstance(user, User) and user.is_active and user.has_perm(permission)
