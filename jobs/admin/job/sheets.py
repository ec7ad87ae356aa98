"""The sheets of a run, and the page of one of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.admin.job.frame import job_frame
from jobs.admin.job.links import log_url
from jobs.admin.job.sheet_list import listed, sheet_counts, sheet_names
from jobs.admin.job.sheet_page import sheet_page
from jobs.admin.job.sheet_rows import SheetRow
from jobs.registry.models import Sheet


@require_safe
def sheets_view(request: HttpRequest, pk: int) -> HttpResponse:
    """All sheets of a run, a page of them at a time, narrowed to a status if that is asked for."""
    frame = job_frame(request, pk, "sheets")
    counts = sheet_counts(frame.job)
    asked = request.GET
    page = listed(
        frame.job,
        counts,
        asked.get("status", ""),
        asked.get("from", ""),
        may_view_score=frame.may_view_score,
    )
    return render(request, "jobs/job/sheets.html", {**frame.context, **page})


@require_safe
def sheet_view(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Everything that is known about one sheet."""
    frame = job_frame(request, pk, "sheets")
    job = frame.job
    sheet = get_object_or_404(Sheet, job=job, number=number)
    label = sheet_names(job, may_view_score=frame.may_view_score).get(number, "")
    numbers = job.sheets.values_list("number", flat=True)
    context = {
        **frame.context,
        "title": f"Sheet {number}",
        "job_url": reverse("admin:jobs_job_change", args=(job.pk,)),
        "sheets_url": reverse("admin:jobs_job_sheets", args=(job.pk,)),
        "sheet": SheetRow.of(sheet, job_is_terminal=job.is_terminal, label=label),
        "page": sheet_page(sheet),
        "log_url": log_url(job.pk, number),
        "previous": numbers.filter(number__lt=number).order_by("-number").first(),
        "next": numbers.filter(number__gt=number).order_by("number").first(),
    }
    return render(request, "jobs/job/sheet.html", context)
