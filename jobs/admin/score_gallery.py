"""The templates gallery: samples with a form for what may be changed in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.actions import InlineScore
from jobs.admin.highlight import yaml_html
from jobs.admin.requests import person
from jobs.admin.score_page import line_count
from jobs.admin.score_preview import preview_of
from jobs.scores.gallery import Filled, Template, Variable, fill, templates
from jobs.terms import Verb

_MAX_LETTERS: Final = 40_000


@dataclass(frozen=True, slots=True)
class Field:
    """One variable as the form shows it."""

    variable: Variable
    value: str
    fault: str


@require_GET
def gallery_view(request: HttpRequest) -> HttpResponse:
    """All templates."""
    _require_reader(request)
    context = {
        **admin.site.each_context(request),
        "title": "Templates",
        "templates": templates(),
    }
    return render(request, "jobs/score/gallery.html", context)


@require_http_methods(["GET", "POST"])
def template_view(request: HttpRequest, slug: str) -> HttpResponse:
    """One template: its form, its text with what was filled in, and a preview of it."""
    _require_reader(request)
    user = person(request)
    template = _template_or_404(slug)
    given = _given(request, template)
    filled = fill(template, given)
    may_submit = policy.may(user, Verb.SUBMIT)
    may_edit = policy.may(user, policy.EDIT_SCORE)
    preview = None
    if "preview" in request.POST and not filled.faults and (may_submit or may_edit):
        asked = request.POST.get("preview_sheet", "")
        sheet = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
        conductor = actions.meant_conductor(user, None)
        preview = preview_of(user, InlineScore(filled.text), conductor=conductor, sheet=sheet)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": template.sample.title,
        "template": template,
        "fields": [
            Field(v, given.get(v.key, v.default), filled.faults.get(v.key, ""))
            for v in template.variables
        ],
        "has_faults": bool(filled.faults),
        "text": yaml_html(filled.text),
        "lines": range(1, line_count(filled.text) + 1),
        "preview": preview,
        "may_submit": may_submit,
        "may_edit": may_edit,
    }
    status = 422 if filled.faults else 200
    return render(request, "jobs/score/template.html", context, status=status)


def filled_in(request: HttpRequest, slug: str) -> tuple[Filled, str]:
    """What a template's form, sent to another page, makes of it; and the name that it gives.

    Raises:
        Http404: there is no such template.
    """
    template = _template_or_404(slug)
    given = _given(request, template)
    names = (given.get(v.key, v.default) for v in template.variables if v.kind == "name")
    return fill(template, given), next(names, slug)


def _template_or_404(slug: str) -> Template:
    template = next((t for t in templates() if t.sample.slug == slug), None)
    if template is None:
        raise Http404("There is no such template.")
    return template


def _given(request: HttpRequest, template: Template) -> dict[str, str]:
    return {
        variable.key: request.POST[f"v_{variable.key}"][:_MAX_LETTERS].replace("\r\n", "\n")
        for variable in template.variables
        if f"v_{variable.key}" in request.POST
    }


def _require_reader(request: HttpRequest) -> None:
    if not policy.may(person(request), policy.VIEW_SCORE):
        raise PermissionDenied("You may not see scores.")
