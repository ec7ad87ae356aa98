"""Django's system check of the triggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from jobs.audit import triggers


@register(Tags.database)
def triggers_are_in_place(
    app_configs: Any = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """An error for each trigger that is missing; `check --database default` runs it."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            is_there = triggers.TABLE in connections[alias].introspection.table_names()
            absent = triggers.missing(connections[alias]) if is_there else []
        except DatabaseError as error:
            found.append(Error(f"The audit triggers cannot be checked: {error}", id="podium.E002"))
            continue
        found += [
            Error(
                f"The trigger {name} that protects the audit records is missing or altered.",
                hint="Find out who took it away, verify the log, then run "
                "manage.py migrate --skip-checks.",
                id="podium.E001",
            )
            for name in absent
        ]
    return found
