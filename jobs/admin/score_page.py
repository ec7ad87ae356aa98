"""One score: its text, its versions, what was found in it, and its runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import StoredScore
from jobs.actions.models import ScoreReplacement
from jobs.admin.answers import tell_unavailable
from jobs.admin.highlight import yaml_html
from jobs.admin.judgement import Judgement, of_findings
from jobs.admin.looks import Look, job_look
from jobs.admin.requests import person
from jobs.admin.rows import job_rows
from jobs.admin.visible import one_line, visible
from jobs.errors import AccessDenied, AuditUnavailable, PodiumBusy, ScoreError
from jobs.registry.models import Job, JobQuerySet, Score, ScoreVersion
from jobs.registry.scores import Overtaken, editing_now
from jobs.terms import Verb

_MAX_VERSIONS: Final = 50
_MAX_JOBS: Final = 10
_MAX_STEPS: Final = 200
_HOW_WORDS: Final = {
    ScoreVersion.How.SUBMITTED: "First submitted by",
    ScoreVersion.How.SAVED: "Saved by",
    ScoreVersion.How.IMPORTED: "Imported by",
    ScoreVersion.How.RESTORED: "Restored by",
    ScoreVersion.How.MODIFIED: "Written to modify a job by",
}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the list of them."""

    pk: int
    number: int
    author: str
    created_at: datetime
    how: str
    message: str
    runs: int
    went_on: bool  # the newest run went on with another version
    last: Look | None
    last_status: str
    is_current: bool


@require_GET
def score_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; `version` chooses an earlier one, `before` pages through them."""
    user = person(request)
    score = visible_score(user, pk)
    newest = score.versions.order_by("-number").values_list("number", flat=True).first()
    version = chosen_version(score, request.GET.get("version", ""))
    may_edit = policy.may(user, policy.EDIT_SCORE)
    draft = getattr(score, "draft", None)
    if version is None:
        return _without_version(request, score, may_edit=may_edit)
    runs = list(runs_of(user, version).with_surroundings().order_by("-id")[:_MAX_JOBS])
    ways = ways_of(runs)
    rows, older = _rows(user, score, version, request.GET.get("before", ""))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": one_line(score.name, 60),
        "score": score,
        "name": one_line(score.name),
        "version": version,
        "how": _how(user, version),
        "message": visible(version.message),
        "author": one_line(version.author_name),
        "versions": rows,
        "older": older,
        "newest": newest,
        "is_newest": version.number == newest,
        "version_count": score.versions.count(),
        "draft": draft,
        "draft_author": one_line(draft.author_name) if draft else "",
        "editing": [one_line(name, 40) for name in editing_now(score, but=user)],
        "text": yaml_html(version.text),
        "lines": range(1, line_count(version.text) + 1),
        "jobs": [(row, ways.get(row.pk, "")) for row in job_rows(runs)],
        "may_see_jobs": policy.may(user, policy.VIEW),
        "may_submit": policy.may(user, Verb.SUBMIT),
        "may_edit": may_edit,
        "max_message": actions.MAX_MESSAGE_LETTERS,
    }
    return render(request, "jobs/score_page.html", context)


@require_GET
def findings_view(request: HttpRequest, pk: int) -> HttpResponse:
    """What is found in a version: a fragment, for judging may take a second."""
    user = person(request)
    score = visible_score(user, pk)
    version = chosen_version(score, request.GET.get("version", ""))
    if version is None:
        raise Http404("This score has no such version.")
    return render(
        request,
        "jobs/score/_findings.html",
        {"judgement": _judged(user, score, version), "version": version},
    )


@require_POST
def restore_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The text of an earlier version as the newest."""
    user = person(request)
    score = meant_score(request, pk, "restore score")
    asked = request.POST.get("version", "") or "0"
    version = score.versions.filter(number=number_of(asked)).first()
    if version is None:
        _record_in_vain(request, pk, "restore score", version=asked)
        raise Http404("This score has no such version.")
    based_on = number_of(request.POST.get("based_on", ""))
    here = reverse("admin:jobs_score_change", args=(score.pk,))
    try:
        restored = async_to_sync(actions.restore_version)(
            actor=user,
            origin=origin_of(request),
            version=version,
            based_on=based_on,
            message=request.POST.get("message", ""),
        )
    except AccessDenied as error:
        raise PermissionDenied(str(error)) from error
    except AuditUnavailable:
        return tell_unavailable(request)
    except ScoreError as error:
        messages.error(request, str(error))
    except Overtaken:
        words = "Nothing was restored: somebody saved a version meanwhile. Look at it first."
        messages.error(request, words)
    else:
        words = f"Version {version.number} was restored as version {restored.number}."
        messages.success(request, words)
    return HttpResponseRedirect(here)


def visible_score(user: User, pk: int) -> Score:
    """The score, if this person may see it; else as if it were not there."""
    scores = policy.visible_scores(user).select_related("draft")
    score = scores.filter(pk=pk).first() if pk < 2**63 else None
    if score is None:
        raise Http404("There is no such score, or none that you may see.")
    return score


def meant_score(request: HttpRequest, pk: int, verb: str) -> Score:
    """The score that a form is about.

    Raises:
        Http404: it is not there, or not for this person; that somebody sent the form is recorded.
    """
    try:
        return visible_score(person(request), pk)
    except Http404:
        _record_in_vain(request, pk, verb)
        raise


def _record_in_vain(request: HttpRequest, pk: int, verb: str, version: str = "") -> None:
    async_to_sync(actions.looked_in_vain)(
        actor=person(request),
        verb=verb,
        noun="score",
        which=pk,
        version=version,
        origin=origin_of(request),
    )


def chosen_version(score: Score, asked: str) -> ScoreVersion | None:
    """The version of that number, or the newest where none is asked for.

    Raises:
        Http404: there is none of that number.
    """
    versions = score.versions.order_by("-number")
    if not asked:
        return versions.first()
    version = versions.filter(number=number_of(asked)).first()
    if version is None:
        raise Http404("This score has no such version.")
    return version


def number_of(text: str) -> int:
    """A number from an address or a form; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def line_count(text: str) -> int:
    """How many lines an editor would show."""
    return text.count("\n") + (not text.endswith("\n"))


def runs_of(user: User, version: ScoreVersion) -> JobQuerySet:
    """The runs that went by a version at any time, as far as the person may see them."""
    begun = ScoreReplacement.objects.filter(replaced=version, adopted_at__isnull=False)
    return policy.visible_jobs(user).filter(
        Q(score_version=version) | Q(pk__in=begun.values("job_id"))
    )


def ways_of(runs: Iterable[Job]) -> dict[int, str]:
    """By run: which versions it went by, of those that went by more than one."""
    adopted = ScoreReplacement.objects.filter(
        job__in=[run.pk for run in runs], adopted_at__isnull=False, replaced__isnull=False
    )
    steps: dict[int, list[int]] = {}
    for job, before, after in adopted.order_by("adopted_at", "id").values_list(
        "job_id", "replaced__number", "version__number"
    )[:_MAX_STEPS]:
        steps.setdefault(job, [before]).append(after)
    return {
        job: f"began with v{numbers[0]}, went on with "
        + ", then ".join(f"v{number}" for number in numbers[1:])
        for job, numbers in steps.items()
    }


def _modified_jobs(user: User, version: ScoreVersion | OuterRef) -> QuerySet[ScoreReplacement, int]:
    """The run that a version was written for, by its number."""
    asked = ScoreReplacement.objects.filter(version=version, job__in=policy.visible_jobs(user))
    return asked.order_by("id").values_list("job_id", flat=True)[:1]


def _how(user: User, version: ScoreVersion) -> str:
    if version.how == ScoreVersion.How.MODIFIED:
        job = _modified_jobs(user, version).first()
        if job is not None:
            return f"Modified in job #{job} by"
    return _HOW_WORDS.get(ScoreVersion.How(version.how), "By")


def _how_shortly(version: ScoreVersion) -> str:
    job = getattr(version, "modified_job", None)
    if version.how == ScoreVersion.How.MODIFIED and job is not None:
        return f"modified in job #{job}"
    return version.get_how_display()


def _judged(user: User, score: Score, version: ScoreVersion) -> Judgement:
    try:
        prepared = async_to_sync(actions.prepare)(
            user,
            StoredScore(score.pk, version.number, score.name),
            conductor=actions.meant_conductor(user, None),
        )
    except PodiumBusy as error:
        return Judgement(busy=str(error))
    return of_findings(prepared.findings)


def _without_version(request: HttpRequest, score: Score, *, may_edit: bool) -> HttpResponse:
    """A score that is still nothing but a draft."""
    if may_edit:
        return HttpResponseRedirect(reverse("admin:jobs_score_edit", args=(score.pk,)))
    draft = getattr(score, "draft", None)
    context = {
        **admin.site.each_context(request),
        "title": one_line(score.name, 60),
        "name": one_line(score.name),
        "draft": draft,
        "draft_author": one_line(draft.author_name) if draft else "",
    }
    return render(request, "jobs/score/only_draft.html", context)


def _rows(
    user: User, score: Score, current: ScoreVersion, before: str
) -> tuple[list[VersionRow], int | None]:
    versions: QuerySet[ScoreVersion] = score.versions.order_by("-number").defer("text")
    if number := number_of(before):
        versions = versions.filter(number__lt=number)
    runs = policy.visible_jobs(user).filter(score_version=OuterRef("pk"))
    counted = runs.order_by().values("score_version").annotate(n=Count("pk")).values("n")
    # Runs that began with the version and went on with another. Each is asked for by its index.
    begun = ScoreReplacement.objects.filter(
        replaced=OuterRef("pk"), adopted_at__isnull=False, job__in=policy.visible_jobs(user)
    ).exclude(job__score_version=OuterRef("pk"))
    begun_count = begun.order_by().values("replaced").annotate(n=Count("job", distinct=True))
    found = list(
        versions.annotate(
            run_count=Subquery(counted[:1]),
            begun_count=Subquery(begun_count.values("n")[:1]),
            last_id=Subquery(runs.order_by("-id").values("id")[:1]),
            last_status=Subquery(runs.order_by("-id").values("status")[:1]),
            begun_id=Subquery(begun.order_by("-job_id").values("job_id")[:1]),
            modified_job=Subquery(_modified_jobs(user, OuterRef("pk"))),
        )[: _MAX_VERSIONS + 1]
    )
    rows = [_row(version, current) for version in found[:_MAX_VERSIONS]]
    return rows, rows[-1].number if len(found) > _MAX_VERSIONS else None


def _row(version: ScoreVersion, current: ScoreVersion) -> VersionRow:
    def counted(name: str) -> int:
        return getattr(version, name, None) or 0

    status = getattr(version, "last_status", None) or ""
    # The newest run that went by it may have another version now: its end is not this one's.
    went_on = counted("begun_id") > counted("last_id")
    return VersionRow(
        pk=version.pk,
        number=version.number,
        author=one_line(version.author_name),
        created_at=version.created_at,
        how=_how_shortly(version),
        message=one_line(version.message, 200),
        runs=counted("run_count") + counted("begun_count"),
        went_on=went_on,
        last=job_look(status) if status and not went_on else None,
        last_status=status,
        is_current=version.pk == current.pk,
    )
