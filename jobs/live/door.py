"""Who stands at the door of a live connection, and whether they may still stay.

A bearer header decides alone and needs no Origin: no browser sends one by itself. A cookie needs
an Origin of ours, for a browser sends cookies whichever site asks it to connect. All of this reads
the database: call it through a database thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from jobs import audit
from jobs.access import policy, tokens
from jobs.access.denials import Denials, counted
from jobs.access.models import ApiToken
from jobs.access.requests import origin_of_scope
from jobs.audit import Draft
from jobs.errors import AuditUnavailable
from jobs.live.transport import Scope
from jobs.terms import Channel, Outcome, RecordKind

_log = structlog.get_logger(__name__)


class Welcome(Enum):
    """How somebody is received."""

    COME_IN = "come in"
    FOREIGN = "foreign"  # another site's page asks, or a cookie came without an Origin
    UNKNOWN = "unknown"  # no credentials, or none that are worth anything
    DENIED = "denied"  # known, and may see nothing here


@dataclass(frozen=True, slots=True)
class Credential:
    """By what somebody was recognised; exactly one of the last two is set."""

    user_pk: int
    session_key: str = ""
    token_pk: int | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the door says of a connection."""

    welcome: Welcome
    credential: Credential | None = None


def host_is_ours(scope: Scope) -> bool:
    """Whether the request's Host is one that this console answers to."""
    host, _port = split_domain_port(header(scope, b"host").lower())
    return bool(host) and validate_host(host, settings.ALLOWED_HOSTS)


def arrival(scope: Scope) -> Arrival:
    """Who is there, and whether they may come in. A denial of somebody known is recorded."""
    authorization = header(scope, b"authorization")
    if authorization:
        found = tokens.authenticate(authorization)
        if found is None:
            return Arrival(Welcome.UNKNOWN)
        user, token = found
        return _admitted(scope, user, Credential(user.pk, token_pk=token.pk))
    origin = header(scope, b"origin")
    if origin and not _is_ours(origin, header(scope, b"host")):
        return Arrival(Welcome.FOREIGN)
    session_key = _session_key(scope)
    if not session_key:
        return Arrival(Welcome.UNKNOWN)
    if not origin and scope["type"] == "websocket":
        return Arrival(Welcome.FOREIGN)
    person = _user_of_session(session_key)
    if person is None:
        return Arrival(Welcome.UNKNOWN)
    return _admitted(scope, person, Credential(person.pk, session_key=session_key))


def still_welcome(credentials: Iterable[Credential]) -> dict[Credential, Welcome]:
    """The same question for those who are in, asked anew: rights and sessions end."""
    return {credential: _standing(credential) for credential in credentials}


def user_of(credential: Credential) -> User | None:
    """The person behind a credential, with nothing remembered of their rights."""
    return User.objects.filter(pk=credential.user_pk, is_active=True).first()


def header(scope: Scope, name: bytes) -> str:
    """A header's value, the last one where it came twice; empty without."""
    found = [value for key, value in scope.get("headers", ()) if key.lower() == name]
    return str(found[-1].decode("latin-1")) if found else ""


def _admitted(scope: Scope, user: User, credential: Credential) -> Arrival:
    if policy.may(user, policy.VIEW):  # just read, so nothing of it is remembered
        return Arrival(Welcome.COME_IN, credential)
    _record_denial(scope, user, credential)
    return Arrival(Welcome.DENIED, credential)


def _standing(credential: Credential) -> Welcome:
    if credential.token_pk is not None:
        token = ApiToken.objects.select_related("user")
        found = token.filter(pk=credential.token_pk, revoked_at=None, user__is_active=True).first()
        user = found.user if found else None
    else:
        user = _user_of_session(credential.session_key)
    if user is None or user.pk != credential.user_pk:
        return Welcome.UNKNOWN
    return Welcome.COME_IN if policy.may(user, policy.VIEW) else Welcome.DENIED


def _is_ours(origin: str, host: str) -> bool:
    """Whether a page of this console asks: one of its known addresses, or the one asked at."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    asked = urlsplit(origin)
    scheme = "https" if settings.IS_HTTPS else "http"
    name, _port = split_domain_port(host.lower())
    return (
        asked.scheme == scheme
        and asked.netloc.lower() == host.lower()
        and validate_host(name, settings.ALLOWED_HOSTS)
    )


def _session_key(scope: Scope) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header(scope, b"cookie"))
    except CookieError:
        return ""
    morsel = jar.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


def _user_of_session(session_key: str) -> User | None:
    """The active user of a session that has not expired and whose password is still the same."""
    engine = import_module(settings.SESSION_ENGINE)
    request = HttpRequest()
    request.session = engine.SessionStore(session_key)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None


_denials = Denials()


def _record_denial(scope: Scope, user: User, credential: Credential) -> None:
    more = _denials.due(user.pk)
    if more is None:
        return
    channel = Channel.PAGE if credential.token_pk is None else Channel.API
    origin = origin_of_scope(scope, channel=channel, token_id=credential.token_pk)
    draft = Draft.by(
        user,
        RecordKind.DENIED,
        policy.VIEW,
        origin,
        outcome=Outcome.DENIED,
        message=counted(f"{user.get_username()} may not watch jobs here.", more),
    )
    try:
        audit.append(draft)
    except AuditUnavailable:
        # They are turned away all the same.
        _log.exception("denial not recorded", user=user.pk)
        _denials.forget(user.pk)
