"""The people of an installation, one of each kind."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tests.browser.console import Console

_MAKE = """
from django.contrib.auth.models import Group, User
for name, password, group in {people!r}:
    user = User.objects.create_user(name, password=password)
    user.groups.add(Group.objects.get(name=group))
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class People:
    """Somebody for each group that comes with Podium."""

    viewer: Person
    operator: Person
    auditor: Person


def make_people(console: Console) -> People:
    """Make a person for each group."""
    made = People(
        *(Person(name, secrets.token_urlsafe(12)) for name in ("vera", "otto", "aurelia"))
    )
    rows = [
        (made.viewer.username, made.viewer.password, "Viewer"),
        (made.operator.username, made.operator.password, "Operator"),
        (made.auditor.username, made.auditor.password, "Auditor"),
    ]
    console.manage("shell", "-c", _MAKE.format(people=rows))
    return made
