"""Django's and others' middleware for a site that is served asynchronously.

`MiddlewareMixin` moves each hook to a thread and back, for one might block: eighteen moves for a
request, 4 of the 18 ms of an audited pause through the API (measured). The hooks here do not
block: they set headers, count, read cookies. Those that may reach the database still move.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import csp.middleware
import whitenoise.middleware
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import clickjacking, common, csrf, gzip, security
from django.utils.deprecation import MiddlewareMixin
from django_prometheus import middleware as prometheus

from jobs.terms import SAFE_METHODS

_QUICK_BYTES = 20_000  # a fifth of a millisecond


class OnLoop(MiddlewareMixin):
    """Runs a middleware's hooks on the event loop; put before the middleware among the bases."""

    async def __acall__(self, request: HttpRequest) -> Any:
        ask = getattr(self, "process_request", None)
        response = ask(request) if ask else None
        response = response or await self.get_response(request)  # type: ignore[misc]  # a coroutine
        answer = getattr(self, "process_response", None)
        if answer is None:
            return response
        if self.may_block(request, response):
            return await sync_to_async(answer, thread_sensitive=True)(request, response)
        return answer(request, response)

    def may_block(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        """Whether answering this one could wait for the database."""
        return False


class SecurityMiddleware(OnLoop, security.SecurityMiddleware):
    """Redirects to https, sets headers."""


class CSPMiddleware(OnLoop, csp.middleware.CSPMiddleware):
    """Sets a header."""


class CommonMiddleware(OnLoop, common.CommonMiddleware):
    """Resolves the address, sets a header."""


class GZipMiddleware(OnLoop, gzip.GZipMiddleware):
    """Compresses pages and answers of the API; downloads go out as they are read."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Django's compression, with its guard against guessing secrets by an answer's length.

        What another site asks for with this person's cookies is left alone: see decision 18.
        """
        if response.streaming or not _is_text(response) or _is_cross_site(request):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed

    def may_block(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        """One that takes longer to compress than to move to a thread."""
        is_long = isinstance(response, HttpResponse) and len(response.content) > _QUICK_BYTES
        return (
            is_long and _is_text(response) and "gzip" in request.headers.get("Accept-Encoding", "")
        )


def _is_cross_site(request: HttpRequest) -> bool:
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def _is_text(response: HttpResponseBase) -> bool:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    return kind.startswith("text/") or kind.endswith("json")


class AuthenticationMiddleware(OnLoop, auth.AuthenticationMiddleware):
    """Hands on a lazy user."""


class XFrameOptionsMiddleware(OnLoop, clickjacking.XFrameOptionsMiddleware):
    """Sets a header."""


class SessionMiddleware(OnLoop, sessions.SessionMiddleware):
    """Makes a lazy session; one that was changed is saved in the request's thread."""

    def may_block(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        """A session that is to be saved."""
        return settings.SESSION_SAVE_EVERY_REQUEST or request.session.modified


class MessageMiddleware(OnLoop, messages.MessageMiddleware):
    """Makes a lazy storage; what was put in or taken out is stored in the request's thread."""

    def may_block(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        """Messages that were added or shown."""
        storage = getattr(request, "_messages", None)
        return storage is not None and (storage.used or storage.added_new)


class CsrfViewMiddleware(OnLoop, csrf.CsrfViewMiddleware):
    """Reads a cookie; a form, whose body may be long, is read in the request's thread."""

    async def process_view(  # type: ignore[override]  # Django awaits it
        self, request: HttpRequest, callback: Any, args: Any, kwargs: Any
    ) -> Any:
        """Django's check."""
        check = super().process_view
        if request.method in SAFE_METHODS or getattr(callback, "csrf_exempt", False):
            return check(request, callback, args, kwargs)
        return await sync_to_async(check, thread_sensitive=True)(request, callback, args, kwargs)


class PrometheusBeforeMiddleware(OnLoop, prometheus.PrometheusBeforeMiddleware):  # type: ignore[misc]  # untyped
    """Counts."""


class PrometheusAfterMiddleware(OnLoop, prometheus.PrometheusAfterMiddleware):  # type: ignore[misc]  # untyped
    """Counts, by view."""

    async def process_view(self, *args: Any, **kwargs: Any) -> None:
        """Count the request."""
        super().process_view(*args, **kwargs)

    async def process_template_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Count the template."""
        counted: HttpResponseBase = super().process_template_response(request, response)
        return counted


class WhiteNoiseMiddleware(whitenoise.middleware.WhiteNoiseMiddleware):  # type: ignore[misc]  # untyped
    """Static files from its table; only such a file is opened in a thread."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """The file at this address, else whatever comes after."""
        return self._answer(request) if self._is_async else super().__call__(request)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if self.autorefresh:
            found = await sync_to_async(self.find_file)(path)
        else:
            found = self.files.get(path)
        if found is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        served: HttpResponseBase = await sync_to_async(self.serve)(found, request)
        return served


# By the names that settings, and with them Django's own checks of a deployment, know.
_ON_LOOP = {
    "csp.middleware.CSPMiddleware": CSPMiddleware,
    "django.contrib.auth.middleware.AuthenticationMiddleware": AuthenticationMiddleware,
    "django.contrib.messages.middleware.MessageMiddleware": MessageMiddleware,
    "django.contrib.sessions.middleware.SessionMiddleware": SessionMiddleware,
    "django.middleware.clickjacking.XFrameOptionsMiddleware": XFrameOptionsMiddleware,
    "django.middleware.common.CommonMiddleware": CommonMiddleware,
    "django.middleware.csrf.CsrfViewMiddleware": CsrfViewMiddleware,
    "django.middleware.gzip.GZipMiddleware": GZipMiddleware,
    "django.middleware.security.SecurityMiddleware": SecurityMiddleware,
    "django_prometheus.middleware.PrometheusAfterMiddleware": PrometheusAfterMiddleware,
    "django_prometheus.middleware.PrometheusBeforeMiddleware": PrometheusBeforeMiddleware,
    "whitenoise.middleware.WhiteNoiseMiddleware": WhiteNoiseMiddleware,
}


def on_loop(names: Sequence[str]) -> list[str]:
    """The middleware of the settings, each in its form for the event loop where it has one."""
    return [f"{__name__}.{_ON_LOOP[name].__name__}" if name in _ON_LOOP else name for name in names]
