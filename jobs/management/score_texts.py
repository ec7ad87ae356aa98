"""The versions of scores that are kept beside the chain, compared with the records in it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from django.db.models import Q

from jobs.audit.models import AuditRecord
from jobs.registry.models import ScoreVersion
from jobs.terms import RecordKind, Verb

_WITH_TEXT: Final = (Verb.SUBMIT, Verb.MODIFY)
_KEPT: Final = {
    "save score": ScoreVersion.How.SAVED,
    "restore score": ScoreVersion.How.RESTORED,
    "import score": ScoreVersion.How.IMPORTED,
}
_CHUNK: Final = 50  # texts at once: each may be a megabyte


class AlteredText(NamedTuple):
    """A score version that is not what was kept or submitted: its text, or what it says of it."""

    version_pk: int
    name: str  # as in "nightly v2"; empty where the version is gone
    why: str


class _Version(NamedTuple):
    """A version as it is now."""

    score: str
    number: int
    how: str
    author_id: int | None  # None as well where the user was deleted since
    author_name: str
    sha256: str
    has_own_hash: bool

    def is_by(self, actor_id: int | None, actor_name: str) -> bool:
        return self.author_name == actor_name and self.author_id in (None, actor_id)

    def __str__(self) -> str:
        return f"{self.score} v{self.number}"


def altered_texts() -> Iterator[AlteredText]:
    """Each version once: against its own hash, then against the records that speak of it."""
    versions = _versions()
    told: set[int] = set()
    for pk, version in versions.items():
        if not version.has_own_hash:
            told.add(pk)
            yield AlteredText(pk, str(version), "its text does not have its own SHA-256")
    noted: set[int] = set()  # of which a note of its own says who kept it
    senders: dict[int, set[tuple[int | None, str]]] = defaultdict(set)
    for record in _records():
        pk = record.arguments.get("score_version")
        if not isinstance(pk, int) or not isinstance(record.arguments.get("sha256"), str):
            continue
        if record.verb in _KEPT:
            noted.add(pk)
        else:
            senders[pk].add((record.actor_id, record.actor_name))
        if pk not in told and (why := _why(versions.get(pk), record)):
            told.add(pk)
            yield AlteredText(pk, str(versions[pk]) if pk in versions else "", why)
    for pk, version in versions.items():
        if pk in told or pk in noted:
            continue
        if version.how in _KEPT.values():
            yield AlteredText(pk, str(version), f"no record says that it was {version.how}")
        # One that nobody is recorded to have sent may be of a submit that could not be recorded.
        elif pk in senders and not any(version.is_by(*sender) for sender in senders[pk]):
            why = f"no record says that {version.author_name!r} submitted it"
            yield AlteredText(pk, str(version), why)


def _why(version: _Version | None, record: AuditRecord) -> str:
    """What a record says otherwise than the version; empty where nothing is."""
    if version is None:
        return "it is gone"
    if version.sha256 != record.arguments["sha256"]:
        done = "kept" if record.verb in _KEPT else "submitted"
        return f"its text is not what record {record.n} says was {done}"
    if record.verb not in _KEPT:
        return ""  # whoever sends a version that is there already did not write it
    if not version.is_by(record.actor_id, record.actor_name):
        return f"its author is not who record {record.n} says"
    said = (record.arguments.get("score"), record.arguments.get("version"), _KEPT[record.verb])
    if said != (version.score, version.number, version.how):
        return f"it is not the version that record {record.n} says was kept"
    return ""


def _versions() -> dict[int, _Version]:
    found: dict[int, _Version] = {}
    rows = ScoreVersion.objects.order_by("pk").values_list(
        *("pk", "score__name", "number", "how", "author_id", "author_name", "sha256", "text")
    )
    for pk, score, number, how, author_id, author, sha256, text in rows.iterator(_CHUNK):
        is_text = isinstance(text, str)  # SQLite keeps anything in any column
        data = text.encode("utf-8", "surrogatepass") if is_text else b""
        is_own = is_text and hashlib.sha256(data).hexdigest() == sha256
        found[pk] = _Version(score, number, how, author_id, author, sha256, is_own)
    return found


def _records() -> Iterator[AuditRecord]:
    records = AuditRecord.objects.filter(
        Q(kind=RecordKind.INTENT, verb__in=_WITH_TEXT) | Q(kind=RecordKind.NOTE, verb__in=_KEPT)
    )
    columns = ("n", "verb", "arguments", "actor_id", "actor_name")
    return records.order_by("n").only(*columns).iterator()
