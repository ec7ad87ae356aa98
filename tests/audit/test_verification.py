"""Proving the chain: each way of tampering is found, and the first broken record named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from jobs import audit
from jobs.audit import triggers
from jobs.audit.canonical import GENESIS_HASH, canonical, digest
from jobs.audit.entry import Entry
from jobs.audit.models import AuditRecord
from tests.audit.drafts import make_draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hashes() -> list[str]:
    return [audit.append(make_draft(reason=str(number))).hash for number in range(1, 7)]


def _rewritten(at: int, **fields: object) -> None:
    """What somebody with the format's description would do: the hash of the record fits again."""
    record = AuditRecord.objects.get(n=at)
    for name, value in fields.items():
        setattr(record, name, value)
    record.hash = digest(canonical(Entry.of_record(record)))
    record.save()


def _raw(sql: str) -> Callable[[], None]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    return run


def _update(n: int, **fields: object) -> Callable[[], None]:
    return lambda: _done(AuditRecord.objects.filter(n=n).update(**fields))


def _done(_: object) -> None:
    return None


def test_empty_chain_is_intact() -> None:
    result = audit.verify()
    assert (result.is_intact, result.count, result.head_hash) == (True, 0, GENESIS_HASH)


def test_untouched_chain_is_intact_to_its_head(hashes: list[str]) -> None:
    result = audit.verify()
    assert (result.is_intact, result.head_n, result.head_hash) == (True, 6, hashes[-1])


@pytest.mark.parametrize(
    ("tamper", "first_broken", "why"),
    [
        (_update(3, reason="forged"), 3, "its content does not have the hash"),
        (_update(3, actor_id=None), 3, "its content does not have the hash"),
        (_update(3, arguments={"forged": True}), 3, "its content does not have the hash"),
        (_update(3, id=77), 3, "its content does not have the hash"),
        (_update(3, hash="f" * 64), 3, "its content does not have the hash"),
        (lambda: _rewritten(3, reason="forged"), 4, "written after another record 3"),
        (lambda: _done(AuditRecord.objects.filter(n=3).delete()), 3, "it is missing"),
        (lambda: _done(AuditRecord.objects.filter(n=1).delete()), 1, "it is missing"),
        (lambda: _rewritten(6, n=9), 6, "it is missing"),
    ],
    ids=[
        "changed text",
        "removed actor",
        "changed arguments",
        "moved row",
        "changed hash",
        "rewritten with a fitting hash",
        "removed from the middle",
        "removed from the start",
        "renumbered at the end",
    ],
)
def test_first_broken_record_is_named(
    hashes: list[str], tamper: Callable[[], None], first_broken: int, why: str
) -> None:
    with triggers.lifted(connection):
        tamper()
    broken = audit.verify().broken
    assert broken is not None
    assert broken.n == first_broken
    assert why in broken.why


@pytest.mark.vendor("sqlite")
@pytest.mark.parametrize(
    "assignment",
    ["at = 'yesterday'", "n = 'three'", "actor_id = 'seven'", "deadline_at = 'x'", "reason = 9"],
)
def test_value_of_another_type_is_a_break_not_a_crash(hashes: list[str], assignment: str) -> None:
    with triggers.lifted(connection):
        _raw(f"UPDATE jobs_auditrecord SET {assignment} WHERE n = 3")()
    broken = audit.verify().broken
    assert broken is not None
    assert broken.n == 3


def test_records_cut_off_at_the_end_are_noticed_by_a_kept_head(hashes: list[str]) -> None:
    with triggers.lifted(connection):
        AuditRecord.objects.filter(n=6).delete()
    assert audit.verify().is_intact
    assert not audit.verify(expected_head=hashes[-1]).is_intact


def test_chain_that_has_grown_since_still_holds_a_kept_head(hashes: list[str]) -> None:
    assert audit.verify(expected_head=hashes[2]).is_intact


def test_record_beside_the_chain_is_named(hashes: list[str]) -> None:
    record = AuditRecord.objects.get(n=3)
    record.pk, record.chain, record.n = 7, "x", 1
    with triggers.lifted(connection):
        record.save(force_insert=True)
    result = audit.verify()
    assert result.broken is not None
    assert (result.is_intact, result.broken.record_id) == (False, record.pk)


@pytest.mark.parametrize("moved_from", [1, 4])
def test_records_moved_to_another_chain_are_named(hashes: list[str], moved_from: int) -> None:
    with triggers.lifted(connection):
        AuditRecord.objects.filter(n__gte=moved_from).update(chain="y")
    result = audit.verify()
    assert result.broken is not None
    assert (result.head_n, result.broken.n) == (moved_from - 1, moved_from)
