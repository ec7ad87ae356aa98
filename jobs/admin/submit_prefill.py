"""What the submit page holds before anything is typed: as the link to it asks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest

from jobs.access import policy
from jobs.admin.numbers import whole
from jobs.admin.requests import person
from jobs.admin.submit_form import PATH, blank
from jobs.admin.visible import one_line
from jobs.registry.models import ScoreVersion
from jobs.scores import samples


def prefilled(request: HttpRequest) -> tuple[dict[str, Any], str]:
    """The fields, and a sentence that says where they come from.

    `sample` names a shipped one; `score` and `version` (its number) a kept text, `version` alone
    one by its id; `from` the run that is to be submitted again.
    """
    user, asked = person(request), request.GET
    if slug := asked.get("sample"):
        for sample in samples():
            if sample.slug == slug:
                return blank(text=sample.text), ""
    if run := asked.get("from"):
        return _of_run(request, user, run)
    if asked.get("score") or asked.get("version"):
        return _of_version(request, user)
    return blank(), ""


def _of_version(request: HttpRequest, user: User) -> tuple[dict[str, Any], str]:
    score, number = whole(request.GET.get("score")) or 0, whole(request.GET.get("version")) or 0
    versions = ScoreVersion.objects.select_related("score")
    versions = versions.filter(score__in=policy.visible_scores(user))
    if not score:
        versions = versions.filter(pk=number)
    else:
        versions = versions.filter(score=score).order_by("-number")
        if request.GET.get("version"):
            versions = versions.filter(number=number)
    kept = versions.first()
    if kept is None:
        messages.warning(request, "That version of a score is not there.")
        return blank(), ""
    words = f"Version {kept.number} of {one_line(kept.score.name)}, as it is kept."
    return blank(text=kept.text, name=kept.score.name, of=kept.pk), words


def _of_run(request: HttpRequest, user: User, asked: str) -> tuple[dict[str, Any], str]:
    """The inputs of a run, as far as Podium knows them."""
    runs = policy.visible_jobs(user).select_related("conductor", "score_version")
    job = runs.filter(pk=whole(asked) or 0).first()
    if job is None:
        messages.warning(request, "That job is not there, or you may not see it.")
        return blank(), ""
    values: dict[str, Any] = {
        "conductor": job.conductor.slug,
        "workspace": job.workspace,
        "start_sheet": job.requested_start_sheet or "",
    }
    name = one_line(job.job_id)
    words = f"The inputs of {name}, to be submitted again as they are or changed."
    if job.score_version is not None and policy.may(user, policy.VIEW_SCORE):
        kept = job.score_version
        return blank(text=kept.text, name=job.job_id, of=kept.pk, **values), words
    if job.config_path:
        words += " Podium keeps no text of it, so the file itself is named."
        return blank(source=PATH, path=job.config_path, **values), words
    messages.warning(request, f"Podium knows neither the text nor the file of {name}.")
    return blank(**values), ""
