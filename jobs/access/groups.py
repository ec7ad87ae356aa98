"""The groups that come with Podium, made after each migrate (permissions do not exist before)."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, transaction

_VIEWER: Final = frozenset({"view_job", "view_conductor", "view_score", "view_scoreversion"})

GROUPS: Final[dict[str, frozenset[str]]] = {
    "Viewer": _VIEWER,
    "Operator": _VIEWER | {"submit_job", "control_job", "clear_job", "edit_score"},
    "Auditor": _VIEWER | {"view_auditrecord"},
}


def ensure_groups(*, using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> None:
    """Make the groups that are missing, with their rights.

    An existing group is left as it is: an administrator may have changed it on purpose.
    """
    missing = GROUPS.keys() - set(Group.objects.using(using).values_list("name", flat=True))
    if not missing:
        return
    permissions = {
        permission.codename: permission
        for permission in Permission.objects.using(using).filter(content_type__app_label="jobs")
    }
    rights = Group.permissions.through
    with transaction.atomic(using=using):  # never a group that exists without its rights
        for name in sorted(missing):
            # In bulk, which sends no signals: this is the installation, not a change by somebody.
            (group,) = Group.objects.using(using).bulk_create([Group(name=name)])
            rights.objects.using(using).bulk_create(
                rights(group=group, permission=permissions[codename])
                for codename in sorted(GROUPS[name])
            )
