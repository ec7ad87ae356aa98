"""What stands around every request: an id that log lines and records share, and its origin."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from jobs.access.addresses import client_address, is_trusted, parsed
from jobs.audit.origin import Origin
from jobs.terms import Channel

_MAX_CHARS: Final = 500  # of an agent or a path


_current: ContextVar[HttpRequest | None] = ContextVar("podium_request", default=None)


class RequestIdMiddleware:
    """Gives each request an id of ours (a client's own is not trusted) and answers with it.

    What is done for the request, in whichever thread, finds it as `current_request()`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer one request with its id bound to the log lines."""
        if self._is_async:
            return self._answer(request)
        with _known(request) as request_id:
            return _with_id(self.get_response(request), request_id)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with _known(request) as request_id:
            return _with_id(await self.get_response(request), request_id)


class ForwardedProtoMiddleware:
    """Takes `X-Forwarded-Proto` away unless a trusted proxy sent it; the first of all.

    Django believes the header from anybody once SECURE_PROXY_SSL_HEADER is set.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request, which may then be asked whether it `is_secure`."""
        peer, _ = _ends(request)
        if not is_trusted(peer, settings.PODIUM_TRUSTED_PROXIES):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


def current_request() -> HttpRequest | None:
    """The request that is being answered; None in a command, the relay or a socket."""
    return _current.get()


@contextmanager
def _known(request: HttpRequest) -> Iterator[str]:
    request_id = secrets.token_hex(8)
    request.META["podium.request_id"] = request_id
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        token = _current.set(request)
        try:
            yield request_id
        finally:
            _current.reset(token)


def _with_id(response: HttpResponseBase, request_id: str) -> HttpResponseBase:
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


def client_ip(request: HttpRequest) -> str | None:
    """The person's address, which failed logins are counted by; None on a Unix socket."""
    return client_address(*_ends(request), settings.PODIUM_TRUSTED_PROXIES) or None


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
