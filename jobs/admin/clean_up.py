"""Cleaning up: ended jobs by status and age, listed by Podium and cleared one by one.

The conductor's own clear by status is never used: it would clear what nobody has looked at, and
leave one record for all of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jobs.access import policy
from jobs.actions import batches
from jobs.admin import bulk
from jobs.admin.looks import job_look
from jobs.admin.requests import person
from jobs.registry.models import Job
from jobs.terms import Verb

STATUSES: Final = ("completed", "failed", "cancelled")
_UNITS: Final = {"hours": 3_600, "days": 86_400, "weeks": 604_800}


class CleanUpForm(forms.Form):
    """Which ended jobs."""

    status = forms.MultipleChoiceField(choices=[(status, status) for status in STATUSES])
    older = forms.IntegerField(min_value=0, max_value=10_000)
    unit = forms.ChoiceField(choices=[(unit, unit) for unit in _UNITS])
    conductor = forms.CharField(required=False, max_length=50)

    @property
    def ended_before(self) -> datetime:
        """They ended before this moment."""
        seconds = self.cleaned_data["older"] * _UNITS[self.cleaned_data["unit"]]
        return timezone.now() - timedelta(seconds=seconds)

    @property
    def words(self) -> str:
        """The choice, for the records."""
        data = self.cleaned_data
        where = f" on {data['conductor']}" if data["conductor"] else ""
        named = " or ".join(data["status"])
        return f"clean up: {named}, ended more than {data['older']} {data['unit']} ago{where}"


@require_http_methods(["GET", "POST"])
def clean_up_view(request: HttpRequest) -> HttpResponse:
    """The choice and how many it would be (GET); the question about them (POST)."""
    if request.method == "POST":
        require_clean_up(request)
    elif not policy.may(person(request), Verb.CLEAR):
        raise PermissionDenied("You may not clear jobs.")
    asked = request.POST if request.method == "POST" else request.GET
    form = CleanUpForm(asked) if "older" in asked or "status" in asked else None
    runs = None
    if form is not None and form.is_valid():
        runs = _runs(request, form)
        if request.method == "POST":
            question = bulk.chosen(request, Verb.CLEAR, runs, form.words)
            if question is not None:
                return question
    return render(request, "jobs/clean_up.html", _context(request, form, runs))


def require_clean_up(request: HttpRequest) -> None:
    """Turn away whoever sends the form and may not clear.

    Raises:
        PermissionDenied: they may not; recorded.
    """
    form = CleanUpForm(request.POST)
    words = form.words if form.is_valid() else "clean up"
    bulk.require(request, Verb.CLEAR, {"choice": words})


def _runs(request: HttpRequest, form: CleanUpForm) -> QuerySet[Job]:
    """The runs that this person may see, still on their conductor, that ended before the moment."""
    data = form.cleaned_data
    runs = policy.visible_jobs(person(request)).filter(status__in=data["status"], gone_at=None)
    if data["conductor"]:
        runs = runs.filter(conductor__slug=data["conductor"])
    return runs.ended_before(form.ended_before)


def _context(
    request: HttpRequest, form: CleanUpForm | None, runs: QuerySet[Job] | None
) -> dict[str, Any]:
    data = request.POST if request.method == "POST" else request.GET
    chosen = set(data.getlist("status")) if form is not None else {"completed"}
    # One more than fits says enough: "more than".
    count = None if runs is None else runs[: batches.MAX_RUNS + 1].count()
    conductors = policy.visible_conductors(person(request))[:100]
    return {
        **admin.site.each_context(request),
        "title": "Clean up ended jobs",
        "statuses": [(status, job_look(status), status in chosen) for status in STATUSES],
        "older": data.get("older", "7"),
        "unit": data.get("unit", "days"),
        "units": list(_UNITS),
        "conductors": list(conductors),
        "conductor": data.get("conductor", ""),
        "errors": form.errors if form is not None and runs is None else None,
        "count": count,
        "is_too_many": count is not None and count > batches.MAX_RUNS,
        "most": batches.MAX_RUNS,
        "list_url": reverse("admin:jobs_job_changelist"),
    }
