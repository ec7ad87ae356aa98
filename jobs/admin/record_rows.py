"""Audit records as the page of an attempt shows them: whole, and checked against their hash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.urls import reverse

from jobs.access import policy
from jobs.admin.looks import Look, outcome_look
from jobs.admin.visible import one_line, visible
from jobs.audit.canonical import canonical, digest, line
from jobs.audit.entry import Entry
from jobs.audit.models import AuditRecord
from jobs.registry.models import ScoreVersion
from jobs.terms import Outcome, RecordKind

_KINDS: Final = {
    RecordKind.DENIED: Look("denied", "bad", "lock"),
    RecordKind.INTENT: Look("intent", "run", "submit"),
    RecordKind.OUTCOME: Look("outcome", "idle", "check"),
    RecordKind.RECONCILED: Look("reconciled", "odd", "retry"),
    RecordKind.REFUSED: Look("refused", "warn", "slash"),
    RecordKind.SETTLED: Look("settled", "odd", "person"),
    RecordKind.NOTE: Look("note", "idle", "note"),
}
_KIND_WORDS: Final = {
    RecordKind.DENIED: "Refused by the policy; nothing was sent.",
    RecordKind.INTENT: "Written and committed before anything was sent.",
    RecordKind.OUTCOME: "What came back.",
    RecordKind.RECONCILED: "What the conductor's state later showed.",
    RecordKind.REFUSED: "Podium would not prepare it; nothing was sent.",
    RecordKind.SETTLED: "What a person concluded.",
    RecordKind.NOTE: "Something that needed no conductor.",
}


@dataclass(frozen=True, slots=True)
class VersionLink:
    """A version of a score as people know it."""

    words: str
    url: str


def versions_in(user: User, records: Iterable[AuditRecord]) -> dict[int, VersionLink]:
    """The versions that records name by their keys, as far as the person may see them."""
    wanted = {pk for record in records if (pk := _version_pk(record))}
    found = ScoreVersion.objects.filter(pk__in=wanted, score__in=policy.visible_scores(user))
    return {
        version.pk: VersionLink(
            f"{one_line(version.score.name, 80)} v{version.number}",
            f"{reverse('admin:jobs_score_change', args=(version.score_id,))}"
            f"?version={version.number}",
        )
        for version in found.select_related("score").defer("text")
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
    version: VersionLink | None  # the score's version that its arguments name
    is_intact: bool  # its hash is the one of its content
    whole: str  # the canonical form that is hashed, and the hash

    @classmethod
    def of(cls, record: AuditRecord, versions: Mapping[int, VersionLink]) -> RecordRow:
        """The row of a record; `versions` as from `versions_in`."""
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
            version=versions.get(_version_pk(record) or 0),
            is_intact=digest(canonical(entry)) == record.hash,
            whole=visible(line(entry)),
        )


def _concluded(record: AuditRecord) -> Look | None:
    if not record.outcome:
        return None
    if record.outcome in set(Outcome):
        return outcome_look(record.outcome)
    return Look(one_line(record.outcome, 40), "odd", "info")  # a verdict


def _version_pk(record: AuditRecord) -> int | None:
    pk = record.arguments.get("score_version")
    return pk if isinstance(pk, int) and 0 < pk < 2**63 else None


def _number(pk: int | None) -> str:
    return "" if pk is None else f" (#{pk})"


def _pretty(arguments: dict[str, Any]) -> str:
    if not arguments:
        return ""
    return visible(json.dumps(arguments, indent=2, ensure_ascii=False, sort_keys=True)[:20_000])
