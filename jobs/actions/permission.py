"""Rights of requests that do not act: a denial of theirs is recorded all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User

from jobs.access import policy
from jobs.actions.denied import denial
from jobs.actions.problems import unacceptable
from jobs.actions.words import UnfitText, cut_reason, key_from, reason_from
from jobs.audit import Draft, Origin
from jobs.audit.cleaning import MAX_ARGUMENT_CHARS, clean_text
from jobs.database import in_database
from jobs.errors import ScoreError
from jobs.registry.models import Conductor, Job
from jobs.terms import Outcome, RecordKind, Verb

_LOOKING: Final = frozenset({policy.VIEW, policy.VIEW_AUDIT, policy.JUDGE_SCORE})


def may_ask(actor: User, verb: Verb, conductor: Conductor, job: Job | None) -> bool:
    """Whether the actor may ask for the verb of this run; without one, of this conductor."""
    if not policy.may(actor, verb, job):
        return False
    return job is not None or policy.visible_conductors(actor).filter(pk=conductor.pk).exists()


async def words_of(
    actor: User, verb: Verb, conductor: Conductor, job: Job | None, reason: str, key: str | None
) -> tuple[str, str | None]:
    """The reason and key of an attempt; of one that will be denied what fits a record.

    Rights come before shape: who may not ask is not told how to.

    Raises:
        UnfitText: a reason too long, a key of odd characters, of somebody who may ask.
    """
    try:
        return reason_from(reason), key_from(key)
    except UnfitText:
        if await in_database(may_ask)(actor, verb, conductor, job):
            raise
        return cut_reason(reason), None


async def may_submit(
    actor: User, origin: Origin, about: Mapping[str, Any] | None = None, *, reason: str = ""
) -> bool:
    """Whether the actor may submit anything at all.

    `about` says in the record of a denial what was to be run, as `wanted_of` tells it.
    """
    return await may_ask_for(actor, Verb.SUBMIT, origin, about, reason=reason)


async def may_judge(actor: User, origin: Origin, about: Mapping[str, Any] | None = None) -> bool:
    """Whether the actor may have scores judged, which is who may submit them; likewise."""
    return await may_ask_for(actor, policy.JUDGE_SCORE, origin, about)


async def may_clear(actor: User, job: Job, origin: Origin, *, reason: str = "") -> bool:
    """Whether the actor may clear this run, read with its conductor; nothing is asked for yet."""
    return await may_ask_for(actor, Verb.CLEAR, origin, job=job, reason=reason)


async def may_view(actor: User, origin: Origin) -> bool:
    """Whether the actor may see jobs at all."""
    return await may_ask_for(actor, policy.VIEW, origin)


async def may_read_audit(actor: User, origin: Origin) -> bool:
    """Whether the actor may read the audit log."""
    return await may_ask_for(actor, policy.VIEW_AUDIT, origin)


async def may_edit_scores(
    actor: User, origin: Origin, about: Mapping[str, str | int] | None = None
) -> bool:
    """Whether the actor may save versions and drafts of scores.

    `about` says in the record of a denial what was tried: the score, its version, path or sha256.
    """
    return await may_ask_for(actor, policy.EDIT_SCORE, origin, about)


async def may_ask_for(
    actor: User,
    what: Verb | str,
    origin: Origin,
    about: Mapping[str, Any] | None = None,
    *,
    job: Job | None = None,
    reason: str = "",
) -> bool:
    """Whether the actor may do something, with a run read with its conductor if one is named."""
    if await in_database(policy.may)(actor, what, job):
        return True
    words = f"{actor.get_username()} may not {str(what).replace('_', ' ')} here."
    draft = Draft.by(
        actor,
        RecordKind.DENIED,
        str(what),
        origin,
        conductor=job.conductor.slug if job else "",
        job_pk=job.pk if job else None,
        job_id=job.job_id if job else "",
        reason=reason,
        # Cut here: a draft is kept while those of its kind are counted.
        arguments={name: bounded(value) for name, value in (about or {}).items()},
        outcome=Outcome.DENIED,
        message=words,
    )
    kind = (
        "may",
        actor.pk,
        str(what),
        origin.path,
        origin.token_id,
        draft.job_pk,
        *sorted(draft.arguments.items()),
    )
    # Looking is noise beside acting: it has a room of its own.
    await denial(draft, kind, lane="looking" if what in _LOOKING else "person")
    return False


def bounded(value: Any, most: int = MAX_ARGUMENT_CHARS) -> Any:
    """Part of what was asked for, as a record of its denial has it."""
    return clean_text(value, most) if isinstance(value, str) else value


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
