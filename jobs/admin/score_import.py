"""A score from a file below one of the allowed folders, into the library."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.admin.answers import tell_unavailable
from jobs.admin.requests import person
from jobs.admin.visible import visible
from jobs.errors import AccessDenied, AuditUnavailable, ScoreError

_FIELDS = ("path", "name", "message")
_MAX_LETTERS = 4_000


@require_http_methods(["GET", "POST"])
def import_view(request: HttpRequest) -> HttpResponse:
    """The form; a POST reads the file and keeps its text as a version."""
    user = person(request)
    values = {field: request.POST.get(field, "")[:_MAX_LETTERS] for field in _FIELDS}
    error = ""
    if request.method == "POST":
        try:
            version = async_to_sync(actions.import_version)(
                actor=user, origin=origin_of(request), **values
            )
        except AccessDenied as denied:
            raise PermissionDenied(str(denied)) from denied
        except AuditUnavailable:
            return tell_unavailable(request)
        except ScoreError as refusal:
            error = str(refusal)
        else:
            words = f"Imported as version {version.number} of {version.score.name}."
            messages.success(request, words)
            return HttpResponseRedirect(
                reverse("admin:jobs_score_change", args=(version.score_id,))
            )
    elif not policy.may(user, policy.EDIT_SCORE):
        raise PermissionDenied("You may not change scores.")
    context = {
        **admin.site.each_context(request),
        "title": "Import a score",
        "values": values,
        "error": visible(error),
        "score_roots": settings.PODIUM_SCORE_ROOTS,
        "max_message": actions.MAX_MESSAGE_LETTERS,
    }
    return render(request, "jobs/score/import.html", context, status=422 if error else 200)
