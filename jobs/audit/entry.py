"""One record's values, in the order of the table's columns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import UUID

from jobs.audit.cleaning import MAX_TEXT_CHARS, clean_arguments, clean_text, utc
from jobs.audit.draft import Draft

if TYPE_CHECKING:
    from jobs.audit.models import AuditRecord


class Entry(NamedTuple):
    """All that is stored of a record. A tuple, for thousands of them are made a second."""

    id: int
    chain: str
    n: int
    at: datetime
    action_id: UUID
    kind: str
    verb: str
    actor_id: int | None
    actor_name: str
    channel: str
    ip: str
    peer_ip: str
    user_agent: str
    path: str
    token_id: int | None
    request_id: str
    conductor: str
    job_pk: int | None
    job_id: str
    reason: str
    arguments: dict[str, Any]
    seen: str
    deadline_at: datetime | None
    outcome: str
    message: str
    duration_us: int | None
    prev_hash: str
    hash: str

    @classmethod
    def of_draft(cls, draft: Draft, at: datetime) -> Self:
        """The entry without its place in the chain, cleaned: just what any database returns.

        Raises:
            TypeError: an argument that JSON does not know.
            ValueError: a deadline without a time zone.
        """
        origin = draft.origin
        return cls(
            id=0,
            chain="",
            n=0,
            at=at,
            action_id=draft.action_id,
            kind=str(draft.kind),
            verb=clean_text(str(draft.verb), 50),
            actor_id=draft.actor_id,
            actor_name=clean_text(draft.actor_name, 150),
            channel=str(origin.channel),
            ip=clean_text(origin.ip, 45),
            peer_ip=clean_text(origin.peer_ip, 45),
            user_agent=clean_text(origin.user_agent, 500),
            path=clean_text(origin.path, 500),
            token_id=origin.token_id,
            request_id=clean_text(origin.request_id, 64),
            conductor=clean_text(draft.conductor, 50),
            job_pk=draft.job_pk,
            job_id=clean_text(draft.job_id, 255),
            reason=clean_text(draft.reason, MAX_TEXT_CHARS),
            arguments=clean_arguments(draft.arguments),
            seen=clean_text(draft.seen, 100),
            deadline_at=utc(draft.deadline_at) if draft.deadline_at else None,
            outcome=clean_text(str(draft.outcome), 20),
            message=clean_text(draft.message, MAX_TEXT_CHARS),
            duration_us=draft.duration_us,
            prev_hash="",
            hash="",
        )

    @classmethod
    def of_record(cls, record: AuditRecord) -> Self:
        """The entry that a stored row says it is."""
        return cls(*(getattr(record, name) for name in cls._fields))
