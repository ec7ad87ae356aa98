"""Attempts that Podium turns away because it is busy: each leaves a record, however many come."""

from __future__ import annotations

from jobs.actions.answers import NOTHING_SENT
from jobs.actions.attempt import Attempt
from jobs.actions.denied import denial
from jobs.actions.idempotency import fingerprint_of
from jobs.errors import PodiumBusy
from jobs.terms import Outcome, RecordKind


async def record_busy(attempt: Attempt, busy: PodiumBusy) -> None:
    """Record a refusal; the same one again within a minute is counted with it, as denials are.

    Whoever is told to try again soon does so, and the log must not be what they fill.

    Raises:
        AuditUnavailable: it cannot be recorded; nothing was sent in any case.
    """
    draft = attempt.first_draft(
        RecordKind.REFUSED, outcome=Outcome.REFUSED, message=f"{busy} {NOTHING_SENT}"
    )
    about = fingerprint_of({"job": draft.job_pk, "reason": draft.reason, **draft.arguments})
    kind = ("busy", attempt.actor.pk, attempt.verb, attempt.conductor.pk, about)
    await denial(draft, (*kind, attempt.origin.token_id), lane="busy")
