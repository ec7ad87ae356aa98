"""The page of one run: how it goes, what it wrote, what was done to it, what can be done now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.access import policy
from jobs.actions import offers
from jobs.admin.conductor_cards import ConductorCard
from jobs.admin.consequences import ASKS, ORDER, Ask
from jobs.admin.feed import current_seq
from jobs.admin.job_sheets import sheet_names, sheets_of
from jobs.admin.looks import Look, job_look
from jobs.admin.output import Output, output_of
from jobs.admin.requests import is_live_refresh, person
from jobs.admin.rows import action_rows, submitter
from jobs.admin.sheet_rows import SheetRow, history_of
from jobs.admin.visible import one_line, visible
from jobs.registry.models import Job, Sheet
from jobs.terms import Verb

MAX_ACTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Button:
    """A verb that can work now and that this person may use."""

    ask: Ask
    url: str


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the head and the side of the page say about a run."""

    pk: int
    name: str
    look: Look
    status: str
    is_ended: bool
    submitter: str
    is_outside: bool
    submitted_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    completed: int | None
    failed: int | None
    total: int | None
    workspace: str
    config_path: str
    score: str
    score_url: str
    start_sheet: int | None
    error: str
    refreshed_at: datetime | None
    gone_at: datetime | None
    gone_words: str

    @classmethod
    def of(cls, job: Job, *, may_view_score: bool) -> JobFacts:
        """The facts of a run that was read with its conductor and score version."""
        version = job.score_version
        score_url = ""
        if version and may_view_score:
            address = reverse("admin:jobs_score_change", args=(version.score_id,))
            score_url = f"{address}?version={version.number}"
        return cls(
            pk=job.pk,
            name=one_line(job.job_id, 255),
            look=job_look(job.status),
            status=job.status,
            is_ended=job.is_terminal or job.gone_at is not None,
            submitter=submitter(job),
            is_outside=job.origin == "outside",
            submitted_at=job.submitted_at or job.first_seen_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            completed=job.completed_sheets,
            failed=job.failed_sheets,
            total=job.total_sheets,
            workspace=one_line(job.workspace, 500),
            config_path=one_line(job.config_path, 500),
            score=one_line(f"{version.score.name} v{version.number}") if version else "",
            score_url=score_url,
            start_sheet=job.requested_start_sheet,
            error=visible(job.error_message[:4_000]),
            refreshed_at=job.refreshed_at,
            gone_at=job.gone_at,
            gone_words=_GONE.get(job.gone_reason, "It is no longer in the conductor's registry."),
        )


_GONE: Final = {
    "cleared": "It was deleted from the conductor; its history stays here.",
    "replaced": "A later run has taken its name on the conductor; its history stays here.",
    "vanished": "The conductor no longer knows it, and nobody deleted it from here.",
}


@require_safe
def job_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, or its regions alone for its script."""
    user = person(request)
    seq = current_seq()
    job = _job_or_404(user, pk)
    context = {
        **admin.site.each_context(request),
        "title": one_line(job.job_id, 60),
        "seq": seq,
        "job": JobFacts.of(job, may_view_score=user.has_perm("jobs.view_score")),
        "conductor": ConductorCard.of(job.conductor),
        "buttons": _buttons(user, job),
        # The script has the lines already and leaves its pane alone.
        "output": Output() if is_live_refresh(request) else output_of(job.pk, seq),
        **sheets_of(job, request.GET.get("sheets")),
        **_done_to(user, job),
    }
    return render(request, "jobs/job_page.html", context)


@require_safe
def sheet_view(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Everything that is known about one sheet."""
    job = _job_or_404(person(request), pk)
    sheet = get_object_or_404(Sheet, job=job, number=number)
    names = sheet_names(job)
    row = SheetRow.of(
        sheet, job_is_terminal=job.is_terminal, label=names.get(number, ""), is_whole=True
    )
    context = {
        **admin.site.each_context(request),
        "title": f"Sheet {number}",
        "job": JobFacts.of(job, may_view_score=False),
        "job_url": reverse("admin:jobs_job_change", args=(job.pk,)),
        "sheet": row,
        "details": history_of(sheet.details),
        "reports_output": ConductorCard.of(job.conductor).reports_output,
    }
    return render(request, "jobs/sheet_page.html", context)


def _job_or_404(user: User, pk: int) -> Job:
    runs = policy.visible_jobs(user).select_related("conductor", "score_version__score")
    job = runs.filter(pk=pk).first() if pk < 2**63 else None
    if job is None:
        raise Http404("There is no such job, or none that you may see.")
    return job


def _buttons(user: User, job: Job) -> list[Button]:
    offered = offers(job)
    return [
        Button(ASKS[verb], reverse("admin:jobs_job_act", args=(job.pk, verb)))
        for verb in ORDER
        if verb in offered and policy.may(user, verb)
    ]


def _done_to(user: User, job: Job) -> dict[str, Any]:
    """What was done to this run, as far as this person may see it."""
    may_view_audit = policy.may(user, policy.VIEW_AUDIT)
    actions = policy.visible_actions(user).filter(job_pk=job.pk)
    rows = action_rows(actions.order_by("-id")[: MAX_ACTIONS + 1])
    submit = actions.filter(verb=Verb.SUBMIT).order_by("id").values_list("reason", flat=True)
    return {
        "actions": rows[:MAX_ACTIONS],
        "has_more_actions": len(rows) > MAX_ACTIONS,
        "may_view_audit": may_view_audit,
        "reason": visible(submit.first() or ""),
    }
