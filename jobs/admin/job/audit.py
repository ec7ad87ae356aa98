"""What was done to one run: the attempts on it, as far as this person may see them."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.admin.job.frame import job_frame
from jobs.admin.numbers import whole
from jobs.admin.rows import action_rows

PER_PAGE: Final = 50


@require_safe
def audit_view(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of attempts, newest first, each with a link to its records."""
    frame = job_frame(request, pk, "audit")
    before = whole(request.GET.get("before"))
    actions = policy.visible_actions(frame.user).filter(job_pk=frame.job.pk).order_by("-id")
    if before is not None:
        actions = actions.filter(pk__lt=before)
    rows = action_rows(actions[: PER_PAGE + 1])
    may_view_audit = policy.may(frame.user, policy.VIEW_AUDIT)
    context = {
        **frame.context,
        "actions": rows[:PER_PAGE],
        "older_url": f"?before={rows[PER_PAGE - 1].pk}" if len(rows) > PER_PAGE else "",
        "is_newest": before is None,
        "may_view_audit": may_view_audit,
        "list_url": f"{reverse('admin:jobs_action_changelist')}?run={frame.job.pk}"
        if may_view_audit
        else "",
    }
    return render(request, "jobs/job/audit.html", context)
