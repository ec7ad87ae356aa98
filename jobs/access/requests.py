"""What stands around every request: an id that log lines and records share, and its origin."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jobs.access.addresses import client_address, parsed
from jobs.audit.origin import Origin
from jobs.terms import Channel

_MAX_CHARS: Final = 500  # of an agent or a path


class RequestIdMiddleware:
    """Gives each request an id of ours (a client's own is not trusted) and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request with its id bound to the log lines."""
        request_id = secrets.token_hex(8)
        request.META["podium.request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


def origin_of(
    request: HttpRequest, *, channel: Channel = Channel.PAGE, token_id: int | None = None
) -> Origin:
    """Where a request came from, for the audit log."""
    peer, forwarded = _ends(request)
    return _origin(
        peer,
        forwarded,
        channel=channel,
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
        path=request.path,
        token_id=token_id,
        request_id=request.META.get("podium.request_id", ""),
    )


def origin_of_scope(
    scope: Mapping[str, Any], *, channel: Channel = Channel.PAGE, token_id: int | None = None
) -> Origin:
    """Where a websocket's handshake came from: the same of an ASGI scope."""
    peer = str((scope.get("client") or ("",))[0])
    return _origin(
        peer,
        ",".join(_headers(scope, b"x-forwarded-for")),
        channel=channel,
        user_agent=" ".join(_headers(scope, b"user-agent")),
        path=str(scope.get("path", "")),
        token_id=token_id,
        request_id=secrets.token_hex(8),
    )


def client_ip(request: HttpRequest) -> str:
    """The person's address, which failed logins are counted by."""
    return client_address(*_ends(request), settings.PODIUM_TRUSTED_PROXIES)


def _ends(request: HttpRequest) -> tuple[str, str]:
    meta = request.META
    return meta.get("REMOTE_ADDR") or "", meta.get("HTTP_X_FORWARDED_FOR") or ""


def _origin(
    peer: str,
    forwarded: str,
    *,
    channel: Channel,
    user_agent: str,
    path: str,
    token_id: int | None,
    request_id: str,
) -> Origin:
    address = parsed(peer)
    return Origin(
        channel=channel,
        ip=client_address(peer, forwarded, settings.PODIUM_TRUSTED_PROXIES),
        peer_ip=str(address) if address else "",  # a proxy on a Unix socket has none
        user_agent=user_agent[:_MAX_CHARS],
        path=path[:_MAX_CHARS],
        token_id=token_id,
        request_id=request_id,
    )


def _headers(scope: Mapping[str, Any], name: bytes) -> list[str]:
    return [
        value.decode("latin-1") for key, value in scope.get("headers", ()) if key.lower() == name
    ]
