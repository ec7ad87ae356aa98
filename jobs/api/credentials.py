"""Who calls: a bearer token decides alone; without one it is the browser's session."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from ninja.errors import AuthenticationError, HttpError
from ninja.security.base import AuthBase

from jobs.access import tokens
from jobs.access.requests import client_ip
from jobs.api.guesses import GuessLimit
from jobs.database import in_database
from jobs.terms import SAFE_METHODS

_guesses = GuessLimit()


class TooManyGuesses(HttpError):
    """An address sent too many wrong tokens; `retry_after_s` says for how long it must not."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(429, "Too many wrong tokens from this address.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and with which token (None: with the browser's session)."""

    user: User
    token_id: int | None


class ApiRequest(HttpRequest):
    """A request whose caller is known."""

    auth: Caller


class Credentials(AuthBase):
    """The one check of every API call. All failures look alike: 401, and no hint which it was."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    csrf = True  # the documentation page then sends the CSRF token of its session

    async def __call__(self, request: HttpRequest) -> Caller:
        """The caller.

        Raises:
            AuthenticationError: no valid credentials.
            HttpError: a session without its CSRF token, or too many wrong tokens.
        """
        header = request.headers.get("Authorization")
        if header is not None:
            return await _by_token(request, header)
        user = await request.auser()
        if not isinstance(user, User) or not user.is_active:
            raise AuthenticationError
        if request.method not in SAFE_METHODS and _lacks_csrf_token(request):
            raise HttpError(403, "The CSRF token is missing or wrong. Reload the page.")
        return Caller(user, None)


class _CsrfCheck(CsrfViewMiddleware):
    """Django's check, without the page that it answers browsers with."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        return HttpResponseForbidden(reason)


def _no_view(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _lacks_csrf_token(request: HttpRequest) -> bool:
    # The views are exempt from the middleware, for a token needs no such check.
    check = _CsrfCheck(_no_view)
    request.csrf_processing_done = False  # type: ignore[attr-defined]  # Django's own mark
    check.process_request(request)
    return check.process_view(request, _no_view, (), {}) is not None


async def _by_token(request: HttpRequest, header: str) -> Caller:
    # First the token: a brake before it would shut out everybody who shares an address with one
    # that guesses.
    found = await in_database(tokens.authenticate)(header)
    if found is not None:
        user, token = found
        return Caller(user, token.pk)
    address = client_ip(request) or ""
    if wait_s := _guesses.wait_s(address):
        raise TooManyGuesses(wait_s)
    _guesses.count(address)
    raise AuthenticationError
