"""Proving the chain: from its first record to its last, each by its own content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, Q

from jobs.audit.canonical import GENESIS_HASH, canonical, digest
from jobs.audit.entry import Entry
from jobs.audit.ledger import CHAIN
from jobs.audit.models import AuditRecord

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Break:
    """The first record that is not what it should be."""

    n: int
    record_id: int | None  # None: it is not there
    why: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a walk through the chain found."""

    chain: str
    count: int  # records that were proven
    head_n: int  # the last proven record; 0 and the genesis hash of an empty chain
    head_hash: str
    broken: Break | None
    has_expected_head: bool  # True also when none was expected

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed, removed or put in, as far as can be seen from here."""
        return self.broken is None and self.has_expected_head


def verify(chain: str = CHAIN, *, expected_head: str = "") -> VerifyResult:
    """Walk through a chain, in bounded memory; stops at the first broken record.

    A record in a chain of another name is broken too. Records that were cut off at the end leave
    an intact chain. Whoever has kept an earlier head
    gives it as `expected_head`: it must still be in the chain.
    """
    n, last_id, last_hash = 0, 0, GENESIS_HASH
    has_expected = expected_head in ("", GENESIS_HASH)
    for position, entry in _entries(chain):
        broken = (
            Break(n + 1, None, f"it cannot be read: {entry}")
            if isinstance(entry, Exception)
            else _broken(entry, position, last_id, last_hash)
        )
        if broken is not None:
            return VerifyResult(chain, n, n, last_hash, broken, has_expected)
        assert isinstance(entry, Entry)  # noqa: S101 - for mypy: errors are breaks
        n, last_id, last_hash = entry.n, entry.id, entry.hash
        has_expected = has_expected or last_hash == expected_head
    return VerifyResult(chain, n, n, last_hash, _stray(chain), has_expected)


def _stray(chain: str) -> Break | None:
    """A record beside the chain: there is one chain, so whatever claims another was put in."""
    stray = AuditRecord.objects.exclude(chain=chain).order_by("id").first()
    if stray is None:
        return None
    return Break(stray.n, stray.pk, f"it stands outside the chain {chain!r}, in {stray.chain!r}")


def _entries(chain: str) -> Iterator[tuple[int, Entry | Exception]]:
    """Each record with the number that it should have; an error where one cannot be read."""
    # SQLite keeps anything in any column, and Django reads what is no moment as None.
    has_deadline = ExpressionWrapper(Q(deadline_at__isnull=False), output_field=BooleanField())
    records = AuditRecord.objects.filter(chain=chain).order_by("n")
    stream = records.values_list(*Entry._fields, has_deadline).iterator(chunk_size=_CHUNK)
    position = 0
    while True:
        position += 1
        try:
            row = next(stream)
        except StopIteration:
            return
        except (ValueError, TypeError) as error:  # what stands there is no JSON, UUID or moment
            yield position, error
            return
        *values, has_deadline_stored = row
        entry = Entry(*values)
        if has_deadline_stored and entry.deadline_at is None:
            yield position, ValueError("its deadline is not a moment")
            return
        yield position, entry


def _broken(entry: Entry, position: int, last_id: int, last_hash: str) -> Break | None:
    if entry.n != position:
        return Break(position, None, f"it is missing: the next record is {entry.n}")
    try:
        hash_now = digest(canonical(entry))
    except (AttributeError, TypeError, ValueError) as error:
        return Break(
            entry.n, entry.id, f"a value has another type than it was written with: {error}"
        )
    if hash_now != entry.hash:
        return Break(entry.n, entry.id, "its content does not have the hash that stands with it")
    if entry.prev_hash != last_hash:
        return Break(
            entry.n,
            entry.id,
            f"it was written after another record {position - 1} than the one that is there",
        )
    if entry.id <= last_id:
        return Break(entry.n, entry.id, "its row stands before that of the record before it")
    return None
