"""The groups that come with Podium, made after each migrate (permissions do not exist before)."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, transaction

_VIEWER: Final = frozenset({"view_job", "view_conductor", "view_score", "view_scoreversion"})

GROUPS: Final[dict[str, frozenset[str]]] = {
    "Viewer": _VIEWER,
    "Operator": _VIEWER | {"submit_job", "control_job", "clear_job"},
    "Auditor": _VIEWER | {"view_auditrecord"},
}


def ensure_groups(*, using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> None:
    """Make the groups that are missing, with their rights.

    An existing group is left as it is: an administrator may have changed it on purpose.
    """
    for name, codenames in GROUPS.items():
        with transaction.atomic(using=using):  # never a group that exists without its rights
            group, is_new = Group.objects.using(using).get_or_create(name=name)
            if is_new:
                group.permissions.set(
                    Permission.objects.using(using).filter(
                        content_type__app_label="jobs", codename__in=codenames
                    )
                )
