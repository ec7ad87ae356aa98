"""Every key of a score and what it means: as a page, and as what the editor completes with."""

from __future__ import annotations

from functools import cache

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from jobs.access import policy
from jobs.admin.requests import person
from jobs.scores.reference import TEMPLATE_NAMES, SectionHelp, as_json, reference
from jobs.terms import Verb

_ASIDE_S = 3_600


@require_GET
def page_view(request: HttpRequest) -> HttpResponse:
    """All of it on one page, with an anchor for each section and key."""
    _require_reader(request)
    sections = reference()
    context = {
        **admin.site.each_context(request),
        "title": "What a score may say",
        "sections": list(sections.values()),
        "homes": _homes(),
        "names": TEMPLATE_NAMES,
    }
    return render(request, "jobs/score/reference.html", context)


@gzip_page  # nothing secret is in it
@require_GET
def json_view(request: HttpRequest) -> HttpResponse:
    """The same for the editor's script."""
    _require_reader(request)
    response = JsonResponse(as_json())
    patch_cache_control(response, private=True, max_age=_ASIDE_S)
    return response


@cache
def _homes() -> list[tuple[SectionHelp, str]]:
    """Each section with the way that leads to it, such as `sheet.skip_when_command`."""
    sections = reference()
    ways = {"JobConfig": ""}
    waiting = ["JobConfig"]
    while waiting:
        name = waiting.pop(0)
        for key in sections[name].keys:
            if key.section and key.section not in ways:
                ways[key.section] = f"{ways[name]}.{key.name}".lstrip(".")
                waiting.append(key.section)
    return [(section, ways[name]) for name, section in sections.items()]


def _require_reader(request: HttpRequest) -> None:
    user = person(request)
    may = policy.may(user, policy.EDIT_SCORE) or policy.may(user, Verb.SUBMIT)
    if not (may or policy.may(user, policy.VIEW_SCORE)):
        raise PermissionDenied("You may not see scores.")
