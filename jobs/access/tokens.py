"""Bearer tokens: made, listed, revoked and recognised. Only a hash of one is stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Final

import structlog
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from jobs import audit
from jobs.access.doers import Doer
from jobs.access.models import ApiToken
from jobs.audit import Origin
from jobs.errors import PodiumError

_log = structlog.get_logger(__name__)

PREFIX: Final = "podium_"  # by which secret scanners, and people, recognise one
_HINT_CHARS: Final = 12
_HEADER: Final = re.compile(rf"Bearer[ ]+({PREFIX}[A-Za-z0-9_-]{{43}})[ ]*", re.IGNORECASE)
_MAX_HEADER_CHARS: Final = 200
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,100}")


class TokenError(PodiumError):
    """A token cannot be made or revoked; the text says why."""


def create(
    user: User, name: str, *, by: User | None = None, origin: Origin | None = None
) -> tuple[ApiToken, str]:
    """A new token of this user, and its text, which exists nowhere else.

    The text is given out once the record of its making is durable.

    Raises:
        InsideTransaction: called inside `atomic()`: the record would come after the text.
        TokenError: the name is not acceptable or taken, or the user is inactive.
        AuditUnavailable: it could not be recorded, and there is no token.
    """
    audit.refuse_inside_transaction()
    if not user.is_active:
        raise TokenError(f"{user.get_username()} is not active.")
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise TokenError("A token's name has 1 to 100 printable characters.")
    if ApiToken.objects.filter(user=user, name=name).exists():
        raise TokenError(f"{user.get_username()} has a token of the name {name!r} already.")
    plain = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, token_sha256=hashed(plain), hint=plain[:_HINT_CHARS]
    )
    try:
        _note("create token", token, by, origin)
    except BaseException:
        token.delete()
        raise
    return token, plain


def revoke(token: ApiToken, *, by: User | None = None, origin: Origin | None = None) -> bool:
    """Make a token worthless, now; False when it was already.

    Raises:
        InsideTransaction: called inside `atomic()`, whose rollback would bring it back to life.
        AuditUnavailable: it is revoked, and the record of it could not be written.
    """
    audit.refuse_inside_transaction()
    now = timezone.now()
    # First the revocation: a full disk must not keep a stolen token alive.
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        return False
    token.revoked_at = now
    _note("revoke token", token, by, origin)
    return True


def authenticate(header: str | None) -> tuple[User, ApiToken] | None:
    """The user and token of an `Authorization` header; None for whatever is not a valid one."""
    if header is None or len(header) > _MAX_HEADER_CHARS:
        return None
    match = _HEADER.fullmatch(header)
    if match is None:
        return None
    token = (
        ApiToken.objects.select_related("user")
        .filter(token_sha256=hashed(match[1]), revoked_at=None, user__is_active=True)
        .first()
    )
    if token is None:
        return None
    _note_use(token)
    user: User = token.user
    return user, token


def _note_use(token: ApiToken) -> None:
    """Remember when it was last used, to the minute; a busy database must not lock anyone out."""
    now = timezone.now()
    oldest = now - _USE_NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > oldest:
        return
    try:
        ApiToken.objects.filter(pk=token.pk).filter(
            Q(last_used_at=None) | Q(last_used_at__lte=oldest)
        ).update(last_used_at=now)
    except DatabaseError:
        _log.warning("use of token not noted", token_id=token.pk, exc_info=True)


def _note(verb: str, token: ApiToken, by: User | None, origin: Origin | None) -> None:
    doer = Doer.now()
    actor_name = by.get_username() if by else doer.actor_name
    owner = token.user.get_username()
    audit.note(
        verb,
        actor_id=by.pk if by else doer.actor_id,
        actor_name=actor_name,
        origin=origin or doer.origin,
        message=f"{actor_name} {verb.split()[0]}d the token {token.name} of {owner}.",
        arguments={
            "user": owner,
            "user_id": token.user_id,
            "name": token.name,
            "token_id": token.pk,
        },
        is_vital=True,
    )


def hashed(plain: str) -> str:
    """What is stored of a token."""
    # A plain hash is enough: 256 random bits cannot be guessed, so nothing has to be slow.
    return hashlib.sha256(plain.encode("ascii")).hexdigest()
