"""Podium's own error pages, which need no inline style."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form that came without a valid CSRF token: usually an expired session."""
    return render(request, "403_csrf.html", status=403)
