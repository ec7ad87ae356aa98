"""The library of scores: saving, restoring and importing versions, and the draft that is shared.

No conductor is asked, so what is recorded is a note of what was done. A version is only kept if
its note could be written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User

from jobs import audit
from jobs.actions.denied import denial
from jobs.actions.permission import may_edit_scores
from jobs.actions.problems import unacceptable
from jobs.actions.score_paths import read_score
from jobs.actions.unacceptable_scores import first_of
from jobs.actions.words import shortened
from jobs.audit import Draft, Origin
from jobs.conductor import is_job_name
from jobs.database import in_database
from jobs.errors import AccessDenied, AuditUnavailable, ScoreError
from jobs.registry import scores
from jobs.registry.models import Score, ScoreDraft, ScoreVersion
from jobs.scores.reading import decode
from jobs.scores.scanning import Refused
from jobs.terms import JOB_NAME_RULE, Outcome, RecordKind

MAX_MESSAGE_LETTERS: Final = 500
About = dict[str, str | int]  # what is asked for, for the records: never a text itself

NAME_PLACE: Final = "name"
TEXT_PLACE: Final = "text"
MESSAGE_PLACE: Final = "message"

_VERBS: Final = {
    ScoreVersion.How.SAVED: ("save score", "saved"),
    ScoreVersion.How.RESTORED: ("restore score", "restored a text as"),
    ScoreVersion.How.IMPORTED: ("import score", "imported"),
}


async def save_version(
    *,
    actor: User,
    origin: Origin,
    name: str,
    text: str,
    message: str = "",
    based_on: int | None = None,
    draft: int | None = None,
) -> ScoreVersion:
    """A text as the next version of a score, which is made if it is new.

    Where the very same was saved a moment ago, as by a double click, it is that version.

    Args:
        actor: Who saves it.
        origin: Where the request came from.
        name: Of the score.
        text: Its exact text; it may have mistakes, which are shown with it.
        message: Why, in the actor's own words.
        based_on: The newest version that the actor knew of, 0 for none.
        draft: The revision of the draft that this text replaces.

    Raises:
        AccessDenied: the actor may not; that is recorded.
        ScoreError: a name, text or message that cannot be kept; that is recorded.
        Overtaken: somebody saved meanwhile; nothing was changed. That is recorded.
        AuditUnavailable: it could not be recorded, so it was not kept.
    """
    about: About = {
        "score": name,
        "sha256": _hash_of(text),
        **({"revision": draft} if draft else {}),
        **({"based_on": based_on} if based_on is not None else {}),
    }

    def save() -> ScoreVersion:
        fit = _fit_text(text)
        try:
            return _keep(
                actor,
                origin,
                name,
                fit,
                how=ScoreVersion.How.SAVED,
                message=message,
                based_on=based_on,
                draft=draft,
                facts={},
            )
        except scores.Overtaken:
            same = scores.repeated_version(
                name, fit, actor, message=_fit_message(message), based_on=based_on
            )
            if same is None:
                raise
            return same

    async with _asked("save score", actor, origin, about):
        return await in_database(save)()


async def restore_version(
    *, actor: User, origin: Origin, version: ScoreVersion, based_on: int, message: str = ""
) -> ScoreVersion:
    """The text of an earlier version as the newest one; the earlier one stays as it is.

    Raises:
        AccessDenied, ScoreError, Overtaken, AuditUnavailable: as `save_version`.
    """
    score = version.score
    about: About = {
        "score": score.name,
        "score_id": score.pk,
        "version": version.number,
        "sha256": version.sha256,
        "based_on": based_on,
    }
    async with _asked("restore score", actor, origin, about):
        return await in_database(_keep)(
            actor,
            origin,
            score.name,
            version.text,
            how=ScoreVersion.How.RESTORED,
            message=message or f"Version {version.number} again",
            based_on=based_on,
            draft=None,
            facts={"restored_version": version.number},
        )


async def import_version(
    *, actor: User, origin: Origin, path: str, name: str = "", message: str = ""
) -> ScoreVersion:
    """The text of a file below one of the score roots as the next version of a score.

    Without `name` the score is named after the file.

    Raises:
        AccessDenied, ScoreError, AuditUnavailable: as `save_version`.
    """
    roots, limit = settings.PODIUM_SCORE_ROOTS, settings.PODIUM_MAX_SCORE_BYTES
    about: About = {"path": path, **({"score": name} if name else {})}
    async with _asked("import score", actor, origin, about):
        found = await asyncio.to_thread(read_score, path, roots, limit)
        about["sha256"] = found.sha256
        file = found.file or Path(path)
        return await in_database(_keep)(
            actor,
            origin,
            name or file.stem,
            _fit_text(found.content),
            how=ScoreVersion.How.IMPORTED,
            message=message or f"From {file}"[:MAX_MESSAGE_LETTERS],
            based_on=None,
            draft=None,
            facts={"path": str(file)},
        )


async def save_draft(
    *, actor: User, origin: Origin, name: str, text: str, revision: int, based_on: int
) -> ScoreDraft:
    """The draft of a score, saved on top of the revision that the actor knew of (0: none).

    Raises:
        AccessDenied, ScoreError: as `save_version`.
        Overtaken: somebody saved or discarded it meanwhile; nothing was changed. Recorded.
    """

    def save() -> ScoreDraft:
        former = _draft_at(name, revision)
        draft = scores.save_draft(
            _fit_name(name), _fit_text(text), actor, revision=revision, based_on=based_on
        )
        facts: dict[str, Any] = {"revision": draft.revision, "sha256": scores.sha256_of(draft.text)}
        if former is not None and former.pk == draft.pk and former.author_id != actor.pk:
            facts["overwritten"] = _told_of(former)
        _note("save draft", actor, origin, draft.score, "saved a draft of", facts)
        return draft

    about: About = {"score": name, "sha256": _hash_of(text), "revision": revision}
    async with _asked("save draft", actor, origin, about):
        return await in_database(save)()


async def discard_draft(*, actor: User, origin: Origin, score: Score, revision: int) -> None:
    """Take a draft away; a score without any version goes with it.

    Raises:
        AccessDenied: as `save_version`.
        Overtaken: somebody saved it meanwhile; nothing was changed. Recorded.
    """

    def discard() -> None:
        named = Score(pk=score.pk, name=score.name)
        former = _draft_at(score.name, revision)
        scores.discard_draft(score, revision=revision)
        facts: dict[str, Any] = {"revision": revision} | (
            {"discarded": _told_of(former)} if former else {}
        )
        _note("discard draft", actor, origin, named, "discarded the draft of", facts)

    about: About = {"score": score.name, "score_id": score.pk, "revision": revision}
    async with _asked("discard draft", actor, origin, about):
        await in_database(discard)()


@asynccontextmanager
async def _asked(verb: str, actor: User, origin: Origin, about: About) -> AsyncIterator[None]:
    """Do it where the actor may; what cannot be done is recorded with what it was about.

    Raises:
        AccessDenied: they may not; that is recorded.
        AuditUnavailable: a denial or refusal could not be recorded.
    """
    if not await may_edit_scores(actor, origin, {"asked_for": verb, **about}):
        raise AccessDenied("You may not change scores.")
    try:
        yield
    except (ScoreError, scores.Overtaken) as error:
        draft = Draft.by(
            actor,
            RecordKind.REFUSED,
            verb,
            origin,
            arguments=dict(about),
            outcome=Outcome.REFUSED,
            message=shortened(f"{_why(error)} Nothing was kept."),
        )
        # An editor saves its draft by itself, each time with another text.
        same = {k: v for k, v in about.items() if verb != "save draft" or k == "score"}
        kind = ("refused", verb, actor.pk, origin.token_id, *sorted(same.items()))
        await denial(draft, kind, lane="refused")
        raise


def _why(error: ScoreError | scores.Overtaken) -> str:
    if isinstance(error, ScoreError):
        return first_of(error)
    return "Somebody was faster: what is there now is not what this is based on."


def _hash_of(text: str) -> str:
    """Of what was sent, as it would be kept."""
    return scores.sha256_of(text.replace("\r\n", "\n"))


def _keep(
    actor: User,
    origin: Origin,
    name: str,
    text: str,
    *,
    how: ScoreVersion.How,
    message: str,
    based_on: int | None,
    draft: int | None,
    facts: Mapping[str, Any],
) -> ScoreVersion:
    former = _draft_at(name, draft) if draft else None
    version = scores.new_version(
        _fit_name(name),
        text,
        actor,
        how=how,
        message=_fit_message(message),
        based_on=based_on,
        draft=draft,
    )
    verb, words = _VERBS[how]
    told = {
        "version": version.number,
        "score_version": version.pk,
        "sha256": version.sha256,
        "bytes": len(text.encode()),
        "message": version.message,
        **facts,
    }
    if former is not None:
        told["draft"] = {"revision": former.revision, "sha256": scores.sha256_of(former.text)}
    if former is not None and former.author_id != actor.pk:
        told["overwritten"] = _told_of(former)
    try:
        _note(
            verb,
            actor,
            origin,
            version.score,
            f"{words} version {version.number} of",
            told,
            vital=True,
        )
    except AuditUnavailable as error:
        if not error.may_be_recorded:  # else the record may be there, and speaks of this version
            _undo(version)
        raise
    if draft is not None:
        # Its text is kept now; one that somebody saved at this very moment stays.
        with suppress(scores.Overtaken):
            scores.discard_draft(version.score, revision=draft)
    return version


def _draft_at(name: str, revision: int) -> ScoreDraft | None:
    """The draft as somebody knew it, before it is written over."""
    if not is_job_name(name):
        return None  # refused in a moment
    return ScoreDraft.objects.filter(score__name=name, revision=revision).first()


def _told_of(draft: ScoreDraft) -> dict[str, Any]:
    """What the record keeps of a draft whose text is not kept: enough to know it again."""
    return {
        "author": draft.author_name,
        "revision": draft.revision,
        "sha256": scores.sha256_of(draft.text),
        "bytes": len(draft.text.encode()),
    }


def _undo(version: ScoreVersion) -> None:
    score = version.score
    version.delete()
    if not score.versions.exists() and not ScoreDraft.objects.filter(score=score).exists():
        score.delete()


def _note(
    verb: str,
    actor: User,
    origin: Origin,
    score: Score,
    words: str,
    facts: Mapping[str, Any],
    *,
    vital: bool = False,
) -> None:
    audit.note(
        verb,
        actor_id=actor.pk,
        actor_name=actor.get_username(),
        origin=origin,
        message=f"{actor.get_username()} {words} score {score.name}.",
        arguments={"score": score.name, "score_id": score.pk, **facts},
        is_vital=vital,
    )


def _fit_name(name: str) -> str:
    if not is_job_name(name):
        raise unacceptable(NAME_PLACE, f"This cannot be a score's name here: {JOB_NAME_RULE}.")
    return name


def _fit_text(text: str | bytes) -> str:
    """The text, if the database can keep it as it is."""
    if isinstance(text, str):
        text = text.replace("\r\n", "\n")
    try:
        fit = decode(text, settings.PODIUM_MAX_SCORE_BYTES)
    except Refused as refusal:
        raise unacceptable(TEXT_PLACE, refusal.finding.message) from refusal
    if "\x00" in fit:
        raise unacceptable(TEXT_PLACE, "The text holds a NUL byte: it is no text.")
    return fit


def _fit_message(message: str) -> str:
    if len(message) > MAX_MESSAGE_LETTERS:
        words = f"The message may have at most {MAX_MESSAGE_LETTERS} letters."
        raise unacceptable(MESSAGE_PLACE, words)
    if "\x00" in message:
        raise unacceptable(MESSAGE_PLACE, "The message holds a NUL byte.")
    return message.strip()
