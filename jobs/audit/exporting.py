"""The records as JSON lines, with what is needed to prove them elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from jobs.audit.canonical import GENESIS_HASH, line, moment
from jobs.audit.entry import Entry
from jobs.audit.ledger import CHAIN
from jobs.audit.models import Action, AuditRecord

FORMAT: Final = 1
_PAGE: Final = 1_000


def head(chain: str = CHAIN) -> tuple[int, str]:
    """Number and hash of the last record; 0 and the genesis hash when there is none."""
    last = AuditRecord.objects.filter(chain=chain).order_by("-n").values_list("n", "hash").first()
    return last or (0, GENESIS_HASH)


def export(
    attempts: QuerySet[Action] | None = None,
    *,
    filters: Mapping[str, Any] | None = None,
    chain: str = CHAIN,
) -> Iterator[str]:
    """JSON lines, each with its line end, oldest record first.

    The first line tells of the export and names the head of the chain; the last one counts the
    records, so that a download that broke off is noticed. Between them stand the records of
    `attempts`, or all; `filters` is what the first line says about the choice. Each page is a
    query of its own: lines may be drawn slowly, from any thread, and no lock is held.
    """
    head_n, head_hash = head(chain)
    yield _line(
        {
            "podium_audit_export": FORMAT,
            "chain": chain,
            "exported_at": moment(timezone.now()),
            "filters": {name: str(value) for name, value in (filters or {}).items()},
            "is_whole": attempts is None,
            "head": {"n": head_n, "hash": head_hash},
        }
    )
    records = AuditRecord.objects.filter(chain=chain, n__lte=head_n).order_by("n")
    if attempts is not None:
        records = records.filter(Exists(attempts.filter(action_id=OuterRef("action_id"))))
    count, last_n = 0, 0
    while page := list(records.filter(n__gt=last_n).values_list(*Entry._fields)[:_PAGE]):
        for values in page:
            yield f"{line(Entry(*values))}\n"
        count += len(page)
        last_n = Entry(*page[-1]).n
    yield _line({"podium_audit_export_end": {"records": count}})


def _line(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n"
