"""Bearer tokens: made once, shown once, kept as a hash.

A token has 256 random bits, so a plain sha256 is enough: there is nothing to guess that a slow
hash would have to protect.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from jobs.access.models import ApiToken

PREFIX: Final = "podium_"
_SCHEME: Final = "bearer"
_MAX_CHARS: Final = 200
_HINT_CHARS: Final = len(PREFIX) + 4
_USE_NOTED_EVERY: Final = timedelta(minutes=1)


def create(user: User, name: str) -> tuple[ApiToken, str]:
    """A new token of a user, and its only plain text.

    Raises:
        IntegrityError: the user has a token of that name.
    """
    plain = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, token_sha256=_hashed(plain), hint=plain[:_HINT_CHARS]
    )
    return token, plain


def revoke(token: ApiToken) -> None:
    """End a token now; its row stays, for records name it."""
    token.revoked_at = timezone.now()
    token.save(update_fields=("revoked_at",))


def authenticate(header: str) -> tuple[User, ApiToken] | None:
    """Whose token an `Authorization` header carries; None for anything but a valid one.

    The token of a user who is no longer active is not valid.
    """
    scheme, _, plain = header.strip().partition(" ")
    plain = plain.strip()
    if scheme.lower() != _SCHEME or not plain.startswith(PREFIX) or len(plain) > _MAX_CHARS:
        return None
    token = (
        ApiToken.objects.select_related("user")
        .filter(token_sha256=_hashed(plain), revoked_at=None, user__is_active=True)
        .first()
    )
    if token is None:
        return None
    _note_use(token)
    return token.user, token


def _note_use(token: ApiToken) -> None:
    """Keep the time of the last use, to the minute: a write for each request would be one lock."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - _USE_NOTED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _hashed(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
