"""The audit log: attempts, and the records that prove them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from ninja import Schema

from jobs.audit.models import Action, AuditRecord


class AttemptOut(Schema):
    """One line of the audit log: an attempt and its outcome."""

    id: int
    action_id: str
    verb: str
    outcome: str
    message: str
    verdict: str | None
    needs_attention: bool
    actor_id: int | None
    actor: str
    channel: str
    ip: str | None
    conductor: str | None
    job: int | None
    job_id: str | None
    reason: str | None
    started_at: datetime
    concluded_at: datetime | None
    duration_us: int | None

    @classmethod
    def of(cls, action: Action) -> Self:
        """The shape of a row."""
        return cls(**_attempt(action))


class RecordOut(Schema):
    """One record of the chain, whole."""

    chain: str
    n: int
    at: datetime
    kind: str
    verb: str
    actor_id: int | None
    actor: str
    channel: str
    ip: str | None
    peer_ip: str | None
    user_agent: str | None
    path: str | None
    token_id: int | None
    request_id: str | None
    reason: str | None
    arguments: dict[str, Any]
    seen: str | None
    deadline_at: datetime | None
    outcome: str | None
    message: str | None
    duration_us: int | None
    prev_hash: str
    hash: str

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """The shape of a row."""
        return cls(
            chain=record.chain,
            n=record.n,
            at=record.at,
            kind=record.kind,
            verb=record.verb,
            actor_id=record.actor_id,
            actor=record.actor_name,
            channel=record.channel,
            ip=record.ip or None,
            peer_ip=record.peer_ip or None,
            user_agent=record.user_agent or None,
            path=record.path or None,
            token_id=record.token_id,
            request_id=record.request_id or None,
            reason=record.reason or None,
            arguments=record.arguments,
            seen=record.seen or None,
            deadline_at=record.deadline_at,
            outcome=record.outcome or None,
            message=record.message or None,
            duration_us=record.duration_us,
            prev_hash=record.prev_hash,
            hash=record.hash,
        )


class AttemptWithRecords(AttemptOut):
    """An attempt and the records that prove it."""

    records: list[RecordOut]

    @classmethod
    def with_records(cls, action: Action, records: Iterable[AuditRecord]) -> Self:
        """An attempt with its records, in their order."""
        return cls(**_attempt(action), records=[RecordOut.of(record) for record in records])


def _attempt(action: Action) -> dict[str, Any]:
    return {
        "id": action.pk,
        "action_id": str(action.action_id),
        "verb": action.verb,
        "outcome": action.outcome,
        "message": action.message,
        "verdict": action.verdict or None,
        "needs_attention": action.needs_attention,
        "actor_id": action.actor_id,
        "actor": action.actor_name,
        "channel": action.channel,
        "ip": action.ip or None,
        "conductor": action.conductor or None,
        "job": action.job_pk,
        "job_id": action.job_id or None,
        "reason": action.reason or None,
        "started_at": action.started_at,
        "concluded_at": action.concluded_at,
        "duration_us": action.duration_us,
    }
