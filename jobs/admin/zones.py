"""Times in the zone of whoever looks: its name comes from their browser, in a cookie.

Without a script there is no cookie: then times are told in the server's zone, by its name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

COOKIE: Final = "podium_zone"
_MOST_LETTERS: Final = 64


class ZoneMiddleware(MiddlewareMixin):
    """Makes the person's zone the current one for the length of a request."""

    def __call__(self, request: HttpRequest) -> Any:
        """On a thread, or as a coroutine that is waited for."""
        if self.async_mode:
            return self._in_zone(request)
        with timezone.override(zone_of(request)):
            return self.get_response(request)

    async def _in_zone(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]  # a coroutine
            return response


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """The zone that the browser named; None where it named none that is known."""
    name = request.COOKIES.get(COOKIE, "")
    return _zone(name) if 0 < len(name) <= _MOST_LETTERS else None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name in _known() else None


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
