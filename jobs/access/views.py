"""Saved views: whose they are, and who sees and shares them."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from jobs.access import policy
from jobs.access.models import SavedView
from jobs.terms import Verb

MAX_OF_ONE: Final = 50  # of one person, for one list
MAX_LISTED: Final = 30

_RIGHTS: Final = {SavedView.List.JOBS: policy.VIEW, SavedView.List.AUDIT: policy.VIEW_AUDIT}


def may_open(user: User, which: str) -> bool:
    """Whether somebody may see that list at all."""
    right = _RIGHTS.get(SavedView.List(which)) if which in SavedView.List.values else None
    return right is not None and policy.may(user, right)


def may_share(user: User) -> bool:
    """Whoever may control jobs may put a view before everybody's eyes."""
    return policy.may(user, Verb.PAUSE)


def visible_views(user: User, which: str) -> QuerySet[SavedView]:
    """One's own views of a list and those that are shared; none of a list one may not see."""
    if not may_open(user, which):
        return SavedView.objects.none()
    return SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), listing=which)


def own_views(user: User) -> QuerySet[SavedView]:
    """The views that somebody may rename and delete: their own; a superuser also shared ones."""
    if user.is_superuser:
        return SavedView.objects.filter(Q(owner=user) | Q(is_shared=True))
    return SavedView.objects.filter(owner=user)
