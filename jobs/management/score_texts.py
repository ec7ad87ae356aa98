"""The score texts that are kept beside the chain, compared with the hashes that are in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from jobs.audit.models import AuditRecord
from jobs.registry.models import ScoreVersion
from jobs.terms import RecordKind, Verb

_WITH_TEXT: Final = (Verb.SUBMIT, Verb.MODIFY)
_KEPT: Final = ("save score", "restore score", "import score")
_CHUNK: Final = 50  # texts at once: each may be a megabyte


@dataclass(frozen=True, slots=True)
class AlteredText:
    """A score version whose text is not what was kept, or not what was submitted."""

    version_pk: int
    name: str  # as in "nightly v2"; empty where the version is gone
    why: str


def altered_texts() -> Iterator[AlteredText]:
    """Each version once: its text against its own hash, then against those in the records."""
    hashes: dict[int, tuple[str, str]] = {}
    versions = ScoreVersion.objects.select_related("score").order_by("pk")
    for version in versions.iterator(chunk_size=_CHUNK):
        now = hashlib.sha256(version.text.encode("utf-8", "surrogatepass")).hexdigest()
        if now == version.sha256:
            hashes[version.pk] = (str(version), now)
        else:
            yield AlteredText(version.pk, str(version), "its text does not have its own SHA-256")
            hashes[version.pk] = (str(version), "")
    records = AuditRecord.objects.filter(
        Q(kind=RecordKind.INTENT, verb__in=_WITH_TEXT) | Q(kind=RecordKind.NOTE, verb__in=_KEPT)
    ).order_by("n")
    told: set[int] = {pk for pk, (_, digest) in hashes.items() if not digest}
    for n, verb, arguments in records.values_list("n", "verb", "arguments").iterator():
        pk, submitted = arguments.get("score_version"), arguments.get("sha256")
        if not isinstance(pk, int) or not isinstance(submitted, str) or pk in told:
            continue
        name, now = hashes.get(pk, ("", ""))
        if now != submitted:
            told.add(pk)
            done = "kept" if verb in _KEPT else "submitted"
            why = f"its text is not what record {n} says was {done}" if name else "it is gone"
            yield AlteredText(pk, name, why)
