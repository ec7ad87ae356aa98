"""Jobs: the live list, and under its address all that concerns one run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.access import policy
from jobs.admin import acting, bulk, job_page, markup, submit_page
from jobs.admin.feed import current_seq
from jobs.admin.job_filters import ConductorFilter, OriginFilter, StateFilter, SubmitterFilter
from jobs.admin.looks import job_look
from jobs.admin.modeladmin import ReadOnlyAdmin
from jobs.admin.requests import person
from jobs.admin.rows import job_url, submitter
from jobs.admin.visible import one_line
from jobs.registry.models import Job
from jobs.terms import Verb


class JobAdmin(ReadOnlyAdmin[Job]):
    """Stock changelist for the list; pages of our own for submit, inspect and act."""

    change_list_template = "jobs/job_list.html"
    list_display = ("job", "status_pill", "progress", "submitted", "took", "where")
    list_display_links = None
    list_filter = (StateFilter, ConductorFilter, OriginFilter, SubmitterFilter)
    list_select_related = ("conductor",)
    search_fields = ("job_id__startswith",)
    search_help_text = "The beginning of a job's name"
    ordering = ("-id",)
    sortable_by = ("job", "status_pill", "submitted")
    actions = tuple(bulk.actions_of_list())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """The runs that this person may see."""
        return policy.visible_jobs(person(request))

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
            path("add/", guard(submit_page.submit_view), name="jobs_job_add"),
            path("validate/", guard(submit_page.validate_view), name="jobs_job_validate"),
            path("act/<str:verb>/", guard(bulk.act_view), name="jobs_job_bulk"),
            path("<int:pk>/change/", guard(job_page.job_view), name="jobs_job_change"),
            path(
                "<int:pk>/sheets/<int:number>/", guard(job_page.sheet_view), name="jobs_job_sheet"
            ),
            path("<int:pk>/history/", guard(self._history), name="jobs_job_history"),
            path("<int:pk>/delete/", guard(self._delete), name="jobs_job_delete"),
            path("<int:pk>/<str:verb>/", guard(acting.act_view), name="jobs_job_act"),
            path("<int:pk>/", guard(self._plain), name="jobs_job_plain"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with where its script takes up the events."""
        extra = {
            "title": "Jobs",
            "subtitle": None,
            "seq": current_seq(),
            "may_submit": self.has_submit_permission(request),
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

    @admin.display(description="Job", ordering="job_id")
    def job(self, job: Job) -> SafeString:
        """Its name, and who submitted it."""
        return format_html(
            '<div data-row="{}"><a class="main-line cut" href="{}" title="{}">{}</a>'
            '<div class="sub-line cut">{}</div></div>',
            job.pk,
            job_url(job.pk),
            one_line(job.job_id, 300),
            one_line(job.job_id),
            submitter(job),
        )

    @admin.display(description="Status", ordering="status")
    def status_pill(self, job: Job) -> SafeString:
        """Its status, and whether its conductor still has it."""
        pill = markup.pill(job_look(job.status), job.status)
        if job.gone_at is None:
            return pill
        return format_html('{} <span class="badge" title="{}">gone</span>', pill, job.gone_reason)

    @admin.display(description="Progress")
    def progress(self, job: Job) -> SafeString:
        """How many of its sheets are done."""
        return markup.progress(job.completed_sheets, job.total_sheets, job_look(job.status).tone)

    @admin.display(description="Submitted", ordering="id")
    def submitted(self, job: Job) -> SafeString:
        """When."""
        return markup.moment(job.submitted_at or job.first_seen_at)

    @admin.display(description="Time")
    def took(self, job: Job) -> SafeString:
        """How long it took, or has been going."""
        if job.is_terminal or job.gone_at is not None:
            if job.started_at and job.completed_at:
                return markup.elapsed(job.started_at, job.completed_at)
            return markup.nothing()
        return markup.elapsed(job.started_at) if job.started_at else markup.nothing("not started")

    @admin.display(description="Conductor")
    def where(self, job: Job) -> str:
        """Where it runs."""
        return one_line(job.conductor.name)

    def _history(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:jobs_action_changelist')}?run={pk}")

    def _delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:jobs_job_act", args=(pk, Verb.CLEAR)))

    def _plain(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponseRedirect(job_url(pk))
