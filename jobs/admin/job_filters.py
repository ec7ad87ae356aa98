"""The filters of the job list."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.access import policy
from jobs.admin.filters import MenuFilter, TextFilter
from jobs.admin.requests import person
from jobs.registry.models import Job
from jobs.terms import LIVE_JOB_STATUSES, TERMINAL_JOB_STATUSES, JobOrigin

_STATUSES = ("running", "queued", "pending", "paused", "failed", "completed", "cancelled")


class StateFilter(MenuFilter):
    """Status: by word, and the two questions asked most."""

    title = "status"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Known words; one that is new can still be filtered by, in the address."""
        return [
            ("live", "Running and waiting"),
            ("ended", "Ended"),
            *((status, status.capitalize()) for status in _STATUSES),
            ("gone", "No longer on the conductor"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs of that status."""
        match self.value():
            case None:
                return queryset
            case "live":
                return queryset.filter(status__in=LIVE_JOB_STATUSES, gone_at=None)
            case "ended":
                return queryset.filter(status__in=TERMINAL_JOB_STATUSES)
            case "gone":
                return queryset.exclude(gone_at=None)
            case "paused":
                return queryset.filter(status__in=("paused", "paused_at_chain"))
            case status:
                return queryset.filter(status=status[:40])


class ConductorFilter(MenuFilter):
    """Conductor, where there is more than one."""

    title = "conductor"
    parameter_name = "conductor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The conductors that this person may see."""
        rows = policy.visible_conductors(person(request)).values_list("slug", "name")
        return [(slug, name) for slug, name in rows[:100]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs on that conductor."""
        value = self.value()
        return queryset if value is None else queryset.filter(conductor__slug=value[:50])


class OriginFilter(MenuFilter):
    """Where a run was submitted."""

    title = "origin"
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Here or elsewhere."""
        return [
            (JobOrigin.CONSOLE, "This console"),
            (JobOrigin.OUTSIDE, "Outside the console"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs of that origin."""
        value = self.value()
        return queryset if value is None else queryset.filter(origin=value[:10])


class SubmitterFilter(TextFilter):
    """Who submitted."""

    title = "submitted by"
    parameter_name = "by"
    placeholder = "User name"

    def filtered(self, queryset: QuerySet[Job], value: str) -> QuerySet[Job]:
        """Runs that were submitted under that name."""
        return queryset.filter(submitted_by_name=value)
