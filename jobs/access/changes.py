"""Notes of changes to people, groups and their rights, whichever way they are made.

Django's signals tell of them; `QuerySet.update` and the like send none, and Podium uses them on
no user or group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from jobs.access.doers import Doer
from jobs.audit import note

_USER_FIELDS: Final = (
    "username",
    "first_name",
    "last_name",
    "email",
    "is_active",
    "is_staff",
    "is_superuser",
)
_BEFORE: Final = "_podium_before"


def connect() -> None:
    """Listen."""
    for model in (User, Group):
        pre_save.connect(_remember, sender=model, dispatch_uid="podium.remember")
        post_save.connect(_saved, sender=model, dispatch_uid="podium.saved")
        post_delete.connect(_deleted, sender=model, dispatch_uid="podium.deleted")
    for through in (
        User.groups.through,
        User.user_permissions.through,
        Group.permissions.through,
    ):
        m2m_changed.connect(_related, sender=through, dispatch_uid="podium.related")


def _remember(*, instance: User | Group, raw: bool = False, **_: Any) -> None:
    """Keep what stands in the database, to tell afterwards what changed."""
    stored = None if raw or instance.pk is None else _stored(instance)
    setattr(instance, _BEFORE, stored)


def _saved(
    *,
    instance: User | Group,
    created: bool,
    update_fields: Iterable[str] | None = None,
    raw: bool = False,
    **_: Any,
) -> None:
    before: dict[str, Any] | None = instance.__dict__.pop(_BEFORE, None)
    if raw:
        return
    if created:
        _note(f"create {_kind(instance)}", instance, "created", _facts(instance))
        return
    now = _facts(instance)
    saved = now.keys() if update_fields is None else now.keys() & set(update_fields)
    changed = {
        name: {"from": (before or {}).get(name), "to": now[name]}
        for name in sorted(saved)
        if (before or {}).get(name) != now[name]
    }
    if changed:
        _note(f"change {_kind(instance)}", instance, f"changed {', '.join(changed)} of", changed)
    # Django rehashes a password at login when its settings were raised: nobody changed it then.
    if getattr(instance, "_password", None) is not None:
        _note("change password", instance, "changed the password of", {})


def _deleted(*, instance: User | Group, **_: Any) -> None:
    _note(f"delete {_kind(instance)}", instance, "deleted", _facts(instance))


def _related(
    *,
    instance: Any,
    action: str,
    reverse: bool,
    model: type[Model],
    pk_set: set[int] | None,
    **_: Any,
) -> None:
    """One note for each person or group whose groups or rights have changed."""
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    if action != "pre_clear" and not pk_set:
        return
    if reverse:
        _related_from_the_other_end(instance, action, model, pk_set)
        return
    holder = instance
    what = "groups" if model is Group else "rights"
    if pk_set is None:
        related: Any = holder.groups if model is Group else _permissions(holder)
        names = _names(related.all())
    else:
        names = _names(model._default_manager.filter(pk__in=pk_set))
    _note_related(holder, action, what, names)


def _related_from_the_other_end(
    instance: Any, action: str, model: type[Model], pk_set: set[int] | None
) -> None:
    """`group.user_set.add(user)`: the same change, told of by the group or the permission."""
    what = "groups" if isinstance(instance, Group) else "rights"
    if pk_set is None:
        holders: Any = instance.user_set.all() if model is User else instance.group_set.all()
    else:
        holders = model._default_manager.filter(pk__in=pk_set)
    for holder in holders:
        _note_related(holder, action, what, _names([instance]))


def _note_related(holder: Any, action: str, what: str, names: list[str]) -> None:
    verb = "added" if action == "post_add" else "removed"
    words = f"{verb} {what} ({', '.join(names)}) {'to' if verb == 'added' else 'from'}"
    _note(f"change {_kind(holder)}", holder, words, {f"{verb}_{what}": names})


def _note(verb: str, subject: User | Group, words: str, facts: dict[str, Any]) -> None:
    doer = Doer.now()
    kind = _kind(subject)
    name = str(subject)
    note(
        verb,
        actor_id=doer.actor_id,
        actor_name=doer.actor_name,
        origin=doer.origin,
        message=f"{doer.actor_name} {words} {kind} {name}.",
        arguments={kind: name, f"{kind}_id": subject.pk, **facts},
    )


def _kind(subject: Model) -> str:
    return "user" if isinstance(subject, User) else "group"


def _facts(subject: User | Group) -> dict[str, Any]:
    names = _USER_FIELDS if isinstance(subject, User) else ("name",)
    return {name: getattr(subject, name) for name in names}


def _stored(subject: User | Group) -> dict[str, Any] | None:
    names = _USER_FIELDS if isinstance(subject, User) else ("name",)
    stored: dict[str, Any] | None = (
        type(subject)._default_manager.filter(pk=subject.pk).values(*names).first()
    )
    return stored


def _permissions(holder: Any) -> Any:
    return holder.user_permissions if isinstance(holder, User) else holder.permissions


def _names(things: Iterable[Any]) -> list[str]:
    return sorted(
        f"{thing.content_type.app_label}.{thing.codename}"
        if isinstance(thing, Permission)
        else str(thing)
        for thing in things
    )
