"""Gathers the parts' models for Django."""

from jobs.access.models import ApiToken
from jobs.audit.models import Action, AuditRecord, IdempotencyKey
from jobs.live.models import Event, EventCounter, RelayLease
from jobs.registry.models import Conductor, Job, Score, ScoreVersion, Sheet

__all__ = [
    "Action",
    "ApiToken",
    "AuditRecord",
    "Conductor",
    "Event",
    "EventCounter",
    "IdempotencyKey",
    "Job",
    "RelayLease",
    "Score",
    "ScoreVersion",
    "Sheet",
]
