"""The triggers that let records be inserted and nothing else. All of their SQL stands here.

A migration that touches the table re-creates them (`RunPython(create_triggers, drop_triggers)`):
Django's table rebuild on SQLite drops them in silence. `migrate` puts back what is missing, a
system check and `manage.py doctor` fail when one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import structlog
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_log = structlog.get_logger(__name__)

TABLE: Final = "jobs_auditrecord"
_REFUSAL: Final = "audit records are append-only"

_SQLITE: Final = {
    "audit_no_update": f"""CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE}
BEGIN SELECT RAISE(ABORT, '{_REFUSAL}: UPDATE'); END""",
    "audit_no_delete": f"""CREATE TRIGGER audit_no_delete BEFORE DELETE ON {TABLE}
BEGIN SELECT RAISE(ABORT, '{_REFUSAL}: DELETE'); END""",
    # INSERT OR REPLACE takes away the rows that it clashes with, past the other two.
    "audit_no_replace": f"""CREATE TRIGGER audit_no_replace BEFORE INSERT ON {TABLE}
WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM {TABLE} WHERE chain = NEW.chain AND n = NEW.n)
  OR EXISTS (SELECT 1 FROM {TABLE} WHERE chain = NEW.chain AND prev_hash = NEW.prev_hash)
BEGIN SELECT RAISE(ABORT, '{_REFUSAL}: INSERT over a record'); END""",  # noqa: S608 - our names
}

# The way through is for the table's owner alone: a console that runs with a role of its own,
# as the team shape does, cannot take it.
_LIFTED: Final = "podium.audit_triggers"
_FUNCTION: Final = "podium_audit_append_only"
_BODY: Final = f"""
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) THEN
            RAISE EXCEPTION '{_REFUSAL}: INSERT over a record';
        END IF;
        RETURN NEW;
    END IF;
    IF current_setting('{_LIFTED}', true) = 'lifted' AND pg_has_role(
        current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER'
    ) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '{_REFUSAL}: %', TG_OP;
END
"""  # noqa: S608 - our own names
_POSTGRESQL: Final = {
    "audit_no_update": f"BEFORE UPDATE ON {TABLE} FOR EACH ROW",
    "audit_no_delete": f"BEFORE DELETE ON {TABLE} FOR EACH ROW",
    "audit_no_replace": f"BEFORE INSERT ON {TABLE} FOR EACH ROW",
    "audit_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT",
}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of triggers that are not there, not enabled, or not what they should be."""
    found = _found(connection)
    return [name for name in _names(connection) if name not in found]


def create(connection: BaseDatabaseWrapper) -> None:
    """Put all triggers in place, whatever was there."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        _drop(cursor, connection)
        if connection.vendor == "sqlite":
            for statement in _SQLITE.values():
                cursor.execute(statement)
            return
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $podium${_BODY}$podium$"
        )
        for name, event in _POSTGRESQL.items():
            cursor.execute(f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION {_FUNCTION}()")


def heal(*, using: str, **_signal: Any) -> None:
    """After a migrate: put back what a rebuild of the table took along."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    if absent := missing(connection):
        _log.warning("audit triggers put back", missing=absent)
        create(connection)


def is_lifted() -> bool:
    """Whether this is code that took the way through."""
    return _is_lifted.get()


_is_lifted: ContextVar[bool] = ContextVar("podium_audit_triggers_lifted", default=False)


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """The one way past the triggers, for one transaction, which this is.

    For pruning, which writes a record of itself first, and for emptying a test database.
    """
    with transaction.atomic(using=connection.alias, durable=True):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                _drop(cursor, connection)
            else:
                cursor.execute(f"SET LOCAL {_LIFTED} = 'lifted'")
        token = _is_lifted.set(True)
        try:
            yield
        finally:
            _is_lifted.reset(token)
        if connection.vendor == "sqlite":
            create(connection)
        else:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL {_LIFTED} = ''")


def create_triggers(apps: Any, schema_editor: Any) -> None:
    """For `RunPython` in a migration."""
    del apps
    create(schema_editor.connection)


def drop_triggers(apps: Any, schema_editor: Any) -> None:
    """The reverse of `create_triggers`."""
    del apps
    with schema_editor.connection.cursor() as cursor:
        _drop(cursor, schema_editor.connection)
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(f"DROP FUNCTION IF EXISTS {_FUNCTION}()")


def _names(connection: BaseDatabaseWrapper) -> list[str]:
    return list(_SQLITE if connection.vendor == "sqlite" else _POSTGRESQL)


def _drop(cursor: Any, connection: BaseDatabaseWrapper) -> None:
    on_table = "" if connection.vendor == "sqlite" else f" ON {TABLE}"
    for name in _names(connection):
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def _found(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that are in force, and do what they are for."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
                [TABLE],
            )
            return {name for name, sql in cursor.fetchall() if sql == _SQLITE.get(name)}
        cursor.execute(
            "SELECT t.tgname, t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = to_regclass(%s) AND t.tgenabled IN ('O', 'A')"
            " AND t.tgqual IS NULL AND p.proname = %s AND p.prosrc = %s",
            [TABLE, _FUNCTION, _BODY],
        )
        return {name for name, kind in cursor.fetchall() if kind == _TYPES.get(name)}


# pg_trigger.tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
_TYPES: Final = {
    "audit_no_update": 1 | 2 | 16,
    "audit_no_delete": 1 | 2 | 8,
    "audit_no_replace": 1 | 2 | 4,
    "audit_no_truncate": 2 | 32,
}
