"""What stands around every request: an id that log lines and records share, and its origin."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jobs.access.addresses import client_address
from jobs.audit.origin import Origin
from jobs.terms import Channel


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
    peer = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return Origin(
        channel=channel,
        ip=client_address(peer, forwarded, settings.PODIUM_TRUSTED_PROXIES),
        peer_ip=peer,
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
        path=request.path,
        token_id=token_id,
        request_id=request.META.get("podium.request_id", ""),
    )


def origin_of_scope(
    scope: Mapping[str, Any], *, channel: Channel = Channel.PAGE, token_id: int | None = None
) -> Origin:
    """Where a websocket's handshake came from: the same of an ASGI scope."""
    headers = dict(scope.get("headers", ()))
    peer = str((scope.get("client") or ("",))[0])
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    return Origin(
        channel=channel,
        ip=client_address(peer, forwarded, settings.PODIUM_TRUSTED_PROXIES),
        peer_ip=peer,
        user_agent=headers.get(b"user-agent", b"").decode("latin-1"),
        path=str(scope.get("path", "")),
        token_id=token_id,
        request_id=secrets.token_hex(8),
    )
