"""Jobs: the live list, and under its address all that concerns one run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.access import policy
from jobs.access.models import SavedView
from jobs.admin import acting, bulk, clean_up, markup, modify_page, recover_page, submit_page
from jobs.admin.csv_export import jobs_as_csv
from jobs.admin.feed import current_seq
from jobs.admin.job.progress import clock
from jobs.admin.job.urls import job_urls
from jobs.admin.job_filters import (
    SUBMITTED,
    AttentionFilter,
    ConductorFilter,
    CostFilter,
    MineFilter,
    OriginFilter,
    ScoreFilter,
    StateFilter,
    SubmittedFilter,
    SubmitterFilter,
)
from jobs.admin.job_list import PRESETS, JobList, searched
from jobs.admin.list_tabs import csv_url, list_tabs
from jobs.admin.looks import job_look, look_of
from jobs.admin.modeladmin import ReadOnlyAdmin, count_tick_for_all
from jobs.admin.requests import person
from jobs.admin.rows import gone_words, job_url, submitter
from jobs.admin.visible import one_line
from jobs.registry.folding import Folded
from jobs.registry.models import Job
from jobs.terms import Verb


class JobAdmin(ReadOnlyAdmin[Job]):
    """Stock changelist for the list; pages of our own for submit, inspect and act."""

    change_list_template = "jobs/job_list.html"
    list_display = ("job", "status_pill", "progress", "cost", "submitted", "took", "where")
    list_display_links = None
    list_filter = (
        StateFilter,
        AttentionFilter,
        MineFilter,
        SubmitterFilter,
        ScoreFilter,
        ConductorFilter,
        SubmittedFilter,
        CostFilter,
        OriginFilter,
    )
    list_select_related = ("conductor",)
    search_fields = ("job_id",)
    search_help_text = "Name, folder, score or person"
    ordering = ("-id",)
    sortable_by = ("job", "status_pill", "cost", "submitted")
    descending_first = ("cost", "submitted")
    actions = tuple(bulk.actions_of_list())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """The runs that this person may see."""
        return policy.visible_jobs(person(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[JobList]:
        """Paged by keyset, counted up to a bound."""
        return JobList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        """By what indexes answer."""
        return searched(queryset, search_term), False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may see runs."""
        return policy.may(person(request), policy.VIEW)

    def has_view_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Whoever may see runs, or this one."""
        return policy.may(person(request), policy.VIEW, obj)

    def has_submit_permission(self, request: HttpRequest) -> bool:
        """Whoever may submit."""
        return policy.may(person(request), Verb.SUBMIT)

    def has_control_permission(self, request: HttpRequest) -> bool:
        """Whoever may pause, resume and cancel."""
        return policy.may(person(request), Verb.PAUSE)

    def has_clear_permission(self, request: HttpRequest) -> bool:
        """Whoever may clear."""
        return policy.may(person(request), Verb.CLEAR)

    def get_urls(self) -> list[URLPattern]:
        """The list, and views of our own in the place of stock admin's forms."""
        guard = self.admin_site.admin_view
        return [
            path("", guard(self.changelist_view), name="jobs_job_changelist"),
            path("export/", guard(self._export), name="jobs_job_export"),
            path("add/", guard(submit_page.submit_view), name="jobs_job_add"),
            path("validate/", guard(submit_page.validate_view), name="jobs_job_validate"),
            path("preview/", guard(submit_page.preview_view), name="jobs_job_preview"),
            path("act/<str:verb>/", guard(bulk.act_view), name="jobs_job_bulk"),
            path("batch/<int:pk>/", guard(bulk.batch_view), name="jobs_batch"),
            path("batch/<int:pk>/again/", guard(bulk.again_view), name="jobs_batch_again"),
            path("clean-up/", guard(clean_up.clean_up_view), name="jobs_job_clean_up"),
            *job_urls(guard),
            path("<int:pk>/history/", guard(self._history), name="jobs_job_history"),
            path("<int:pk>/delete/", guard(self._delete), name="jobs_job_delete"),
            path("<int:pk>/modify/", guard(modify_page.modify_view), name="jobs_job_modify"),
            path("<int:pk>/recover/", guard(recover_page.recover_view), name="jobs_job_recover"),
            path("<int:pk>/<str:verb>/", guard(acting.act_view), name="jobs_job_act"),
            path(
                "<int:pk>/<str:verb>/figures/",
                guard(acting.figures_view),
                name="jobs_job_act_figures",
            ),
            path("<int:pk>/", guard(self._plain), name="jobs_job_plain"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with where its script takes up the events; a POST is one of its actions."""
        bulk.require_listed(request)
        count_tick_for_all(request)
        extra = {
            "title": "Jobs",
            "subtitle": None,
            "seq": current_seq(),
            "may_submit": self.has_submit_permission(request),
            "may_clear": self.has_clear_permission(request),
            "csv_url": csv_url(request, "admin:jobs_job_export"),
            "tabs": list_tabs(request, SavedView.List.JOBS, PRESETS),
            **(extra_context or {}),
        }
        return super().changelist_view(request, extra)

    def action_checkbox(self, obj: Job) -> SafeString:
        """Stock admin's, with a name that is fit to be read out."""
        return format_html(
            '<input type="checkbox" name="_selected_action" value="{}" class="action-select" '
            'aria-label="Choose {}">',
            obj.pk,
            one_line(obj.job_id),
        )

    @admin.display(description="Job", ordering=Folded("job_id"))
    def job(self, job: Job) -> SafeString:
        """Its name and number, who submitted it, and its score where that has another name."""
        score = job.score_name if job.score_name != job.job_id else ""
        return format_html(
            '<div data-row="{}"><a class="main-line cut" href="{}" title="{}">{}</a>'
            '<div class="sub-line cut">#{} · {}{}</div></div>',
            job.pk,
            job_url(job.pk),
            one_line(job.job_id, 300),
            one_line(job.job_id),
            job.pk,
            submitter(job),
            f" · {one_line(score, 60)}" if score else "",
        )

    @admin.display(description="Status", ordering="status")
    def status_pill(self, job: Job) -> SafeString:
        """Its status, and whether its conductor still has it."""
        pill = markup.pill(look_of(job), job.status)
        if job.gone_at is None:
            return pill
        word, why = gone_words(job)
        return format_html('{} <span class="badge" title="{}">{}</span>', pill, why, word)

    @admin.display(description="Progress")
    def progress(self, job: Job) -> SafeString:
        """How many of its sheets are done."""
        return markup.progress(job.completed_sheets, job.total_sheets, job_look(job.status).tone)

    @admin.display(description="Cost", ordering="cost_usd")
    def cost(self, job: Job) -> SafeString | str:
        """What it has cost, where its conductor said so."""
        return markup.cost(job.cost_usd)

    @admin.display(description="Submitted", ordering=SUBMITTED)
    def submitted(self, job: Job) -> SafeString:
        """When."""
        return markup.moment(job.submitted_at or job.first_seen_at)

    @admin.display(description="Time")
    def took(self, job: Job) -> SafeString:
        """How long it was at work, over all its stretches: the same as on its own page."""
        found = clock(job, timezone.now())
        if found.counts_since is not None:
            return markup.counting(found.counts_since, found.hint)
        if found.took:
            return format_html('<span class="span" title="{}">{}</span>', found.hint, found.took)
        is_over = job.is_terminal or job.gone_at is not None or job.started_at is not None
        return markup.nothing("not reported" if is_over else "not started")

    @admin.display(description="Conductor")
    def where(self, job: Job) -> str:
        """Where it runs."""
        return one_line(job.conductor.name)

    def _export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied("You may not see jobs.")
        return jobs_as_csv(self, request)

    def _history(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:jobs_action_changelist')}?run={pk}")

    def _delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        if request.method == "POST":
            acting.require_clear(request, pk)
        return HttpResponseRedirect(reverse("admin:jobs_job_act", args=(pk, Verb.CLEAR)))

    def _plain(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponseRedirect(job_url(pk))
