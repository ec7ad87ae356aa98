"""Changes of people and rights that were turned away; those that are made leave notes already.

Only superusers change people: `jobs.access.changes` notes what they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import Group, User

from jobs.actions.denied import denial
from jobs.actions.permission import bounded
from jobs.audit import Draft, Origin
from jobs.database import in_database
from jobs.terms import Outcome, RecordKind

_MAX_TEXT: Final = 200
_MAX_CHOSEN: Final = 50
_MODELS: Final[Mapping[str, type[User] | type[Group]]] = {"user": User, "group": Group}


async def deny_change_of_people(
    *,
    actor: User,
    verb: str,
    kind: str,
    origin: Origin,
    which: str | None = None,
    asked: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Record that somebody asked for a change of a person or group, and may not.

    Args:
        actor: Who asked.
        verb: As the note of such a change has it.
        kind: `user` or `group`.
        origin: Where the request came from.
        which: The number that was asked for, as it was written; None for a new one or several.
        asked: What else, by the fields of the form; never a password.
        reason: Why, in the person's own words.

    Raises:
        AuditUnavailable: it could not be recorded; nothing was changed in any case.
    """
    about = {name: _bounded(value) for name, value in (asked or {}).items()}
    # Whether it is there is for those who may read the log: the message does not say.
    about |= {} if which is None else await in_database(_told)(kind, which)
    draft = Draft.by(
        actor,
        RecordKind.DENIED,
        verb,
        origin,
        reason=reason,
        arguments=about,
        outcome=Outcome.DENIED,
        message=f"{actor.get_username()} may not {verb} here.",
    )
    told = hash(str(sorted(about.items())))
    await denial(draft, ("people", actor.pk, verb, told, origin.token_id))


def _told(kind: str, which: str) -> dict[str, Any]:
    """The one that is meant, by number and name; its number alone where there is none."""
    if not (which.isascii() and which.isdigit() and len(which) < 19):
        return {f"{kind}_id": _bounded(which), "exists": False}
    found = _MODELS[kind]._default_manager.filter(pk=int(which)).first()
    name = {"exists": False} if found is None else {kind: str(found)}
    return {f"{kind}_id": int(which), **name}


def _bounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_bounded(one) for one in value[:_MAX_CHOSEN]]
    return bounded(value, _MAX_TEXT)
