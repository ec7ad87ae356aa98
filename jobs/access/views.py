"""Saved views: whose they are, and who sees and shares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from jobs import audit
from jobs.access import policy
from jobs.access.models import SavedView
from jobs.audit import Origin

MAX_OF_ONE: Final = 50  # of one person, for one list
MAX_LISTED: Final = 30

_RIGHTS: Final = {SavedView.List.JOBS: policy.VIEW, SavedView.List.AUDIT: policy.VIEW_AUDIT}


def may_open(user: User, which: str) -> bool:
    """Whether somebody may see that list at all."""
    right = _RIGHTS.get(SavedView.List(which)) if which in SavedView.List.values else None
    return right is not None and policy.may(user, right)


def may_share(user: User) -> bool:
    """Whoever may control jobs may put a view before everybody's eyes."""
    return policy.may(user, policy.SHARE_VIEW)


def note_change(
    user: User, origin: Origin, before: Mapping[str, Any] | None, view: SavedView | None
) -> None:
    """Record what became of a view that others saw, or see now: own ones are nobody else's matter.

    Args:
        user: Who did it.
        origin: Where the request came from.
        before: The view as it was, see `facts_of`; None for a new one.
        view: As it is now; None for one that was deleted.
    """
    now = facts_of(view) if view is not None else None
    was_shared, is_shared = (bool(facts and facts["is_shared"]) for facts in (before, now))
    if before == now or not (was_shared or is_shared):
        return
    verb = "share view" if not was_shared else "change shared view"
    verb = "delete shared view" if now is None else verb
    facts = now or before or {}
    changed = {"before": dict(before)} if before and now else {}
    name, owner = user.get_username(), facts["owner"]
    audit.note(
        verb,
        actor_id=user.pk,
        actor_name=name,
        origin=origin,
        message=f"{name}: {verb} {facts['name']} of {owner} over the list {facts['listing']}.",
        arguments={**facts, **changed},
    )


def facts_of(view: SavedView) -> dict[str, Any]:
    """What a record tells of a view."""
    return {
        "view_id": view.pk,
        "listing": view.listing,
        "name": view.name,
        "query": view.query,
        "is_shared": view.is_shared,
        "owner": view.owner.get_username(),
    }


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
