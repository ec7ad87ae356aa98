"""Two versions of a score, and what they differ in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs.admin.diffs import diff_rows
from jobs.admin.requests import person
from jobs.admin.score_page import number_of, visible_score
from jobs.admin.visible import one_line

_MAX_CHOICES = 500


@require_GET
def compare_view(request: HttpRequest, pk: int) -> HttpResponse:
    """`from` and `to` are numbers of versions; without them the newest two."""
    score = visible_score(person(request), pk)
    choices = list(
        score.versions.order_by("-number").values_list(
            "number", "author_name", "created_at", "message"
        )[:_MAX_CHOICES]
    )
    if not choices:
        raise Http404("This score has no version yet.")
    to = number_of(request.GET.get("to", "")) or choices[0][0]
    since = number_of(request.GET.get("from", "")) or max(to - 1, 1)
    found = {version.number: version for version in score.versions.filter(number__in=(since, to))}
    if since not in found or to not in found:
        raise Http404("This score has no such version.")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"{one_line(score.name, 60)}: version {since} and {to}",
        "score": score,
        "name": one_line(score.name),
        "old": found[since],
        "new": found[to],
        "old_name": f"version {since}",
        "new_name": f"version {to}",
        "choices": [
            (number, _label(number, author, timezone.localtime(at), message))
            for number, author, at, message in choices
        ],
        "diff": diff_rows(found[since].text, found[to].text),
    }
    return render(request, "jobs/score/compare.html", context)


def _label(number: int, author: str, at: datetime, message: str) -> str:
    words = f"v{number}, {at:%d %b %Y %H:%M}, {one_line(author, 40) or 'somebody unknown'}"
    return f"{words}: {one_line(message, 60)}" if message else words
