"""Somebody else who holds the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from django.db import connection

from jobs.audit.postgresql import LOCK_KEY


@contextmanager
def held_database() -> Iterator[None]:
    """Another program holds the lock that appends need, as long as this lasts."""
    with _held_sqlite() if connection.vendor == "sqlite" else _held_postgresql():
        yield


@contextmanager
def _held_sqlite() -> Iterator[None]:
    with closing(sqlite3.connect(str(connection.settings_dict["NAME"]))) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _held_postgresql() -> Iterator[None]:
    given = connection.get_connection_params()
    names = ("dbname", "host", "port", "user", "password")
    with psycopg.connect(**{name: given[name] for name in names if name in given}) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        yield
        other.rollback()
