"""What the console's views read from a request."""

from __future__ import annotations

from typing import Final, cast

from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs.actions import cut_reason
from jobs.admin.visible import visible

LIVE_HEADER: Final = "X-Podium-Live"


def person(request: HttpRequest) -> User:
    """Who is logged in; the site lets nobody else reach a view."""
    return cast(User, request.user)


def reason_of(request: HttpRequest) -> str:
    """The reason in a form that is turned away: what is too long is cut, not refused."""
    return cut_reason(visible(request.POST.get("reason", "")))


def is_live_refresh(request: HttpRequest) -> bool:
    """Whether the page's script asks for its regions anew, without the frame around them."""
    return LIVE_HEADER in request.headers
