"""The filters of the job list: each goes by an index, so that a million rows do not matter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Any, Final

from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from jobs.access import policy
from jobs.admin import attention
from jobs.admin.filters import MenuFilter, TextFilter
from jobs.admin.requests import person
from jobs.admin.time_filter import TimeFilter
from jobs.registry.models import Job
from jobs.terms import (
    LIVE_JOB_STATUSES,
    PAUSED_JOB_STATUSES,
    TERMINAL_JOB_STATUSES,
    JobOrigin,
)

# When a run was submitted; until its conductor told, when it was first seen.
SUBMITTED: Final = Coalesce("submitted_at", "first_seen_at")

_STATUSES: Final = ("running", "queued", "pending", "paused", "failed", "completed", "cancelled")
_MOST_SCORES: Final = 100
_MOST_ATTENTION: Final = 2_000


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
                return queryset.filter(status__in=PAUSED_JOB_STATUSES)
            case status:
                return queryset.filter(status=status[:40])


class AttentionFilter(MenuFilter):
    """What waits for a person."""

    title = "needs attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Why it does."""
        return list(attention.KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs that deserve a look for that reason, by their ids: there are never many."""
        value = self.value()
        if value is None:
            return queryset
        runs = attention.of_kind(person(request), value).order_by("-attention_at")
        return queryset.filter(pk__in=list(runs.values_list("pk", flat=True)[:_MOST_ATTENTION]))


class MineFilter(MenuFilter):
    """Whoever looks."""

    title = "whose"
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One's own; a shared view then shows each person theirs."""
        return [("1", "My jobs")]

    def has_output(self) -> bool:
        """Shown only while it is set: a tab over the list sets it."""
        return self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs that this person submitted from here."""
        return queryset if self.value() is None else queryset.filter(submitted_by=person(request))


class ConductorFilter(MenuFilter):
    """Conductor, where there is more than one."""

    title = "conductor"
    parameter_name = "conductor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The conductors that this person may see."""
        rows = policy.visible_conductors(person(request)).values_list("slug", "name", "pk")
        self.keys = {slug: pk for slug, _, pk in rows}
        return [(slug, name) for slug, name, _ in rows[:100]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs on that conductor."""
        value = self.value()
        # By its key: a join would hide the index on it.
        return queryset if value is None else queryset.filter(conductor=self.keys.get(value, 0))


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


class ScoreFilter(TextFilter):
    """Of which score, by its name."""

    title = "score"
    parameter_name = "score"
    placeholder = "Whole name of a score"

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        self._user = person(request)
        super().__init__(request, params, model, model_admin)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The form, with the scores that were used last."""
        scores = policy.visible_scores(self._user).order_by("-id")
        names = scores.values_list("name", flat=True)[:_MOST_SCORES]
        self.suggestions = sorted(name for name in names if name.isprintable())
        return super().choices(changelist)

    def filtered(self, queryset: QuerySet[Job], value: str) -> QuerySet[Job]:
        """Runs of that score."""
        return queryset.filter(score_name=value)


class SubmitterFilter(TextFilter):
    """Who submitted."""

    title = "submitted by"
    parameter_name = "by"
    placeholder = "Whole user name"

    def filtered(self, queryset: QuerySet[Job], value: str) -> QuerySet[Job]:
        """Runs that were submitted under that name."""
        return queryset.filter(submitted_by_name=value)


class CostFilter(MenuFilter):
    """What it cost, where that was reported."""

    title = "cost"
    parameter_name = "cost"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Bounds; another one can be asked for in the address."""
        return [
            ("reported", "Reported"),
            *((bound, f"${bound} and more") for bound in ("0.1", "1", "10", "100")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Runs of which a cost was reported, and at least that one; none for what is no number."""
        value = self.value()
        if value is None:
            return queryset
        if value == "reported":
            return queryset.filter(cost_usd__isnull=False)
        try:
            least = float(value)
        except ValueError:
            return queryset.none()
        return queryset.filter(cost_usd__gte=least) if isfinite(least) else queryset.none()


class SubmittedFilter(TimeFilter):
    """When it was submitted."""

    title = "submitted"

    def filtered(
        self, queryset: QuerySet[Job], since: datetime | None, until: datetime | None
    ) -> QuerySet[Job]:
        """Runs that were submitted then."""
        if since is None and until is None:
            return queryset
        queryset = queryset.alias(_submitted=SUBMITTED)
        if since is not None:
            queryset = queryset.filter(_submitted__gte=since)
        return queryset if until is None else queryset.filter(_submitted__lt=until)
