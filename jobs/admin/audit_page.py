"""One attempt with every record of it, and the form that settles what nobody could prove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.actions import UnfitText
from jobs.admin.answers import tell_unavailable
from jobs.admin.looks import CHANNEL_WORDS, Look
from jobs.admin.record_rows import RecordRow, versions_in
from jobs.admin.requests import person, reason_of
from jobs.admin.rows import ActionRow
from jobs.admin.visible import one_line, visible
from jobs.audit.models import Action, AuditRecord
from jobs.errors import AccessDenied, AuditUnavailable, IdempotencyConflict
from jobs.terms import RecordKind, Verdict

MAX_RECORDS: Final = 50
_CHOICES: Final = ((Verdict.HAPPENED, "It happened"), (Verdict.DID_NOT_HAPPEN, "It did not"))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was concluded of an attempt that nobody answered: by whom, and from what.

    Of another person's, whoever may not read the log is told the verdict and the time alone.
    """

    look: Look
    actor: str
    at: datetime
    message: str
    reason: str

    @classmethod
    def of(cls, record: AuditRecord, *, is_open: bool) -> Self:
        """The conclusion that a record tells; `is_open`: with whose it is, and why."""
        return cls(
            look=Look(one_line(record.outcome, 40), "odd", "info"),
            actor=one_line(record.actor_name) if is_open else "",
            at=record.at,
            message=visible(record.message) if is_open else "",
            reason=visible(record.reason) if is_open else "",
        )


@require_safe
def attempt_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one attempt. One's own may be seen without the right to read the log."""
    return _page(request, _action_or_404(request, pk))


@require_http_methods(["GET", "POST"])
def settle_view(request: HttpRequest, pk: int) -> HttpResponse:
    """A person concludes what could not be proven, or contradicts, with a reason."""
    try:
        action = _action_or_404(request, pk)
    except Http404:
        if request.method == "POST":
            _record_in_vain(request, pk)
        raise
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
            seen=request.POST.get("seen"),
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


def _record_in_vain(request: HttpRequest, pk: int) -> None:
    async_to_sync(actions.looked_in_vain)(
        actor=person(request),
        verb="settle",
        noun="attempt",
        which=pk,
        origin=origin_of(request),
        reason=reason_of(request),
    )


def _action_or_404(request: HttpRequest, pk: int) -> Action:
    action = Action.objects.filter(pk=pk).first() if pk < 2**63 else None
    if action is None or not _may_open(person(request), action):
        raise Http404("There is no such attempt, or none that you may see.")
    return action


def _may_open(user: User, action: Action) -> bool:
    if policy.may_read_action(user, action):
        return True
    return actions.may_be_settled(action) and actions.has_right_to_settle(user, action)


def _never_used(records: QuerySet[AuditRecord]) -> str:
    """What was recorded of a score that was accepted and never came into use; else nothing."""
    told = _unused(records).first()
    return visible(told.message) if told else ""


def _unused(records: QuerySet[AuditRecord]) -> QuerySet[AuditRecord]:
    return records.filter(kind=RecordKind.RECONCILED, arguments__came_into_use=False)


def _conclusions(records: QuerySet[AuditRecord], user: User, *, may_read: bool) -> list[Conclusion]:
    """The latest that was concluded, the last one first; an answer that was heard needs none."""
    judging = records.filter(kind__in=(RecordKind.RECONCILED, RecordKind.SETTLED))
    told = judging.exclude(pk__in=_unused(judging).values("pk"))
    return [
        Conclusion.of(record, is_open=may_read or record.actor_id in (None, user.pk))
        for record in told.order_by("-n")[:MAX_RECORDS]
    ]


def _page(request: HttpRequest, action: Action, *, error: str = "") -> HttpResponse:
    user = person(request)
    may_read = policy.may(user, policy.VIEW_AUDIT)
    found = AuditRecord.objects.filter(action_id=action.action_id).order_by("n")
    records = list(found[:MAX_RECORDS]) if may_read else []
    versions = versions_in(user, records)
    row = ActionRow.of(action)
    is_concluded = bool(action.verdict) and not action.needs_attention
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
        "never_used": _never_used(found),
        "records": [RecordRow.of(record, versions) for record in records],
        "may_read": may_read,
        "may_be_settled": actions.may_be_settled(action),
        "is_concluded": is_concluded,
        "concluded": _conclusions(found, user, may_read=may_read),
        "may_settle": actions.has_right_to_settle(user, action),
        "conclusions": [one for one in _CHOICES if one[0] != action.verdict],
        "chosen": request.POST.get("conclusion", ""),
        "typed": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "error": error,
    }
    return render(request, "jobs/audit_page.html", context, status=422 if error else 200)
