"""Submit: choose or write a score, see what it would do, then ask a conductor to run it."""

from __future__ import annotations

from typing import Any, Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, UnfitText
from jobs.admin.answers import sentence, tell, tell_unavailable
from jobs.admin.judgement import Judgement, judge, of_findings
from jobs.admin.requests import person
from jobs.admin.rows import job_url
from jobs.admin.submit_form import SubmitForm, blank, typed
from jobs.admin.visible import visible
from jobs.errors import AuditUnavailable, IdempotencyConflict, PodiumBusy, ScoreError
from jobs.registry.models import Conductor, ScoreVersion
from jobs.scores import samples
from jobs.terms import Outcome, Verb

_STATUSES: Final = {Outcome.REFUSED: 409, Outcome.FAILED: 503}


@require_http_methods(["GET", "POST"])
def submit_view(request: HttpRequest) -> HttpResponse:
    """The page; a POST judges (`do=validate`) or submits."""
    user = person(request)
    if request.method == "POST":
        _require_recorded(request)
        if request.POST.get("do") == "validate":
            return _page(request, typed(request.POST), _judged(request))
        return _submit(request)
    _require_submit(user)
    values = _prefilled(request)
    return _page(request, values, judge(user, SubmitForm(values)))


@require_http_methods(["GET", "POST"])
def validate_view(request: HttpRequest) -> HttpResponse:
    """The judgement alone, for the page's script to show as one types."""
    if request.method == "GET":
        return HttpResponseRedirect(reverse("admin:jobs_job_add"))
    _require_recorded(request)
    return render(request, "jobs/_judgement.html", {"judgement": _judged(request)})


def _submit(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = SubmitForm(request.POST)
    source = form.source_of() if form.is_valid() else None
    values = typed(request.POST)
    if form.errors:
        return _page(request, values, Judgement(), error=_words_of(form), status=422)
    if source is None:
        words = "Choose a sample, write a score or give a path first."
        return _page(request, values, Judgement(), error=words, status=422)
    try:
        result = async_to_sync(actions.submit)(
            actor=user,
            origin=origin_of(request),
            source=source,
            conductor=actions.choose_conductor(user, form.cleaned_data["conductor"] or None),
            workspace=form.cleaned_data["workspace"],
            start_sheet=form.first_sheet,
            reason=form.cleaned_data["reason"],
            key=form.cleaned_data["key"] or None,
        )
    except ScoreError as error:
        judgement = of_findings(error.findings)
        return _page(request, values, judgement, error=str(error), status=422)
    except PodiumBusy as error:
        busy = Judgement(busy=str(error))
        page = _page(request, values, busy, error=f"Nothing was sent. {error}", status=503)
        page["Retry-After"] = str(error.retry_after_s)
        return page
    except UnfitText as error:
        return _page(request, values, _judged(request), error=str(error), status=422)
    except IdempotencyConflict as conflict:
        return _page(request, values, _judged(request), error=str(conflict), status=409)
    except AuditUnavailable:
        return tell_unavailable(request)
    return _answer(request, result, values)


def _answer(request: HttpRequest, result: ActionResult, values: dict[str, Any]) -> HttpResponse:
    """Onto the job's page where there is one; else the form as it was, with the answer."""
    if result.outcome is Outcome.DENIED:
        raise PermissionDenied(result.message)
    if result.job is not None:
        tell(request, result, result.job)
        return HttpResponseRedirect(job_url(result.job.pk))
    if result.outcome in _STATUSES:
        said = sentence(result, "the score")
        return _page(
            request, values, _judged(request), error=said, status=_STATUSES[result.outcome]
        )
    tell(request, result, None)
    return HttpResponseRedirect(reverse("admin:jobs_action_change", args=(result.id,)))


def _page(
    request: HttpRequest,
    values: dict[str, Any],
    judgement: Judgement,
    *,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    user = person(request)
    conductors = list(policy.visible_conductors(user).filter(is_enabled=True)[:100])
    chosen = values["conductor"]
    context = {
        **admin.site.each_context(request),
        "title": "Submit a score",
        "values": values,
        "judgement": judgement,
        "error": visible(error),
        "samples": samples(),
        "sample": request.GET.get("sample", ""),
        "conductors": conductors,
        "chosen_conductor": chosen or (conductors[0].slug if conductors else ""),
        "runs_commands": any(c.kind == Conductor.Kind.EMBEDDED for c in conductors),
        "unreachable": [c for c in conductors if c.is_reachable is False],
        "score_roots": settings.PODIUM_SCORE_ROOTS,
        "workspace_roots": settings.PODIUM_WORKSPACE_ROOTS,
        "max_reason": actions.MAX_REASON_LETTERS,
    }
    return render(request, "jobs/submit.html", context, status=status)


def _prefilled(request: HttpRequest) -> dict[str, Any]:
    """The fields as a link asks for them: a sample, or a version that was run before."""
    if slug := request.GET.get("sample"):
        for sample in samples():
            if sample.slug == slug:
                return blank(text=sample.text)
    version = request.GET.get("version", "")
    user = person(request)
    if (
        version.isascii()
        and version.isdigit()
        and len(version) < 19
        and user.has_perm("jobs.view_score")
    ):
        kept = ScoreVersion.objects.select_related("score").filter(pk=int(version)).first()
        if kept is not None:
            return blank(text=kept.text, name=kept.score.name)
        messages.warning(request, "That version of a score is not there.")
    return blank()


def _judged(request: HttpRequest) -> Judgement:
    return judge(person(request), SubmitForm(request.POST))


def _words_of(form: SubmitForm) -> str:
    return " ".join(
        f"{field.replace('_', ' ').capitalize()}: {error}"
        for field, errors in form.errors.items()
        for error in errors
    )


def _require_submit(user: User) -> None:
    if not policy.may(user, Verb.SUBMIT):
        raise PermissionDenied("You may not submit scores.")


def _require_recorded(request: HttpRequest) -> None:
    """The same of a POST: it is an attempt, so its denial is recorded."""
    try:
        may = async_to_sync(actions.may_submit)(person(request), origin_of(request))
    except AuditUnavailable as error:
        raise PermissionDenied("You may not submit scores.") from error
    if not may:
        raise PermissionDenied("You may not submit scores.")
