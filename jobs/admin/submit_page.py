"""Submit: choose or write a score, see what it would do, then ask a conductor to run it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import ActionResult, UnfitText
from jobs.admin.answers import sentence, tell, tell_unavailable
from jobs.admin.judgement import Judgement, judge, of_findings
from jobs.admin.requests import person, reason_of
from jobs.admin.rows import job_url
from jobs.admin.score_gallery import filled_in, template_view
from jobs.admin.score_preview import PreviewView, preview_of
from jobs.admin.submit_form import SubmitForm, blank, typed
from jobs.admin.submit_prefill import prefilled
from jobs.admin.visible import one_line, visible
from jobs.errors import AuditUnavailable, IdempotencyConflict, PodiumBusy, ScoreError
from jobs.registry.models import Conductor
from jobs.scores import samples
from jobs.terms import Outcome, Verb

_STATUSES: Final = {Outcome.REFUSED: 409, Outcome.FAILED: 503}


@require_http_methods(["GET", "POST"])
def submit_view(request: HttpRequest) -> HttpResponse:
    """The page; a POST judges (`do=validate`), previews (`do=preview`) or submits."""
    user = person(request)
    if request.method == "POST":
        require_asked(request)
        do = _do_of(request)
        if do == "template":
            return _from_template(request, request.POST["template"])
        if do == "preview":
            values, judgement = typed(request.POST), _judged(request)
            return _page(request, values, judgement, preview=_previewed(request))
        if do == "validate":
            return _page(request, typed(request.POST), _judged(request))
        return _submit(request)
    _require_submit(user)
    values, again = prefilled(request)
    return _page(request, values, judge(user, SubmitForm(values)), again=again)


@require_http_methods(["GET", "POST"])
def validate_view(request: HttpRequest) -> HttpResponse:
    """The judgement alone, for the page's script to show as one types."""
    if request.method == "GET":
        return HttpResponseRedirect(reverse("admin:jobs_job_add"))
    require_judging(request)
    return render(request, "jobs/_judgement.html", {"judgement": _judged(request)})


@require_POST
def preview_view(request: HttpRequest) -> HttpResponse:
    """The preview alone."""
    require_judging(request)
    return render(request, "jobs/score/_preview.html", {"preview": _previewed(request)})


def _from_template(request: HttpRequest, slug: str) -> HttpResponse:
    """The page with a template, filled in as its form says; that form where something is unfit."""
    filled, _ = filled_in(request, slug)
    if filled.faults:
        return template_view(request, slug)
    values = blank(text=filled.text)
    words = f"The template {one_line(slug)}, filled in as you said."
    return _page(request, values, judge(person(request), SubmitForm(values)), again=words)


def _submit(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = SubmitForm(request.POST)
    source = form.source_of() if form.is_valid() else None
    values = typed(request.POST)
    if form.errors:
        return _page(request, values, _judged(request), error=_words_of(form), status=422)
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
            fresh=form.cleaned_data["fresh"],
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
    preview: PreviewView | None = None,
    again: str = "",
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
        "again": again,
        "preview": preview,
        "samples": samples(),
        "sample": request.GET.get("sample", ""),
        "conductors": conductors,
        "chosen_conductor": chosen or (conductors[0].slug if conductors else ""),
        "runs_commands": any(c.kind == Conductor.Kind.EMBEDDED for c in conductors),
        "unreachable": [c for c in conductors if c.is_reachable is False],
        "score_roots": settings.PODIUM_SCORE_ROOTS,
        "workspace_roots": settings.PODIUM_WORKSPACE_ROOTS,
        "max_reason": actions.MAX_REASON_LETTERS,
        "is_typed": request.method == "POST",
    }
    return render(request, "jobs/submit.html", context, status=status)


def _previewed(request: HttpRequest) -> PreviewView:
    user, form = person(request), SubmitForm(request.POST)
    source = form.source_of() if form.is_valid() else None
    if source is None:
        return PreviewView()
    return preview_of(
        user,
        source,
        conductor=actions.meant_conductor(user, form.cleaned_data["conductor"] or None),
        workspace=form.cleaned_data["workspace"],
        start_sheet=form.first_sheet,
        sheet=form.cleaned_data["preview_sheet"],
    )


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


def require_asked(request: HttpRequest) -> None:
    """The same of a POST: it is an attempt, so its denial is recorded, with what it asks for."""
    _require_recorded(request, is_submit=_do_of(request) == "submit")


def require_judging(request: HttpRequest) -> None:
    """The same of a POST that has a score judged, and no more."""
    _require_recorded(request, is_submit=False)


def _require_recorded(request: HttpRequest, *, is_submit: bool) -> None:
    user, origin = person(request), origin_of(request)
    if policy.may(user, Verb.SUBMIT):
        return
    about = _about(SubmitForm(request.POST))
    with suppress(AuditUnavailable):
        if is_submit:
            async_to_sync(actions.may_submit)(user, origin, about, reason=reason_of(request))
        else:
            async_to_sync(actions.may_judge)(user, origin, about)
    raise PermissionDenied("You may not submit scores.")


def _do_of(request: HttpRequest) -> str:
    """What a form asks for: a template filled in, a judgement, a preview, or else a submit."""
    if request.POST.get("template"):
        return "template"
    if "preview_sheet" in request.POST:
        return "preview"
    do = request.POST.get("do", "")
    return do if do in {"validate", "preview"} else "submit"


def _about(form: SubmitForm) -> dict[str, Any]:
    """What is to be run, as far as the form can be read: never the text itself."""
    form.full_clean()
    source = form.source_of()
    if source is None:
        return {}
    fields = form.cleaned_data
    wanted = actions.wanted_of(
        source,
        workspace=fields.get("workspace", ""),
        start_sheet=form.first_sheet,
        fresh=fields.get("fresh", False),
    )
    return wanted | ({"conductor": fields["conductor"]} if fields.get("conductor") else {})
