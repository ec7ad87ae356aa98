"""Recording what was turned away, without letting anybody fill the log by knocking.

One record a minute of a kind, and sixty of a person; those in between are counted, and named, in
the next one or in a record of their own once the minute is up. Whoever asked is pointed to the
record that stands for them, which is one of the same verb. Asking for what is not there has a room
of its own, so that it cannot use up that of what is.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import connection

from jobs import audit
from jobs.access.denials import Denials, Knock, Tally, counted
from jobs.actions.completion import to_the_end
from jobs.actions.models import Batch
from jobs.actions.words import written
from jobs.audit import Draft, Origin, new_action_id
from jobs.audit.models import Action
from jobs.audit.verbs import verb_words
from jobs.database import in_database
from jobs.errors import AuditUnavailable
from jobs.registry.models import Conductor, Job, Score
from jobs.terms import Outcome, RecordKind, Verb

_MAX_NAME: Final = 200
_MAX_VERSION: Final = 20
_TOLD_BY: Final = (
    *("asked_for", "job", "score_id", "score", "version", "conductor", "action"),
    *("path", "config_path", "sha256", "score_sha256", "name"),
    *("user_id", "group_id", "username", "batch", "choice", "jobs"),
)

_IN_WORDS: Final = 10  # of those counted, so many are named in the message
_MEMBERS: Final = {
    "conductor": "conductor",
    "score": "score_id",
    "attempt": "action",
    "batch": "batch",
}
_MODELS: Final[dict[str, Any]] = {
    "conductor": Conductor,
    "score": Score,
    "attempt": Action,
    "batch": Batch,
}

_log = structlog.get_logger(__name__)
_denials = Denials()
_timing = threading.Lock()
_timer: threading.Timer | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """The record that stands for a request that was turned away."""

    action_pk: int
    action_id: UUID
    is_earlier: bool = False  # it was written for one before this


async def denial(draft: Draft, kind: Hashable, *, lane: str = "person") -> Turned:
    """Record a denial or refusal, or find the record that stands for it already.

    Args:
        draft: What to record.
        kind: What counts as the same request.
        lane: Which of the person's rooms it takes from.

    Raises:
        AuditUnavailable: it could not be recorded.
    """
    whose = (lane, draft.actor_id)
    knock = _denials.knock(
        kind,
        whose=whose,
        beyond=("beyond", whose, draft.verb, draft.kind),
        what=_what(draft),
        last=draft,
        matters=draft.arguments.get("exists") is not False,
    )
    if not knock.is_due:
        _tend_later()
        if (earlier := _denials.earlier(knock.kind)) is not None:
            return replace(cast(Turned, earlier), is_earlier=True)
    # Without an earlier one its record is being written at this very moment: one more does no harm.
    return await to_the_end(_recorded(_with_counted(draft, knock), knock), name="record denial")


async def _recorded(draft: Draft, knock: Knock) -> Turned:
    try:
        appended = await audit.aappend(draft)
    except BaseException:
        _denials.forget(knock.kind, knock.counted)
        raise
    turned = Turned(appended.action_pk, draft.action_id)
    _denials.remember(knock.kind, turned)
    return turned


def record_left_over(*, all_of_them: bool = False) -> None:
    """Write what was counted and is not in any record yet; what cannot be written stays counted."""
    for kind, tally in _denials.left_over(all_of_them=all_of_them):
        draft = cast(Draft, tally.last)
        try:
            audit.append(_summary(draft, tally))
        except AuditUnavailable:
            _log.exception("counted denials not recorded", actor=draft.actor_name, n=tally.number)
            _denials.forget(kind, tally)


def _summary(draft: Draft, tally: Tally) -> Draft:
    """The record of those that were counted: it speaks of several, so of no job of its own."""
    times = "once more" if tally.number == 1 else f"{tally.number} times more"
    words = ", ".join(tally.words()[:_IN_WORDS])
    more = f" and {len(tally.named) - _IN_WORDS} others" if len(tally.named) > _IN_WORDS else ""
    return replace(
        draft,
        action_id=new_action_id(),
        job_pk=None,
        job_id="",
        reason="",
        seen="",
        arguments=_named(tally),
        message=f"{draft.actor_name} was turned away {times} since the last record: {words}{more}.",
    )


def _with_counted(draft: Draft, knock: Knock) -> Draft:
    message = counted(draft.message, knock.counted.number)
    if knock.is_beyond:
        message = f"{message} Others of this verb are counted with this record: there are many."
    arguments = {**draft.arguments, **(_named(knock.counted) if knock.counted.number else {})}
    return replace(draft, message=message, arguments=arguments)


def _named(tally: Tally) -> dict[str, Any]:
    return {
        "counted": tally.number,
        "counted_attempts": tally.words(),
        "not_named_here": tally.number - sum(tally.named.values()),
    }


def _what(draft: Draft) -> str:
    """What was tried, in few words: the verb and the job, or what else it was about."""
    if draft.job_pk is not None:
        return f"{draft.verb} job {draft.job_pk}"
    facts = draft.arguments
    found = [f"{k.removesuffix('_id')} {facts[k]}" for k in _TOLD_BY if facts.get(k) is not None]
    return " ".join([draft.verb, *found])[:_MAX_NAME]


def _tend_later() -> None:
    """Have what is counted written when its minute is up, though nobody knocks again."""
    global _timer
    wait_s = _denials.next_in_s()
    with _timing:
        if wait_s is None or _timer is not None:
            return
        _timer = threading.Timer(wait_s + 0.1, _tend)
        _timer.name, _timer.daemon = "denials", True
        _timer.start()


def _tend() -> None:
    global _timer
    with _timing:
        _timer = None
    try:
        record_left_over()
    except Exception:  # noqa: BLE001 - the top of its thread: the next one is started all the same
        _log.exception("counted denials not recorded")
    finally:
        connection.close()  # this thread's own
    _tend_later()


def stop_tending() -> None:
    """End the waiting, as at the end of a process."""
    global _timer
    with _timing:
        timer, _timer = _timer, None
    if timer is not None:
        timer.cancel()


def _at_exit() -> None:
    stop_tending()
    if _denials.next_in_s() is not None:
        record_left_over(all_of_them=True)


atexit.register(_at_exit)


async def asked_in_vain(
    *,
    actor: User,
    verb: Verb,
    pk: int,
    origin: Origin,
    reason: str = "",
    asked: Mapping[str, Any] | None = None,
) -> None:
    """Record that somebody asked for something of a run that is not there, or not for them.

    The record alone says which of the two it was, for those who may read the log; the answer and
    what the person may see of their own attempts do not. `asked` is what else they asked for.

    Raises:
        AuditUnavailable: it could not be recorded; nothing was sent in any case.
    """
    exists = await in_database(_exists)(pk)
    words = f"There is no job {pk} that {actor.get_username()} may {verb}."
    about = {"job": pk, "exists": exists, **(asked or {})}
    await _in_vain(actor, verb, origin, about, words, reason)


async def looked_in_vain(
    *,
    actor: User,
    verb: str,
    noun: str,
    which: int | str,
    origin: Origin,
    version: str = "",
    reason: str = "",
) -> None:
    """The same of something else that is not there: a conductor, score, attempt or batch.

    Raises:
        AuditUnavailable: it could not be recorded; nothing was done in any case.
    """
    which = which if isinstance(which, int) else written(which)[:_MAX_NAME]
    exists = await in_database(_is_there)(noun, which)
    about = {_MEMBERS[noun]: which, "exists": exists}
    meant = f"{noun} {which}"
    if version:  # of a score that is there, and that the version is not of
        about["version"] = version = written(version)[:_MAX_VERSION]
        meant = f"version {version} of {meant}"
    words = f"There is no {meant} for {actor.get_username()} ({verb_words(verb)})."
    await _in_vain(actor, verb, origin, about, words, reason)


async def _in_vain(
    actor: User, verb: str, origin: Origin, about: Mapping[str, Any], words: str, reason: str
) -> None:
    draft = Draft.by(
        actor,
        RecordKind.DENIED,
        verb,
        origin,
        reason=reason,
        arguments=about,
        outcome=Outcome.DENIED,
        message=words,
    )
    kind = ("in vain", actor.pk, verb, *about.items(), origin.token_id)
    await denial(draft, kind, lane="in vain")


def _exists(pk: int) -> bool:
    return Job.objects.filter(pk=pk).exists()


def _is_there(noun: str, which: int | str) -> bool:
    model = _MODELS[noun]
    if isinstance(which, str):
        return bool(model.objects.filter(slug=which).exists())
    return 0 <= which < 2**63 and bool(model.objects.filter(pk=which).exists())
