"""Who does what is being done now, and from where, where nobody was told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs.access.requests import current_request, origin_of
from jobs.audit import Origin


@dataclass(frozen=True, slots=True)
class Doer:
    """A person and the way they came; at a terminal, the account of the operating system."""

    actor_id: int | None
    actor_name: str
    origin: Origin

    @classmethod
    def of(cls, user: User, request: HttpRequest) -> Doer:
        """This user, by this request."""
        return cls(user.pk, user.get_username(), origin_of(request))

    @classmethod
    def now(cls) -> Doer:
        """Whoever sent the request that is being answered, or started the command that runs."""
        request = current_request()
        if request is None:
            origin = Origin.of_command(_command())
            return cls(None, origin.user_agent, origin)
        user = getattr(request, "user", None)
        if isinstance(user, User):
            return cls.of(user, request)
        return cls(None, "(not logged in)", origin_of(request))


def _command() -> str:
    arguments = sys.argv[1:2] if Path(sys.argv[0]).name == "manage.py" else sys.argv[:1]
    return arguments[0] if arguments else ""
