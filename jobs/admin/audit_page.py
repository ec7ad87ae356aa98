"""One attempt with every record of it, and the form that settles what nobody could prove."""

from __future__ import annotations

from typing import Final

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import UnfitText
from jobs.admin.answers import tell_unavailable
from jobs.admin.looks import CHANNEL_WORDS
from jobs.admin.record_rows import RecordRow
from jobs.admin.requests import person
from jobs.admin.rows import ActionRow
from jobs.admin.visible import one_line, visible
from jobs.audit.models import Action, AuditRecord
from jobs.errors import AccessDenied, AuditUnavailable, IdempotencyConflict
from jobs.terms import Verdict

MAX_RECORDS: Final = 50


@require_safe
def attempt_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one attempt. One's own may be seen without the right to read the log."""
    return _page(request, _action_or_404(request, pk))


@require_http_methods(["GET", "POST"])
def settle_view(request: HttpRequest, pk: int) -> HttpResponse:
    """A person concludes what could not be proven, with a reason. The form is on its page."""
    action = _action_or_404(request, pk)
    if request.method == "GET":
        return HttpResponseRedirect(reverse("admin:jobs_action_change", args=(pk,)))
    wanted = request.POST.get("conclusion", "")
    try:
        async_to_sync(actions.settle)(
            actor=person(request),
            action=action,
            conclusion=Verdict(wanted) if wanted in set(Verdict) else Verdict.CANNOT_BE_KNOWN,
            reason=request.POST.get("reason", ""),
            origin=origin_of(request),
        )
    except UnfitText as error:
        return _page(request, action, error=str(error))
    except AccessDenied as error:
        raise PermissionDenied(str(error)) from error
    except IdempotencyConflict:
        messages.warning(request, "Somebody else has settled it in the meantime.")
    except AuditUnavailable:
        return tell_unavailable(request)
    else:
        messages.success(request, "Your conclusion is recorded.")
    return HttpResponseRedirect(reverse("admin:jobs_action_change", args=(pk,)))


def _action_or_404(request: HttpRequest, pk: int) -> Action:
    action = Action.objects.filter(pk=pk).first() if pk < 2**63 else None
    if action is None or not _may_open(person(request), action):
        raise Http404("There is no such attempt, or none that you may see.")
    return action


def _may_open(user: User, action: Action) -> bool:
    if policy.visible_actions(user).filter(pk=action.pk).exists():
        return True
    return actions.may_be_settled(action) and actions.has_right_to_settle(user, action)


def _page(request: HttpRequest, action: Action, *, error: str = "") -> HttpResponse:
    user = person(request)
    records = AuditRecord.objects.filter(action_id=action.action_id).order_by("n")
    may_read = policy.may(user, policy.VIEW_AUDIT)
    row = ActionRow.of(action)
    context = {
        **admin.site.each_context(request),
        "title": f"{row.verb.capitalize()} {row.job_name}".strip(),
        "action": row,
        "action_id": str(action.action_id),
        "conductor": one_line(action.conductor),
        "concluded_at": action.concluded_at,
        "deadline_at": action.deadline_at,
        "ip": action.ip,
        "way": CHANNEL_WORDS.get(action.channel, action.channel),
        "whole_reason": visible(action.reason),
        "records": [RecordRow.of(record) for record in records[:MAX_RECORDS]] if may_read else [],
        "may_read": may_read,
        "is_unsettled": actions.may_be_settled(action),
        "may_settle": actions.has_right_to_settle(user, action),
        "conclusions": [(Verdict.HAPPENED, "It happened"), (Verdict.DID_NOT_HAPPEN, "It did not")],
        "chosen": request.POST.get("conclusion", ""),
        "typed": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "error": error,
    }
    return render(request, "jobs/audit_page.html", context, status=422 if error else 200)
