"""What the database's errors mean to a person: translated once, here."""

from __future__ import annotations

import sqlite3

import django.db
import psycopg

from jobs.audit.ledger import LedgerInDoubt
from jobs.errors import AuditUnavailable

_SQLITE = {
    "SQLITE_FULL": "the disk under the database is full",
    "SQLITE_IOERR": "the disk under the database cannot be written",
    "SQLITE_READONLY": "the database may not be written by this user",
    "SQLITE_CANTOPEN": "the database cannot be opened",
    "SQLITE_BUSY": "another program holds the database (it is locked)",
    "SQLITE_LOCKED": "another program holds the database (it is locked)",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_NOTADB": "the database file is damaged",
    "SQLITE_CONSTRAINT": "the database refused it",
}


def unavailable(error: Exception) -> AuditUnavailable:
    """The error for whoever waits, in words that say what to look at."""
    if isinstance(error, LedgerInDoubt):
        refusal = AuditUnavailable(
            "The database was lost while the audit record was being written; it may have been "
            "written after all.",
            may_be_recorded=True,
        )
    else:
        refusal = AuditUnavailable(f"The audit record could not be written: {_reason(error)}.")
    refusal.__cause__ = error
    return refusal


def is_lost_connection(error: Exception) -> bool:
    """Whether a new connection may succeed where this one failed."""
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not isinstance(
        error, psycopg.errors.LockNotAvailable
    )


def is_one_bad_entry(error: Exception) -> bool:
    """Whether the database refused what was to be written, rather than to write at all."""
    return isinstance(
        error,
        (
            sqlite3.IntegrityError,
            sqlite3.DataError,
            sqlite3.InterfaceError,
            psycopg.IntegrityError,
            psycopg.DataError,
            OverflowError,
            UnicodeError,
        ),
    )


def _reason(error: Exception) -> str:
    match error:
        case sqlite3.Error():
            return _of_sqlite(error)
        case psycopg.errors.DiskFull():
            return "the disk under the database is full"
        case psycopg.errors.ReadOnlySqlTransaction():
            return "the database may not be written now (it is a standby, or read-only)"
        case psycopg.errors.LockNotAvailable() | psycopg.errors.QueryCanceled():
            return "another program holds the database (it is locked)"
        case psycopg.errors.InsufficientPrivilege():
            return "the database may not be written by this user"
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return "the database cannot be reached"
        case psycopg.Error():
            return "the database refused it"
        case django.db.Error() if isinstance(error.__cause__, Exception):
            return _reason(error.__cause__)
        case OSError():
            return f"the lock file beside the database cannot be used ({error.strerror})"
        case _:
            return f"{type(error).__name__}; see the log"


def _of_sqlite(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    words = next((words for start, words in _SQLITE.items() if name.startswith(start)), "")
    return words or f"SQLite says: {error}"
