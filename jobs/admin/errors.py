"""Podium's own error pages, which need no inline style.

They name who is logged in, so no cache may keep them, as little as any other page.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache


@never_cache
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that came without a valid CSRF token: usually an expired session."""
    return render(request, "403_csrf.html", status=403)


@never_cache
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for what this person may not do; the exception says what that was."""
    words = str(exception) if exception.args else ""
    return render(request, "403.html", {**_frame(request), "exception": words}, status=403)


@never_cache
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for what is not there, or not for this person."""
    return render(request, "404.html", _frame(request), status=404)


def _frame(request: HttpRequest) -> dict[str, Any]:
    """The way back, for whoever is logged in; none while the database does not answer."""
    with suppress(DatabaseError):
        return admin.site.each_context(request)
    return {}
