"""Clearing a conductor's rate limits: what is held back now, a reason, and one attempt."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import UnfitText
from jobs.admin.answers import LEVELS, sentence, tell_unavailable
from jobs.admin.requests import is_live_refresh, person, reason_of
from jobs.admin.visible import one_line
from jobs.errors import AuditUnavailable, IdempotencyConflict
from jobs.registry.models import Conductor
from jobs.terms import Outcome, Verb

_MAX_INSTRUMENT: Final = 100


@require_http_methods(["GET", "POST"])
def clear_rate_limits_view(request: HttpRequest, pk: int) -> HttpResponse:
    """The question (GET), and what comes of the answer (POST)."""
    conductor = meant_conductor(request, pk)
    if request.method == "POST":
        return _clear(request, conductor)
    if not policy.may(person(request), Verb.CLEAR_RATE_LIMITS):
        raise PermissionDenied("You may not clear rate limits.")
    return _question(request, conductor)


def meant_conductor(request: HttpRequest, pk: int) -> Conductor:
    """The conductor whose limits are meant.

    Raises:
        Http404: it is not there, or not for this person; that somebody sent a form for it is
            recorded.
    """
    user = person(request)
    conductor = policy.visible_conductors(user).filter(pk=pk).first() if pk < 2**63 else None
    if conductor is not None:
        return conductor
    if request.method == "POST":
        async_to_sync(actions.looked_in_vain)(
            actor=user,
            verb=Verb.CLEAR_RATE_LIMITS,
            noun="conductor",
            which=pk,
            origin=origin_of(request),
            reason=reason_of(request),
        )
    raise Http404("There is no such conductor, or none that you may see.")


def _question(request: HttpRequest, conductor: Conductor, *, error: str = "") -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    context = {
        **admin.site.each_context(request),
        "title": f"Clear rate limits of {one_line(conductor.name, 60)}?",
        "conductor_name": one_line(conductor.name),
        "conductor_url": _url(conductor),
        "limits_url": reverse("admin:jobs_conductor_part", args=(conductor.pk, "limits")),
        "act_url": request.path,
        "instrument": asked.get("instrument", "")[:_MAX_INSTRUMENT],
        "reason": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "key": uuid4().hex,
        "error": error,
        "is_dialog": is_live_refresh(request),
    }
    return render(request, "jobs/rate_limits.html", context, status=422 if error else 200)


def _clear(request: HttpRequest, conductor: Conductor) -> HttpResponse:
    try:
        result = async_to_sync(actions.clear_rate_limits)(
            actor=person(request),
            conductor=conductor,
            origin=origin_of(request),
            instrument=request.POST.get("instrument", ""),
            reason=request.POST.get("reason", ""),
            key=request.POST.get("key") or None,
        )
    except UnfitText as error:
        return _question(request, conductor, error=str(error))
    except IdempotencyConflict as conflict:
        messages.warning(request, str(conflict))
        return HttpResponseRedirect(_url(conductor))
    except AuditUnavailable:
        return tell_unavailable(request)
    if result.outcome is Outcome.DENIED:
        raise PermissionDenied(result.message)
    said = sentence(result, one_line(conductor.name))
    messages.add_message(request, LEVELS[result.outcome], said)
    return HttpResponseRedirect(_url(conductor))


def _url(conductor: Conductor) -> str:
    return reverse("admin:jobs_conductor_change", args=(conductor.pk,))
