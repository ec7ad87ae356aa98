"""Scores: the library's list, and under its address all that concerns one score."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.access import policy
from jobs.admin import (
    markup,
    score_compare,
    score_editor,
    score_gallery,
    score_import,
    score_page,
    score_reference,
)
from jobs.admin.looks import job_look
from jobs.admin.modeladmin import ReadOnlyAdmin
from jobs.admin.requests import person
from jobs.admin.visible import one_line
from jobs.registry.models import Score, ScoreDraft, ScoreEditing, ScoreVersion
from jobs.registry.scores import EDITING_FOR


class ScoreAdmin(ReadOnlyAdmin[Score]):
    """The list is stock admin's; versions are never changed, so all else are pages of our own."""

    change_list_template = "jobs/score_list.html"
    list_display = ("score", "newest", "changed", "drafted", "runs", "last")
    list_display_links = None
    search_fields = ("name__startswith",)
    search_help_text = "Beginning of a name"
    sortable_by = ("score",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Score]:
        """The scores that this person may see, each with its newest version's facts and runs."""
        user = person(request)
        newest = ScoreVersion.objects.filter(score=OuterRef("pk")).order_by("-number")
        drafts = ScoreDraft.objects.filter(score=OuterRef("pk"))
        editing = ScoreEditing.objects.filter(
            score=OuterRef("pk"), seen_at__gte=timezone.now() - EDITING_FOR
        )
        runs = policy.visible_jobs(user).filter(score_version__score=OuterRef("pk"))
        counted = runs.order_by().values("score_version__score").annotate(n=Count("pk"))
        return policy.visible_scores(user).annotate(
            newest_number=Subquery(newest.values("number")[:1]),
            newest_author=Subquery(newest.values("author_name")[:1]),
            newest_message=Subquery(newest.values("message")[:1]),
            newest_at=Subquery(newest.values("created_at")[:1]),
            draft_author=Subquery(drafts.values("author_name")[:1]),
            draft_at=Subquery(drafts.values("saved_at")[:1]),
            editing_name=Subquery(editing.order_by("user_name").values("user_name")[:1]),
            run_count=Subquery(counted.values("n")[:1]),
            last_status=Subquery(runs.order_by("-id").values("status")[:1]),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may see scores."""
        return policy.may(person(request), policy.VIEW_SCORE)

    def has_view_permission(self, request: HttpRequest, obj: Score | None = None) -> bool:
        """Whoever may see scores."""
        return policy.may(person(request), policy.VIEW_SCORE)

    def get_urls(self) -> list[URLPattern]:
        """The list and pages of our own."""
        guard = self.admin_site.admin_view
        return [
            path("", guard(self.changelist_view), name="jobs_score_changelist"),
            path("add/", guard(score_editor.add_view), name="jobs_score_add"),
            path("import/", guard(score_import.import_view), name="jobs_score_import"),
            path("check/", guard(score_editor.check_view), name="jobs_score_check"),
            path("preview/", guard(score_editor.preview_view), name="jobs_score_preview"),
            path("templates/", guard(score_gallery.gallery_view), name="jobs_score_templates"),
            path(
                "templates/<slug:slug>/",
                guard(score_gallery.template_view),
                name="jobs_score_template",
            ),
            path("reference/", guard(score_reference.page_view), name="jobs_score_reference"),
            path(
                "reference.json", guard(score_reference.json_view), name="jobs_score_reference_json"
            ),
            path("<int:pk>/change/", guard(score_page.score_view), name="jobs_score_change"),
            path("<int:pk>/edit/", guard(score_editor.edit_view), name="jobs_score_edit"),
            path("<int:pk>/editing/", guard(score_editor.editing_view), name="jobs_score_editing"),
            path("<int:pk>/compare/", guard(score_compare.compare_view), name="jobs_score_compare"),
            path("<int:pk>/findings/", guard(score_page.findings_view), name="jobs_score_findings"),
            path("<int:pk>/restore/", guard(score_page.restore_view), name="jobs_score_restore"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with what this person may do beside looking."""
        may_edit = policy.may(person(request), policy.EDIT_SCORE)
        return super().changelist_view(request, {"may_edit": may_edit, **(extra_context or {})})

    @admin.display(description="Score", ordering="name")
    def score(self, score: Score) -> SafeString:
        """Its name, and what its newest version is about."""
        return format_html(
            '<a class="main-line cut" href="{}">{}</a><div class="sub-line cut">{}</div>',
            reverse("admin:jobs_score_change", args=(score.pk,)),
            one_line(score.name),
            one_line(getattr(score, "newest_message", None) or ""),
        )

    @admin.display(description="Version")
    def newest(self, score: Score) -> SafeString | str:
        """The newest one's number."""
        number = getattr(score, "newest_number", None)
        return markup.nothing("none yet") if number is None else f"v{number}"

    @admin.display(description="Changed")
    def changed(self, score: Score) -> SafeString:
        """When the newest version came, and from whom."""
        return format_html(
            '{}<div class="sub-line cut">{}</div>',
            markup.moment(getattr(score, "newest_at", None) or score.created_at),
            one_line(getattr(score, "newest_author", None) or ""),
        )

    @admin.display(description="Draft")
    def drafted(self, score: Score) -> SafeString:
        """Whose draft it has, and who edits now."""
        editing = getattr(score, "editing_name", None)
        author = getattr(score, "draft_author", None)
        if editing:
            return format_html(
                '<span class="badge tone-run">{} edits now</span>', one_line(editing, 40)
            )
        if author is None:
            return markup.nothing("–")
        return format_html(
            'by {} <span class="sub-line">{}</span>',
            one_line(author, 40),
            markup.moment(getattr(score, "draft_at", None)),
        )

    @admin.display(description="Runs")
    def runs(self, score: Score) -> str:
        """How many runs of any version there are."""
        return f"{getattr(score, 'run_count', None) or 0:,}"

    @admin.display(description="Last run")
    def last(self, score: Score) -> SafeString:
        """How the newest run stands."""
        status = getattr(score, "last_status", None)
        return markup.nothing("never run") if not status else markup.pill(job_look(status), status)
