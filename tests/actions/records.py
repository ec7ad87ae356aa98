"""What the audit log holds of attempts, for tests to look at; notes are about other things."""

from __future__ import annotations

from django.db.models import QuerySet

from jobs.actions import ActionResult
from jobs.audit.models import Action, AuditRecord


def records() -> QuerySet[AuditRecord]:
    """All records of attempts, oldest first."""
    return AuditRecord.objects.exclude(kind="note").order_by("n")


def attempts() -> QuerySet[Action]:
    """All attempts, oldest first."""
    ids = records().values("action_id")
    return Action.objects.filter(action_id__in=ids).order_by("pk")


def kinds_of(result: ActionResult) -> list[str]:
    """The kinds of an attempt's records, in their order."""
    return [record.kind for record in records().filter(action_id=result.action_id)]


def intent_of(result: ActionResult) -> AuditRecord:
    """The record that was committed before anything was sent."""
    return AuditRecord.objects.get(action_id=result.action_id, kind="intent")


def outcomes() -> list[str]:
    """The outcome of every attempt, oldest first."""
    return [action.outcome for action in attempts()]
