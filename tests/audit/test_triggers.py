"""Records are only inserted: what the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Model, QuerySet

from jobs import audit
from jobs.audit import triggers
from jobs.audit.entry import Entry
from jobs.audit.models import AuditRecord
from jobs.errors import AppendOnly
from tests.audit.drafts import make_draft

pytestmark = pytest.mark.django_db(transaction=True)

REFUSAL = "audit records are append-only"


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _columns(replaced: dict[str, str]) -> str:
    return ", ".join(replaced.get(name, name) for name in Entry._fields)


@pytest.fixture
def record() -> AuditRecord:
    audit.append(make_draft(message="as it was"))
    return AuditRecord.objects.get()


def _past_the_code(record: AuditRecord) -> QuerySet[AuditRecord]:
    """The record without the manager that refuses already."""
    return QuerySet(AuditRecord).filter(pk=record.pk)


def _update(record: AuditRecord) -> None:
    _past_the_code(record).update(message="forged")


def _save(record: AuditRecord) -> None:
    record.message = "forged"
    Model.save(record)


def _delete(record: AuditRecord) -> None:
    _past_the_code(record).delete()


def _renumber(record: AuditRecord) -> None:
    _past_the_code(record).update(id=F("id") + 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: AuditRecord.objects.update(message="forged"),
        lambda record: AuditRecord.objects.all().delete(),
        lambda record: AuditRecord.objects.bulk_update([record], ["message"]),
        lambda record: AuditRecord.objects.create(n=2),
        lambda record: AuditRecord.objects.bulk_create([AuditRecord(n=2)]),
        lambda record: AuditRecord.objects.get_or_create(n=2),
        lambda record: record.save(),
        lambda record: record.delete(),
    ],
    ids=[
        "update",
        "delete",
        "bulk_update",
        "create",
        "bulk_create",
        "get_or_create",
        "save",
        "del",
    ],
)
def test_code_refuses_before_the_database_has_to(
    record: AuditRecord, change: Callable[[AuditRecord], object]
) -> None:
    with pytest.raises(AppendOnly):
        change(record)


@pytest.mark.parametrize("change", [_update, _save, _delete, _renumber])
def test_stored_record_cannot_be_changed(
    record: AuditRecord, change: Callable[[AuditRecord], None]
) -> None:
    with pytest.raises(DatabaseError, match=REFUSAL):
        change(record)
    assert AuditRecord.objects.get().message == "as it was"


@pytest.mark.vendor("sqlite")
@pytest.mark.parametrize(
    "replaced",
    [
        {"message": "'forged'"},
        {"message": "'forged'", "id": "id + 1", "prev_hash": "'x'"},
        {"message": "'forged'", "id": "id + 1", "n": "n + 1"},
    ],
    ids=["same id", "same place in the chain", "same predecessor"],
)
@pytest.mark.parametrize("how", ["OR REPLACE", "OR IGNORE"])
def test_record_cannot_be_replaced_by_an_insert(
    record: AuditRecord, replaced: dict[str, str], how: str
) -> None:
    source = f"SELECT {_columns(replaced)} FROM {triggers.TABLE}"
    with pytest.raises(DatabaseError, match=REFUSAL):
        _execute(f"INSERT {how} INTO {triggers.TABLE} ({_columns({})}) {source}")
    assert AuditRecord.objects.get().message == "as it was"


@pytest.mark.vendor("postgresql")
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE jobs_auditrecord",
        "INSERT INTO jobs_auditrecord SELECT * FROM jobs_auditrecord",
        "INSERT INTO jobs_auditrecord SELECT * FROM jobs_auditrecord"
        " ON CONFLICT (id) DO UPDATE SET message = 'forged'",
    ],
)
def test_record_cannot_be_truncated_or_overwritten(record: AuditRecord, statement: str) -> None:
    with pytest.raises(DatabaseError, match=REFUSAL):
        _execute(statement)
    assert AuditRecord.objects.get().message == "as it was"


@pytest.mark.vendor("postgresql")
def test_role_that_does_not_own_the_table_has_no_way_through(record: AuditRecord) -> None:
    def try_it() -> None:
        with transaction.atomic():
            _execute("CREATE ROLE podium_test_app")
            _execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO podium_test_app")
            _execute("SET LOCAL ROLE podium_test_app")
            _execute("SET LOCAL podium.audit_triggers = 'lifted'")
            _delete(record)

    with pytest.raises(DatabaseError, match=REFUSAL):
        try_it()


def test_way_through_is_closed_again_behind_whoever_took_it(record: AuditRecord) -> None:
    with triggers.lifted(connection):
        _delete(record)
    audit.append(make_draft())
    assert triggers.missing(connection) == []
    with pytest.raises(DatabaseError, match=REFUSAL):
        QuerySet(AuditRecord).delete()


def test_way_through_is_closed_by_an_error_too(record: AuditRecord) -> None:
    def try_it() -> None:
        with triggers.lifted(connection):
            _delete(record)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        try_it()
    assert triggers.missing(connection) == []
    assert AuditRecord.objects.exists()


def _drop(name: str) -> None:
    table = f" ON {triggers.TABLE}" if connection.vendor == "postgresql" else ""
    _execute(f"DROP TRIGGER {name}{table}")


def _blunt(name: str) -> None:
    """Leave a trigger of that name that does nothing."""
    if connection.vendor == "postgresql":
        _execute(f"ALTER TABLE {triggers.TABLE} DISABLE TRIGGER {name}")
        return
    _drop(name)
    _execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON {triggers.TABLE} WHEN 0 BEGIN SELECT 1; END")


@pytest.mark.parametrize("harm", [_drop, _blunt])
def test_check_fails_on_a_trigger_that_is_missing_or_blunted(harm: Callable[[str], None]) -> None:
    harm("audit_no_update")
    try:
        with pytest.raises(SystemCheckError, match="audit_no_update"):
            call_command("check", databases=["default"])
    finally:
        triggers.create(connection)


def test_migrate_puts_missing_triggers_back() -> None:
    _drop("audit_no_delete")
    try:
        with pytest.raises(SystemCheckError, match="migrate --skip-checks"):
            call_command("migrate", verbosity=0, skip_checks=False)
        call_command("migrate", verbosity=0, skip_checks=True)
        assert triggers.missing(connection) == []
    finally:
        triggers.create(connection)


@pytest.mark.vendor("sqlite")
def test_rebuild_of_the_table_is_noticed() -> None:
    with connection.schema_editor() as editor:
        field = AuditRecord._meta.get_field("message")
        editor._remake_table(AuditRecord, alter_fields=[(field, field)])  # type: ignore[attr-defined]
    assert triggers.missing(connection) == list(triggers._SQLITE)
    triggers.create(connection)


def test_append_without_triggers_is_loud_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    _drop("audit_no_delete")
    try:
        audit.append(make_draft())
    finally:
        triggers.create(connection)
    assert "AUDIT TRIGGERS MISSING" in caplog.text
