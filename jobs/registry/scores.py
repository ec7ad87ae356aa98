"""Versions, drafts and editors of scores: what is kept, and who was faster."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.registry.models import Score, ScoreDraft, ScoreEditing, ScoreVersion

# An open editor says so every 15 s; one that was silent for three of these has been closed.
HEARTBEAT_S: Final = 15
EDITING_FOR: Final = timedelta(seconds=3 * HEARTBEAT_S)

MAX_MESSAGE_LETTERS: Final = 500  # of a version's message
_TRIES: Final = 5
T = TypeVar("T")


class Overtaken(Exception):
    """Somebody saved meanwhile; what is there now is not what this save was written on."""


def kept_version(
    name: str,
    text: str,
    author: User,
    *,
    how: ScoreVersion.How = ScoreVersion.How.SUBMITTED,
    message: str = "",
) -> ScoreVersion:
    """The newest version of the score `name` with exactly this text, made if there is none."""

    def make() -> ScoreVersion:
        score, _ = Score.objects.get_or_create(name=name)
        found = ScoreVersion.objects.filter(score=score, sha256=sha256_of(text)).first()
        return found or _next(score, text, author, how, message[:MAX_MESSAGE_LETTERS])

    return _at_once(make)


def new_version(
    name: str,
    text: str,
    author: User,
    *,
    how: ScoreVersion.How,
    message: str,
    based_on: int | None,
    draft: int | None = None,
) -> ScoreVersion:
    """The next version of the score `name`, which is made if it is new.

    Args:
        name: Of the score.
        text: Its exact text.
        author: Who saves it.
        how: Where it came from.
        message: Why, in the author's own words.
        based_on: The newest version that the author knew of, 0 for none; None: whichever it is.
        draft: The revision of the draft that the author knew of, 0 for none; None: whichever
            it is. It stays.

    Raises:
        Overtaken: there is a later version, or a later draft, than the author knew of.
    """

    def make() -> ScoreVersion:
        score, _ = Score.objects.get_or_create(name=name)
        if based_on is not None and newest_number(score) != based_on:
            raise Overtaken
        if draft is not None and (
            ScoreDraft.objects.filter(score=score).exclude(revision=draft).exists()
        ):
            raise Overtaken
        return _next(score, text, author, how, message)

    return _at_once(make)


def repeated_version(
    name: str, text: str, author: User, *, message: str, based_on: int | None
) -> ScoreVersion | None:
    """The newest version, if a save just like this one has made it; else None.

    A form that is sent twice, as by a double click, has lost to nobody but itself.
    """
    newest = ScoreVersion.objects.select_related("score").filter(score__name=name)
    found = newest.order_by("-number").first()
    if found is None or based_on is None or found.number != based_on + 1:
        return None
    made = (found.author_id, found.how, found.sha256, found.message)
    asked = (author.pk, ScoreVersion.How.SAVED, sha256_of(text), message)
    return found if made == asked else None


def save_draft(name: str, text: str, author: User, *, revision: int, based_on: int) -> ScoreDraft:
    """The draft of the score `name`, saved on top of the `revision` that the author knew of.

    Raises:
        Overtaken: somebody saved or discarded it meanwhile.
    """

    def make() -> ScoreDraft:
        score, _ = Score.objects.get_or_create(name=name)
        now = timezone.now()
        saved: dict[str, object] = {
            "text": text,
            "saved_at": now,
            "author": author,
            "author_name": author.get_username(),
            "based_on": based_on,
        }
        if revision == 0:
            if ScoreDraft.objects.filter(score=score).exists():
                raise Overtaken
            return ScoreDraft.objects.create(score=score, revision=1, **saved)
        same = ScoreDraft.objects.filter(score=score, revision=revision)
        if not same.update(revision=revision + 1, **saved):
            raise Overtaken
        return ScoreDraft.objects.select_related("score").get(score=score)

    return _at_once(make)


def discard_draft(score: Score, *, revision: int) -> None:
    """Take the draft away, and a score that has never been more than a draft with it.

    Raises:
        Overtaken: somebody saved it meanwhile.
    """
    with transaction.atomic():
        _take_away(score, revision)
        if not score.versions.exists():
            score.delete()


def newest_number(score: Score) -> int:
    """The number of the newest version; 0 where there is none."""
    return score.versions.order_by("-number").values_list("number", flat=True).first() or 0


def note_editing(score: Score, user: User) -> None:
    """Remember that this person has the editor of the score open now."""
    seen = {"user_name": user.get_username(), "seen_at": timezone.now()}
    ScoreEditing.objects.update_or_create(score=score, user=user, defaults=seen)
    ScoreEditing.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()


def note_left(score: Score, user: User) -> None:
    """Remember that this person has closed it."""
    ScoreEditing.objects.filter(score=score, user=user).delete()


def editing_now(score: Score, *, but: User | None = None) -> list[str]:
    """The names of those who have its editor open, as far as was heard lately."""
    fresh = ScoreEditing.objects.filter(score=score, seen_at__gte=timezone.now() - EDITING_FOR)
    if but is not None:
        fresh = fresh.exclude(user=but)
    return list(fresh.order_by("user_name").values_list("user_name", flat=True)[:20])


def sha256_of(text: str) -> str:
    """The hash by which a text is known."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _take_away(score: Score, revision: int) -> None:
    drafts = ScoreDraft.objects.filter(score=score)
    drafts.filter(revision=revision).delete()
    if drafts.exists():
        raise Overtaken


def _next(
    score: Score, text: str, author: User, how: ScoreVersion.How, message: str
) -> ScoreVersion:
    return ScoreVersion.objects.create(
        score=score,
        number=newest_number(score) + 1,
        sha256=sha256_of(text),
        text=text,
        author=author,
        author_name=author.get_username(),
        how=how,
        message=message,
    )


def _at_once(make: Callable[[], T]) -> T:
    """What `make` does, in a transaction; again where somebody did the same at that moment."""
    for left in reversed(range(_TRIES)):
        try:
            with transaction.atomic():
                return make()
        except IntegrityError:
            if not left:
                raise
    raise AssertionError("unreachable")
