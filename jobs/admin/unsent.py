"""A text that was sent when the session had ended: it is given back, not lost at the login."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from jobs.admin.requests import is_live_refresh

# Of our forms, what somebody may have written for an hour. Never a password.
_WRITTEN: Final = ("text", "message", "reason")


def given_back(request: HttpRequest) -> HttpResponse | None:
    """The page for a form that came without a session; None where nothing was written in it.

    A script keeps its own page and is told in its own way. The form cannot be sent from here: its
    token ends with the login.
    """
    if request.method != "POST" or request.user.is_authenticated or is_live_refresh(request):
        return None
    limit = settings.PODIUM_MAX_SCORE_BYTES * 2
    written = [(name, request.POST.get(name, "")[:limit]) for name in _WRITTEN]
    written = [(name, words) for name, words in written if words.strip()]
    if not written:
        return None
    context = {"title": "Log in", "written": written, "back_url": request.path}
    response = render(request, "jobs/unsent.html", context, status=401)
    add_never_cache_headers(response)  # what somebody wrote is theirs alone
    return response
