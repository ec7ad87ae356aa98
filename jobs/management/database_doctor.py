"""The database, its tables, the audit log in it."""

from __future__ import annotations

import os
from pathlib import Path

from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from jobs.audit import triggers
from jobs.audit.canonical import canonical, digest
from jobs.audit.entry import Entry
from jobs.audit.models import AuditRecord
from jobs.audit.sqlite import lock_path
from jobs.management.examination import Findings, failed, ok, warning


def examine() -> Findings:
    """Stops at the first thing that all others need."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield failed("database", f"it cannot be reached: {str(error).strip()}")
        return
    yield from _of_sqlite() if connection.vendor == "sqlite" else _of_postgresql()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        yield failed("tables", f"{len(plan)} migrations are missing: run manage.py migrate")
        return
    yield ok("tables", "up to date")
    yield from _triggers()
    yield from _head()
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        yield warning("administrator", "there is none: run manage.py createsuperuser")


def _of_sqlite() -> Findings:
    path = Path(str(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        (mode,) = cursor.fetchone()
        cursor.execute("PRAGMA synchronous")
        (synchronous,) = cursor.fetchone()
        cursor.execute("SELECT sqlite_version()")
        (version,) = cursor.fetchone()
    words = f"SQLite {version} at {path}"
    if str(mode).lower() != "wal" or int(synchronous) < 2:
        yield failed(
            "database", f"{words}: not durable (journal {mode}, synchronous {synchronous})"
        )
    else:
        yield ok("database", words)
    lock = lock_path()
    if not os.access(lock if lock.exists() else lock.parent, os.W_OK):
        yield failed("audit lock", f"{lock} cannot be written by this user")


def _of_postgresql() -> Findings:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_user, current_setting('fsync'),"
            " current_setting('full_page_writes')"
        )
        version, role, fsync, full_pages = cursor.fetchone()
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class"
            " WHERE oid = to_regclass(%s)",
            [triggers.TABLE],
        )
        row = cursor.fetchone()
    words = f"PostgreSQL {version}, role {role}"
    if "off" in (fsync, full_pages):
        yield failed("database", f"{words}: not durable (fsync {fsync}, pages {full_pages})")
    else:
        yield ok("database", words)
    if row and row[0]:
        yield warning(
            "database role",
            f"{role} owns the audit table and could take its triggers away: "
            "deploy/postgresql.sql makes two roles",
        )


def _triggers() -> Findings:
    if absent := triggers.missing(connection):
        yield failed(
            "audit triggers",
            f"{', '.join(absent)} missing or altered: find out who did it, verify the log, "
            "then run manage.py migrate --skip-checks",
        )
    else:
        yield ok("audit triggers", "in place")


def _head() -> Findings:
    """The last record alone: proving all of them takes its time, and has a command of its own."""
    last = AuditRecord.objects.order_by("-n").values_list(*Entry._fields).first()
    if last is None:
        yield ok("audit chain", "empty")
        return
    entry = Entry(*last)
    if digest(canonical(entry)) == entry.hash:
        yield ok("audit chain", f"head {entry.n} {entry.hash} (all of it: manage.py audit verify)")
    else:
        yield failed("audit chain", f"record {entry.n} was altered: run manage.py audit verify")
