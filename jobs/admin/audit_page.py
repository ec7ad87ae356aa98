"""One attempt with every record of it, and the form that settles what nobody could prove."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

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
from jobs.admin.looks import CHANNEL_WORDS, Look, outcome_look
from jobs.admin.requests import person
from jobs.admin.rows import ActionRow
from jobs.admin.visible import one_line, visible
from jobs.audit.canonical import canonical, digest, line
from jobs.audit.entry import Entry
from jobs.audit.models import Action, AuditRecord
from jobs.errors import AccessDenied, AuditUnavailable, IdempotencyConflict
from jobs.registry.models import Job
from jobs.terms import Outcome, RecordKind, Verb, Verdict

MAX_RECORDS: Final = 50

_KINDS: Final = {
    RecordKind.DENIED: Look("denied", "bad", "lock"),
    RecordKind.INTENT: Look("intent", "run", "submit"),
    RecordKind.OUTCOME: Look("outcome", "idle", "check"),
    RecordKind.RECONCILED: Look("reconciled", "odd", "retry"),
    RecordKind.SETTLED: Look("settled", "odd", "person"),
    RecordKind.NOTE: Look("note", "idle", "note"),
}
_KIND_WORDS: Final = {
    RecordKind.DENIED: "Refused by the policy; nothing was sent.",
    RecordKind.INTENT: "Written and committed before anything was sent.",
    RecordKind.OUTCOME: "What came back.",
    RecordKind.RECONCILED: "What the conductor's state later showed.",
    RecordKind.SETTLED: "What a person concluded.",
    RecordKind.NOTE: "Something that needed no conductor.",
}


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record, whole, as pairs of name and value."""

    n: int
    chain: str
    look: Look
    words: str
    record: AuditRecord
    outcome: Look | None
    message: str
    reason: str
    arguments: str
    facts: list[tuple[str, str]]
    is_intact: bool  # its hash is the one of its content
    whole: str  # the canonical form that is hashed, and the hash

    @classmethod
    def of(cls, record: AuditRecord) -> RecordRow:
        """The row of a record."""
        entry = Entry.of_record(record)
        kind = RecordKind(record.kind) if record.kind in set(RecordKind) else None
        facts = [
            ("Actor", f"{one_line(record.actor_name) or 'nobody'}{_number(record.actor_id)}"),
            ("Way in", record.channel),
            ("Address", record.ip),
            ("Connection from", record.peer_ip if record.peer_ip != record.ip else ""),
            ("Agent", one_line(record.user_agent, 500)),
            ("Path", one_line(record.path, 500)),
            ("Token", "" if record.token_id is None else f"#{record.token_id}"),
            ("Request", record.request_id),
            ("Conductor", one_line(record.conductor)),
            ("Job", f"{one_line(record.job_id)}{_number(record.job_pk)}"),
            ("State seen", one_line(record.seen)),
        ]
        return cls(
            n=record.n,
            chain=record.chain,
            look=_KINDS[kind] if kind else Look(one_line(record.kind, 20), "odd", "unknown"),
            words=_KIND_WORDS[kind] if kind else "",
            record=record,
            outcome=_concluded(record),
            message=visible(record.message),
            reason=visible(record.reason),
            arguments=_pretty(record.arguments),
            facts=[(name, value) for name, value in facts if value],
            is_intact=digest(canonical(entry)) == record.hash,
            whole=visible(line(entry)),
        )


def _concluded(record: AuditRecord) -> Look | None:
    if not record.outcome:
        return None
    if record.outcome in set(Outcome):
        return outcome_look(record.outcome)
    return Look(one_line(record.outcome, 40), "odd", "info")  # a verdict


def _number(pk: int | None) -> str:
    return "" if pk is None else f" (#{pk})"


def _pretty(arguments: dict[str, Any]) -> str:
    if not arguments:
        return ""
    return visible(json.dumps(arguments, indent=2, ensure_ascii=False, sort_keys=True)[:20_000])


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
    return action.needs_attention and _may_settle(user, action)


def _may_settle(user: User, action: Action) -> bool:
    if action.verb not in set(Verb):
        return False
    job = Job.objects.filter(pk=action.job_pk).first() if action.job_pk else None
    return policy.may(user, Verb(action.verb), job)


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
        "may_settle": action.needs_attention and _may_settle(user, action),
        "conclusions": [(Verdict.HAPPENED, "It happened"), (Verdict.DID_NOT_HAPPEN, "It did not")],
        "chosen": request.POST.get("conclusion", ""),
        "typed": request.POST.get("reason", ""),
        "max_reason": actions.MAX_REASON_LETTERS,
        "error": error,
    }
    return render(request, "jobs/audit_page.html", context, status=422 if error else 200)
