"""What the audit log holds, for tests to look at."""

from __future__ import annotations

from jobs.actions import ActionResult
from jobs.audit.models import Action, AuditRecord


def kinds_of(result: ActionResult) -> list[str]:
    """The kinds of an attempt's records, in their order."""
    records = AuditRecord.objects.filter(action_id=result.action_id).order_by("n")
    return [record.kind for record in records]


def intent_of(result: ActionResult) -> AuditRecord:
    """The record that was committed before anything was sent."""
    return AuditRecord.objects.get(action_id=result.action_id, kind="intent")


def outcomes() -> list[str]:
    """The outcome of every attempt, oldest first."""
    return [action.outcome for action in Action.objects.order_by("pk")]
