"""An export of the audit log leaves a record in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import User

from jobs import audit
from jobs.audit import Draft, Origin
from jobs.terms import Outcome, RecordKind

EXPORT_VERB: Final = "export audit log"


async def note_export(actor: User, origin: Origin, arguments: Mapping[str, Any]) -> None:
    """Record that somebody takes the audit log away, before its first line; `arguments` say what.

    Raises:
        AuditUnavailable: it cannot be recorded; then nothing is handed out.
    """
    await audit.aappend(
        Draft.by(
            actor,
            RecordKind.NOTE,
            EXPORT_VERB,
            origin,
            arguments=dict(arguments),
            outcome=Outcome.SUCCEEDED,
            message="The audit log was exported.",
        )
    )
