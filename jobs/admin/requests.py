"""What the console's views read from a request."""

from __future__ import annotations

from typing import Final, cast

from django.contrib.auth.models import User
from django.http import HttpRequest

LIVE_HEADER: Final = "X-Podium-Live"


def person(request: HttpRequest) -> User:
    """Who is logged in; the site lets nobody else reach a view."""
    return cast(User, request.user)


def is_live_refresh(request: HttpRequest) -> bool:
    """Whether the page's script asks for its regions anew, without the frame around them."""
    return LIVE_HEADER in request.headers
