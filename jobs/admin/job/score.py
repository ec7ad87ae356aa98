"""The score of a run: the text that ran, what it expands to, what changed since the run before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import actions
from jobs.actions import RunningText
from jobs.admin.diffs import diff_rows
from jobs.admin.job.again import submit_again_url
from jobs.admin.job.comparison import earlier_runs
from jobs.admin.job.frame import JobFrame, job_frame
from jobs.admin.job.score_rows import numbered, outline_of
from jobs.admin.visible import one_line, visible
from jobs.registry.models import Job, ScoreVersion
from jobs.workspaces import disposition

_HOW: Final = {
    ScoreVersion.How.SUBMITTED: "first submitted by",
    ScoreVersion.How.SAVED: "saved by",
    ScoreVersion.How.IMPORTED: "imported by",
    ScoreVersion.How.RESTORED: "restored by",
    ScoreVersion.How.MODIFIED: "written to modify a job by",
}


@dataclass(frozen=True, slots=True)
class RunText:
    """A run's score as far as it is known."""

    text: str = field(repr=False)
    sha256: str
    is_kept: bool  # what ran; False: what the file holds now
    now: RunningText | None  # what the file holds now, where that can be read

    @property
    def has_changed(self) -> bool:
        """Whether the file no longer holds what ran."""
        return self.is_kept and self.now is not None and self.now.sha256 != self.sha256


@require_safe
def score_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The text with its lines, and what is to be known of it."""
    frame = job_frame(request, pk, "score")
    if not frame.may_view_score:
        return render(request, "jobs/job/score.html", {**frame.context, "is_withheld": True})
    job = frame.job
    known = text_of(job)
    context = {
        **frame.context,
        "known": known,
        "version": _version(job.score_version),
        "text_url": reverse("admin:jobs_job_score_text", args=(job.pk,)),
        "again_url": submit_again_url(frame.user, job),
        "compare_url": f"{reverse('admin:jobs_job_compare')}?b={job.pk}",
        "replacements": _replacements(job),
    }
    if known is not None:
        lines, more = numbered(known.text)
        context |= {
            "lines": lines,
            "more_lines": more,
            "outline": outline_of(known.sha256, known.text),
            "changed_diff": (
                diff_rows(known.text, known.now.text) if known.has_changed and known.now else None
            ),
            **_before(frame, known),
        }
    return render(request, "jobs/job/score.html", context)


@require_safe
def text_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The text alone, to be saved; `as=text` for the page's script, which copies it."""
    frame = job_frame(request, pk, "score")
    known = text_of(frame.job) if frame.may_view_score else None
    if known is None:
        raise Http404("There is no such text, or none that you may see.")
    name = frame.job.score_version.score.name if frame.job.score_version else frame.job.job_id
    response = HttpResponse(
        known.text.encode("utf-8", "replace"), content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = disposition(f"{name}.yaml")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def text_of(job: Job) -> RunText | None:
    """The text that ran; of a run from outside what its file holds now. None: neither is known."""
    now = async_to_sync(actions.running_text)(job)
    from_file = now if now is not None and now.is_from_file else None
    if version := job.score_version:
        return RunText(version.text, version.sha256, is_kept=True, now=from_file)
    if from_file is None:
        return None
    return RunText(from_file.text, from_file.sha256, is_kept=False, now=from_file)


def _version(version: ScoreVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "number": version.number,
        "how": _HOW.get(ScoreVersion.How(version.how), "by"),
        "author": one_line(version.author_name),
        "created_at": version.created_at,
        "message": visible(version.message),
        "url": _version_url(version),
        "name": one_line(version.score.name),
    }


def _replacements(job: Job) -> list[dict[str, Any]]:
    """New texts that this run was given while it was there, the last one first."""
    found = job.replacements.select_related("version", "replaced")
    return [
        {
            "number": replacement.version.number,
            "url": _version_url(replacement.version),
            "replaced": replacement.replaced.number if replacement.replaced else None,
            "replaced_url": _version_url(replacement.replaced) if replacement.replaced else "",
            "diff_url": _diff_url(replacement.replaced, replacement.version),
            "asked_at": replacement.asked_at,
            "adopted_at": replacement.adopted_at,
        }
        for replacement in found.defer("version__text", "replaced__text").order_by("-id")[:20]
    ]


def _version_url(version: ScoreVersion) -> str:
    score = reverse("admin:jobs_score_change", args=(version.score_id,))
    return f"{score}?version={version.number}"


def _diff_url(old: ScoreVersion | None, new: ScoreVersion) -> str:
    """Where both are shown against each other; empty where they are not of one score."""
    if old is None or old.score_id != new.score_id:
        return ""
    fields = f"from={old.number}&to={new.number}"
    return f"{reverse('admin:jobs_score_compare', args=(new.score_id,))}?{fields}"


def _before(frame: JobFrame, known: RunText) -> dict[str, Any]:
    """The run before this one of the same score, and what its text differs in."""
    job = frame.job
    before = (
        earlier_runs(frame.user, job).select_related("score_version").first()
        if job.score_version
        else None
    )
    if before is None or before.score_version is None or job.score_version is None:
        return {"before": None}
    return {
        "before": {
            "name": one_line(before.job_id, 60),
            "url": reverse("admin:jobs_job_change", args=(before.pk,)),
            "number": before.score_version.number,
            "submitted_at": before.submitted_at or before.first_seen_at,
        },
        "before_diff": diff_rows(before.score_version.text, known.text),
        "compare_url": f"{reverse('admin:jobs_job_compare')}?a={before.pk}&b={job.pk}",
    }
