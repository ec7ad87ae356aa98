"""Rights of requests that do not act: a denial of theirs is recorded all the same."""

from __future__ import annotations

from django.contrib.auth.models import User

from jobs import audit
from jobs.access import policy
from jobs.access.denials import Denials, counted
from jobs.actions.problems import unacceptable
from jobs.audit import Draft, Origin, new_action_id
from jobs.database import in_database
from jobs.errors import AuditUnavailable, ScoreError
from jobs.registry.models import Conductor
from jobs.terms import Outcome, RecordKind, Verb

_denials = Denials()


async def may_submit(actor: User, origin: Origin) -> bool:
    """Whether the actor may submit anything at all, which is also who may have scores judged."""
    return await _may(actor, Verb.SUBMIT, origin)


async def may_view(actor: User, origin: Origin) -> bool:
    """Whether the actor may see jobs at all."""
    return await _may(actor, policy.VIEW, origin)


async def may_read_audit(actor: User, origin: Origin) -> bool:
    """Whether the actor may read the audit log."""
    return await _may(actor, policy.VIEW_AUDIT, origin)


async def _may(actor: User, what: Verb | str, origin: Origin) -> bool:
    if await in_database(policy.may)(actor, what):
        return True
    kind = (actor.pk, str(what), origin.path, origin.token_id)
    more = _denials.due(kind)
    if more is None:
        return False
    words = f"{actor.get_username()} may not {str(what).replace('_', ' ')} here."
    draft = Draft(
        action_id=new_action_id(),
        kind=RecordKind.DENIED,
        verb=str(what),
        actor_id=actor.pk,
        actor_name=actor.get_username(),
        origin=origin,
        outcome=Outcome.DENIED,
        message=counted(words, more),
    )
    try:
        await audit.aappend(draft)
    except AuditUnavailable:
        _denials.forget(kind)
        raise
    return False


def choose_conductor(user: User, slug: str | None) -> Conductor:
    """The conductor of that name; without one the only one there is to choose from.

    Raises:
        ScoreError: none of that name that the user may see, or several and none was named.
    """
    choice = policy.visible_conductors(user).filter(is_enabled=True)
    if slug is not None:
        choice = choice.filter(slug=slug)
    found = list(choice[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise unacceptable("conductor", "There are several conductors: say which is meant.")
    raise unacceptable("conductor", "There is no such conductor.")


def meant_conductor(user: User, slug: str | None) -> Conductor | None:
    """The conductor that a submit would go to; None where that is not clear (yet)."""
    try:
        return choose_conductor(user, slug)
    except ScoreError:
        return None
