"""Conductors: how they are, and what was last heard of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.access import policy
from jobs.admin import conductor_parts, markup, rate_limits_page
from jobs.admin.conductor_cards import ConductorCard
from jobs.admin.durations import span_words
from jobs.admin.feed import current_seq
from jobs.admin.looks import conductor_look
from jobs.admin.modeladmin import ReadOnlyAdmin
from jobs.admin.requests import person
from jobs.admin.rows import job_rows
from jobs.admin.visible import one_line
from jobs.registry.models import Conductor
from jobs.terms import LIVE_JOB_STATUSES

_MAX_LIVE = 20


class ConductorAdmin(ReadOnlyAdmin[Conductor]):
    """A list and a page each; nothing is changed here."""

    change_list_template = "jobs/conductor_list.html"
    list_display = ("conductor", "state", "running", "version_word", "up", "heard")
    list_display_links = None
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conductor]:
        """The conductors that this person may see."""
        return policy.visible_conductors(person(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may see runs."""
        return policy.may(person(request), policy.VIEW)

    def has_view_permission(self, request: HttpRequest, obj: Conductor | None = None) -> bool:
        """Whoever may see runs."""
        return policy.may(person(request), policy.VIEW)

    def get_urls(self) -> list[URLPattern]:
        """The list and a page of our own."""
        guard = self.admin_site.admin_view
        return [
            path("", guard(self.changelist_view), name="jobs_conductor_changelist"),
            path("<int:pk>/change/", guard(self._page), name="jobs_conductor_change"),
            path(
                "<int:pk>/clear-rate-limits/",
                guard(rate_limits_page.clear_rate_limits_view),
                name="jobs_conductor_clear_rate_limits",
            ),
            path(
                "<int:pk>/parts/<slug:part>/",
                guard(conductor_parts.part_view),
                name="jobs_conductor_part",
            ),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, live."""
        extra = {"title": "Conductors", "seq": current_seq(), **(extra_context or {})}
        return super().changelist_view(request, extra)

    @admin.display(description="Conductor")
    def conductor(self, conductor: Conductor) -> SafeString:
        """Its name and kind."""
        card = ConductorCard.of(conductor)
        return format_html(
            '<div data-row="{}"><a class="main-line cut" href="{}">{}</a>'
            '<div class="sub-line cut">{}</div></div>',
            card.pk,
            card.url,
            card.name,
            card.kind,
        )

    @admin.display(description="State")
    def state(self, conductor: Conductor) -> SafeString:
        """Whether it answers."""
        return markup.pill(conductor_look(conductor))

    @admin.display(description="Running jobs")
    def running(self, conductor: Conductor) -> SafeString | str:
        """As it told."""
        known = conductor.running_jobs
        return markup.nothing() if known is None else str(known)

    @admin.display(description="Version")
    def version_word(self, conductor: Conductor) -> SafeString | str:
        """As it told."""
        return one_line(conductor.version) or markup.nothing()

    @admin.display(description="Up")
    def up(self, conductor: Conductor) -> SafeString | str:
        """For how long, as it told."""
        known = conductor.uptime_s
        return markup.nothing() if known is None else span_words(int(known))

    @admin.display(description="Last answer")
    def heard(self, conductor: Conductor) -> SafeString:
        """When it last answered."""
        return markup.moment(conductor.last_answer_at, "never")

    def _page(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = person(request)
        seq = current_seq()
        conductor = policy.visible_conductors(user).filter(pk=pk).first()
        if conductor is None:
            raise Http404("There is no such conductor, or none that you may see.")
        runs = policy.visible_jobs(user).filter(conductor=conductor)
        counts = runs.aggregate(
            all=Count("pk"),
            live=Count("pk", filter=Q(status__in=LIVE_JOB_STATUSES, gone_at=None)),
        )
        live = runs.live().select_related("conductor").order_by("-id")[:_MAX_LIVE]
        context = {
            **self.admin_site.each_context(request),
            "title": one_line(conductor.name),
            "seq": seq,
            "conductor": ConductorCard.of(conductor),
            "counts": counts,
            "live_jobs": job_rows(live),
            "parts": conductor_parts.part_links(conductor) if conductor.is_enabled else [],
            "every_s": conductor_parts.EVERY_S,
        }
        return render(request, "jobs/conductor_page.html", context)
