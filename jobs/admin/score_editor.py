"""The editor of a score: a form that works alone, and what its script asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import InlineScore
from jobs.admin.answers import tell_unavailable
from jobs.admin.diffs import DiffView, diff_rows
from jobs.admin.judgement import Judgement, of_findings, of_preparation
from jobs.admin.requests import is_live_refresh, person
from jobs.admin.score_gallery import filled_in, template_view
from jobs.admin.score_page import chosen_version, meant_score, number_of, visible_score
from jobs.admin.score_preview import PreviewView, preview_of
from jobs.admin.visible import one_line, visible
from jobs.errors import AccessDenied, AuditUnavailable, PodiumBusy, ScoreError
from jobs.registry import scores
from jobs.registry.models import Score, ScoreDraft
from jobs.scores import samples
from jobs.terms import Verb

_MAX_NAME_LETTERS: Final = 500
_VERBS: Final = {
    "save": "save score",
    "draft": "save draft",
    "discard": "discard draft",
    "discard-surely": "discard draft",
    "preview": "preview score",
}
_BLANK: Final = """\
name: my-score
description: What it is for.

instrument: cli       # the prompt below is run by bash

sheet:
  size: 1
  total_items: 1      # one sheet

prompt:
  template: |
    set -eu
    echo "Sheet {{ sheet_num }} of {{ total_sheets }}"
"""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    name: str = ""
    text: str = ""
    message: str = ""
    revision: int = 0  # of the draft that was seen; 0: there was none
    based_on: int = 0  # the newest version that was seen; 0: there was none

    @classmethod
    def of(cls, request: HttpRequest) -> Typed:
        """As it was sent."""
        data = request.POST
        return cls(
            name=data.get("name", "")[:_MAX_NAME_LETTERS],
            text=data.get("text", "")[: settings.PODIUM_MAX_SCORE_BYTES * 2],
            message=data.get("message", "")[: actions.MAX_MESSAGE_LETTERS * 2],
            revision=number_of(data.get("revision", "")),
            based_on=number_of(data.get("based_on", "")),
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody saved meanwhile, against what is in the form."""

    who: str
    what: str  # "draft" or "version 4"
    is_kept: bool  # theirs, when this text takes its place: versions are, a draft is not
    diff: DiffView


@require_http_methods(["GET", "POST"])
def add_view(request: HttpRequest) -> HttpResponse:
    """A new score, from nothing or from a sample."""
    if request.method == "POST":
        if slug := request.POST.get("template"):
            return _from_template(request, slug)
        return _posted(request, None)
    _require_edit(person(request))
    chosen = {sample.slug: sample for sample in samples()}.get(request.GET.get("sample", ""))
    typed = Typed(name=chosen.slug, text=chosen.text) if chosen else Typed(text=_BLANK)
    return _page(request, None, typed)


def _from_template(request: HttpRequest, slug: str) -> HttpResponse:
    """The editor with a template, filled in as its form says; that form where it is unfit."""
    _require_recorded(request, {"asked_for": "fill in template", "template": slug[:100]})
    filled, name = filled_in(request, slug)
    if filled.faults:
        return template_view(request, slug)
    return _page(request, None, Typed(name=name[:_MAX_NAME_LETTERS], text=filled.text))


@require_http_methods(["GET", "POST"])
def edit_view(request: HttpRequest, pk: int) -> HttpResponse:
    """A score that is there: its draft, or its newest version (or the one that is asked for)."""
    user = person(request)
    if request.method == "POST":
        return _posted(request, meant_to_edit(request, pk))
    score = visible_score(user, pk)
    _require_edit(user)
    draft: ScoreDraft | None = getattr(score, "draft", None)
    newest = scores.newest_number(score)
    asked = request.GET.get("version", "")
    version = chosen_version(score, asked)
    if draft is not None and not asked:
        typed = Typed(score.name, draft.text, "", draft.revision, draft.based_on)
    else:
        text = version.text if version else ""
        typed = Typed(score.name, text, "", draft.revision if draft else 0, newest)
    return _page(request, score, typed)


@require_POST
def check_view(request: HttpRequest) -> HttpResponse:
    """The judgement alone, for the editor to show as one types."""
    require_text(request, "check")
    judgement = _judged(person(request), Typed.of(request))
    return render(request, "jobs/_judgement.html", {"judgement": judgement})


@require_POST
def preview_view(request: HttpRequest) -> HttpResponse:
    """The preview alone."""
    require_text(request, "preview")
    context = {"preview": _previewed(request, Typed.of(request))}
    return render(request, "jobs/score/_preview.html", context)


@require_POST
def editing_view(request: HttpRequest, pk: int) -> HttpResponse:
    """An open editor says that it is there, and hears of the others."""
    user = person(request)
    score = visible_score(user, pk)
    about: dict[str, str | int] = {"asked_for": "open editor", "score": score.name}
    _require_recorded(request, about | {"score_id": score.pk})
    if "left" in request.POST:
        scores.note_left(score, user)
        return HttpResponse(status=204)
    scores.note_editing(score, user)
    draft: ScoreDraft | None = getattr(score, "draft", None)
    return JsonResponse(
        {
            "others": [one_line(name, 40) for name in scores.editing_now(score, but=user)],
            "revision": draft.revision if draft else 0,
            "saved_by": one_line(draft.author_name, 40) if draft else "",
            "newest": scores.newest_number(score),
        }
    )


def _posted(request: HttpRequest, score: Score | None) -> HttpResponse:
    typed = Typed.of(request)
    if score is not None:
        typed = replace(typed, name=score.name)
    do = _do_of(request)
    _require_recorded(request, _tried(score, typed, do))
    if do in {"draft", "save", "discard-surely"}:
        return _saved(request, score, typed, do)
    preview = _previewed(request, typed) if do == "preview" else None
    return _page(request, score, typed, preview=preview, asks_discard=do == "discard")


def require_new(request: HttpRequest) -> None:
    """Turn away whoever sends the form of a new score and may not keep it.

    Raises:
        PermissionDenied: they may not; recorded.
    """
    _require_recorded(request, _tried(None, Typed.of(request), _do_of(request)))


def require_text(request: HttpRequest, do: str) -> None:
    """The same of whoever asks what a text is worth; `do` is what for.

    Raises:
        PermissionDenied: they may not; recorded.
    """
    _require_recorded(request, _tried(None, Typed.of(request), do))


def meant_to_edit(request: HttpRequest, pk: int) -> Score:
    """The score that an editor's form is about.

    Raises:
        Http404: it is not there, or not for this person; what they sent is recorded.
    """
    user = person(request)
    try:
        return visible_score(user, pk)
    except Http404:
        about = _tried(None, Typed.of(request), _do_of(request))
        del about["score"]  # the address alone says which it is
        about["score_id"] = pk
        about["exists"] = pk < 2**63 and Score.objects.filter(pk=pk).exists()
        if async_to_sync(actions.may_edit_scores)(user, origin_of(request), about):
            meant_score(request, pk, policy.EDIT_SCORE)  # who may edit is recorded as in vain
        raise


def _do_of(request: HttpRequest) -> str:
    return "preview" if "preview_sheet" in request.POST else request.POST.get("do", "")


def _saved(request: HttpRequest, score: Score | None, typed: Typed, do: str) -> HttpResponse:
    try:
        return _do(request, score, typed, do)
    except AccessDenied as error:
        raise PermissionDenied(str(error)) from error
    except AuditUnavailable:
        return tell_unavailable(request)
    except ScoreError as error:
        judgement = of_findings(error.findings)
        return _page(request, score, typed, judgement, error=str(error), status=422)
    except scores.Overtaken:
        return _overtaken(request, score, typed, do)


def _do(request: HttpRequest, score: Score | None, typed: Typed, do: str) -> HttpResponse:
    who: dict[str, Any] = {"actor": person(request), "origin": origin_of(request)}
    if do == "discard-surely":
        if score is None:  # only a form that nobody was given asks for it
            return _page(request, None, typed, error="There is no draft to discard.", status=409)
        async_to_sync(actions.discard_draft)(**who, score=score, revision=typed.revision)
        messages.success(request, f"The draft of {one_line(score.name)} was discarded.")
        if score.pk is None or not scores.newest_number(score):
            return HttpResponseRedirect(reverse("admin:jobs_score_changelist"))
        return HttpResponseRedirect(reverse("admin:jobs_score_change", args=(score.pk,)))
    if do == "draft":
        draft = async_to_sync(actions.save_draft)(
            **who,
            name=typed.name,
            text=typed.text,
            revision=typed.revision,
            based_on=typed.based_on,
        )
        there = reverse("admin:jobs_score_edit", args=(draft.score_id,))
        if is_live_refresh(request):
            saved = {"revision": draft.revision, "url": there, "editing": _editing_url(draft)}
            return JsonResponse(saved)
        messages.success(request, "The draft was saved.")
        return HttpResponseRedirect(there)
    version = async_to_sync(actions.save_version)(
        **who,
        name=typed.name,
        text=typed.text,
        message=typed.message,
        based_on=typed.based_on,
        draft=typed.revision,
    )
    scores.note_left(version.score, person(request))
    messages.success(request, f"Saved as version {version.number}.")
    return HttpResponseRedirect(reverse("admin:jobs_score_change", args=(version.score_id,)))


def _editing_url(draft: ScoreDraft) -> str:
    return reverse("admin:jobs_score_editing", args=(draft.score_id,))


def _overtaken(request: HttpRequest, score: Score | None, typed: Typed, do: str) -> HttpResponse:
    """What is there now against what was typed; sent again, the form is written on top of it."""
    score = score or Score.objects.filter(name=typed.name).first()
    conflict, draft = None, None
    if score is not None:
        draft = ScoreDraft.objects.filter(score=score).first()
        newest = score.versions.order_by("-number").first()
        if draft is not None and draft.revision != typed.revision:
            theirs = diff_rows(draft.text, typed.text.replace("\r\n", "\n"))
            conflict = Conflict(one_line(draft.author_name, 60), "draft", False, theirs)
        elif newest is not None and newest.number != typed.based_on:
            theirs = diff_rows(newest.text, typed.text.replace("\r\n", "\n"))
            what = f"version {newest.number}"
            conflict = Conflict(one_line(newest.author_name, 60), what, True, theirs)
        typed = replace(
            typed,
            revision=draft.revision if draft else 0,
            based_on=newest.number if newest else 0,
        )
    words = "Nothing was saved: what you wrote is not based on what is there now."
    if do == "discard-surely":
        words = "Nothing was discarded: the draft is not the one that you saw."
    return _page(request, score, typed, error=words, conflict=conflict, status=409)


def _page(
    request: HttpRequest,
    score: Score | None,
    typed: Typed,
    judgement: Judgement | None = None,
    *,
    error: str = "",
    conflict: Conflict | None = None,
    preview: PreviewView | None = None,
    asks_discard: bool = False,
    status: int = 200,
) -> HttpResponse:
    user = person(request)
    draft = ScoreDraft.objects.filter(score=score).first() if score and score.pk else None
    if score is not None:
        scores.note_editing(score, user)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Edit {one_line(score.name, 60)}" if score else "New score",
        "score": score,
        "name": one_line(score.name) if score else "",
        "typed": typed,
        "judgement": judgement or _judged(user, typed),
        "error": visible(error),
        "conflict": conflict,
        "preview": preview,
        "draft": draft,
        "draft_author": one_line(draft.author_name) if draft else "",
        "asks_discard": asks_discard and draft is not None,
        "editing": [one_line(n, 40) for n in scores.editing_now(score, but=user)] if score else [],
        "may_submit": policy.may(user, Verb.SUBMIT),
        "max_message": actions.MAX_MESSAGE_LETTERS,
    }
    return render(request, "jobs/score/edit.html", context, status=status)


def _judged(user: User, typed: Typed) -> Judgement:
    text = typed.text.replace("\r\n", "\n")
    if not text.strip():
        return Judgement()
    try:
        prepared = async_to_sync(actions.prepare)(
            user, InlineScore(text), conductor=actions.meant_conductor(user, None)
        )
    except PodiumBusy as error:
        return Judgement(busy=str(error))
    return of_preparation(prepared)


def _previewed(request: HttpRequest, typed: Typed) -> PreviewView:
    user = person(request)
    return preview_of(
        user,
        InlineScore(typed.text.replace("\r\n", "\n")),
        conductor=actions.meant_conductor(user, None),
        sheet=number_of(request.POST.get("preview_sheet", "")) or None,
    )


def _require_edit(user: User) -> None:
    if not policy.may(user, policy.EDIT_SCORE):
        raise PermissionDenied("You may not change scores.")


def _tried(score: Score | None, typed: Typed, do: str) -> dict[str, str | int]:
    """What a form asks for, for the record of its denial: never the text itself."""
    return {
        "asked_for": _VERBS.get(do, "check score"),
        "score": typed.name,
        **({"score_id": score.pk} if score is not None else {}),
        "revision": typed.revision,
        "sha256": scores.sha256_of(typed.text.replace("\r\n", "\n")),
    }


def _require_recorded(request: HttpRequest, about: dict[str, str | int] | None = None) -> None:
    """The same of a POST: it is an attempt, so its denial is recorded."""
    try:
        may = async_to_sync(actions.may_edit_scores)(person(request), origin_of(request), about)
    except AuditUnavailable as error:
        raise PermissionDenied("You may not change scores.") from error
    if not may:
        raise PermissionDenied("You may not change scores.")
