"""What is handed to the appender, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from jobs.audit.cleaning import clean_text
from jobs.audit.identity import new_action_id
from jobs.audit.origin import Origin
from jobs.terms import RecordKind

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record to be: everything but its place in the chain and the time of its writing.

    `outcome` is what this record concludes: an `Outcome` on `denied`, `outcome` and `note`
    records, a `Verdict` on `reconciled` and `settled` ones, empty on an intent. `job_pk` and
    `job_id` of a later record replace those of the intent in the projection (a submit learns its
    job late). Text is cleaned and bounded by the appender, see `jobs.audit.cleaning`.
    """

    action_id: UUID
    kind: RecordKind
    verb: str
    actor_id: int | None
    actor_name: str
    origin: Origin
    conductor: str = ""  # its slug
    job_pk: int | None = None
    job_id: str = ""
    reason: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seen: str = ""
    deadline_at: datetime | None = None
    outcome: str = ""
    message: str = ""
    duration_us: int | None = None

    @classmethod
    def by(cls, actor: User, kind: RecordKind, verb: str, origin: Origin, **facts: Any) -> Self:
        """Of what a person asked for; an attempt of its own unless `facts` have an `action_id`."""
        facts.setdefault("action_id", new_action_id())
        name = actor.get_username()
        return cls(kind=kind, verb=verb, actor_id=actor.pk, actor_name=name, origin=origin, **facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyDraft:
    """A key that is to be used once: unique (actor_id, method, path, key).

    Keys are never cut or cleaned, for two could then become one: the edge refuses bad ones.
    """

    actor_id: int
    method: str
    path: str
    key: str
    body_sha256: str

    def __post_init__(self) -> None:
        for name, most in (("method", 10), ("path", 500), ("key", 200), ("body_sha256", 64)):
            text = getattr(self, name)
            if len(text) > most or clean_text(text, most) != text:
                raise ValueError(f"{name} is longer than {most} characters, or cannot be stored.")


@dataclass(frozen=True, slots=True)
class Appended:
    """A record that is durable: its place in the chain, and its attempt's row in the lists."""

    n: int
    record_id: int
    hash: str
    action_pk: int
