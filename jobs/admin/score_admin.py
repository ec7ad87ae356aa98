"""Scores: every text that was ever submitted from here, by name and version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.access import policy
from jobs.admin import markup
from jobs.admin.highlight import yaml_html
from jobs.admin.modeladmin import ReadOnlyAdmin
from jobs.admin.requests import person
from jobs.admin.rows import job_rows
from jobs.admin.visible import one_line
from jobs.registry.models import Score, ScoreVersion
from jobs.terms import Verb

_MAX_VERSIONS = 50
_MAX_JOBS = 10


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the list of them."""

    pk: int
    number: int
    author: str
    created_at: datetime
    is_current: bool


class ScoreAdmin(ReadOnlyAdmin[Score]):
    """Read only: a version is never changed, a new one comes with a submit."""

    change_list_template = "jobs/score_list.html"
    list_display = ("score", "newest", "author", "changed")
    list_display_links = None
    search_fields = ("name__startswith",)
    search_help_text = "The beginning of a score's name"
    sortable_by = ("score",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Score]:
        """The scores that this person may see, each with its newest version's facts."""
        newest = ScoreVersion.objects.filter(score=OuterRef("pk")).order_by("-number")
        return policy.visible_scores(person(request)).annotate(
            newest_number=Subquery(newest.values("number")[:1]),
            newest_author=Subquery(newest.values("author_name")[:1]),
            newest_at=Subquery(newest.values("created_at")[:1]),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may see scores."""
        return person(request).has_perm("jobs.view_score")

    def has_view_permission(self, request: HttpRequest, obj: Score | None = None) -> bool:
        """Whoever may see scores."""
        return person(request).has_perm("jobs.view_score")

    def get_urls(self) -> list[URLPattern]:
        """The list and a page of our own."""
        guard = self.admin_site.admin_view
        return [
            path("", guard(self.changelist_view), name="jobs_score_changelist"),
            path("<int:pk>/change/", guard(self._page), name="jobs_score_change"),
        ]

    @admin.display(description="Score", ordering="name")
    def score(self, score: Score) -> SafeString:
        """Its name."""
        return format_html(
            '<a class="main-line cut" href="{}">{}</a>',
            reverse("admin:jobs_score_change", args=(score.pk,)),
            one_line(score.name),
        )

    @admin.display(description="Newest version")
    def newest(self, score: Score) -> SafeString | str:
        """Its number."""
        number = getattr(score, "newest_number", None)
        return markup.nothing("none") if number is None else f"v{number}"

    @admin.display(description="By")
    def author(self, score: Score) -> str:
        """Who submitted it first."""
        return one_line(getattr(score, "newest_author", None) or "")

    @admin.display(description="Changed")
    def changed(self, score: Score) -> SafeString:
        """When the newest version came."""
        return markup.moment(getattr(score, "newest_at", None) or score.created_at)

    def _page(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = person(request)
        score = policy.visible_scores(user).filter(pk=pk).first() if pk < 2**63 else None
        if score is None:
            raise Http404("There is no such score, or none that you may see.")
        asked = request.GET.get("version", "")
        versions = score.versions.order_by("-number")
        chosen = versions
        if asked.isascii() and asked.isdigit() and len(asked) < 10:
            chosen = versions.filter(number=int(asked))
        version = chosen.first()
        if version is None:
            raise Http404("This score has no such version.")
        runs = policy.visible_jobs(user).filter(score_version=version).select_related("conductor")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": one_line(score.name, 60),
            "name": one_line(score.name),
            "version": version,
            "author": one_line(version.author_name),
            "versions": _rows(versions, version),
            "total": versions.aggregate(total=Count("pk"), newest=Max("number")),
            "text": yaml_html(version.text),
            "lines": range(1, version.text.count("\n") + (not version.text.endswith("\n")) + 1),
            "jobs": job_rows(runs.order_by("-id")[:_MAX_JOBS]),
            "may_submit": policy.may(user, Verb.SUBMIT),
        }
        return render(request, "jobs/score_page.html", context)


def _rows(versions: QuerySet[ScoreVersion], current: ScoreVersion) -> list[VersionRow]:
    found = versions.values_list("pk", "number", "author_name", "created_at")[:_MAX_VERSIONS]
    return [
        VersionRow(pk, number, one_line(author), at, is_current=pk == current.pk)
        for pk, number, author, at in found
    ]
