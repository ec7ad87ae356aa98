"""Gathers the parts' models for Django."""

from jobs.access.models import ApiToken, SavedView
from jobs.actions.models import Batch, BatchItem, ScoreReplacement
from jobs.audit.models import Action, AuditRecord, IdempotencyKey
from jobs.live.models import Event, EventCounter, Onlooker, RelayLease
from jobs.registry.models import (
    Conductor,
    Job,
    Score,
    ScoreDraft,
    ScoreEditing,
    ScoreVersion,
    Sheet,
)

__all__ = [
    "Action",
    "ApiToken",
    "AuditRecord",
    "Batch",
    "BatchItem",
    "Conductor",
    "Event",
    "EventCounter",
    "IdempotencyKey",
    "Job",
    "Onlooker",
    "RelayLease",
    "SavedView",
    "Score",
    "ScoreDraft",
    "ScoreEditing",
    "ScoreReplacement",
    "ScoreVersion",
    "Sheet",
]
