"""The ledger in SQLite: a file lock between processes, then SQLite's own write lock."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from jobs.audit.deadlines import LOCK_POLL_S
from jobs.audit.draft import IdempotencyDraft
from jobs.audit.entry import Entry
from jobs.audit.ledger import ACTIONS, CHAIN, KEYS, RECORDS, Batch, Change, Head, Ledger, LedgerBusy
from jobs.audit.projection import ActionRow

# 16 MB of log between two checkpoints: pages that are written again and again are copied back once.
_CHECKPOINT_PAGES: Final = 4_000


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ",".join("?" * len(columns))
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"  # noqa: S608 - our names


@cache
def _update(columns: Sequence[str]) -> str:
    settings = ",".join(f"{name}=?" for name in columns)
    return f"UPDATE {ACTIONS} SET {settings} WHERE id=?"  # noqa: S608 - our own names


_INSERT_RECORD: Final = _insert(RECORDS, Entry._fields)
_INSERT_ACTION: Final = _insert(ACTIONS, ActionRow._fields)
_KEY_COLUMNS: Final = (
    "actor_id",
    "method",
    "path",
    "key",
    "body_sha256",
    "action_id",
    "created_at",
)
_INSERT_KEY: Final = _insert(KEYS, _KEY_COLUMNS) + " ON CONFLICT DO NOTHING"
_SELECT_ACTION: Final = f"SELECT id,{','.join(ActionRow._fields)} FROM {ACTIONS} WHERE action_id=?"  # noqa: S608
_SELECT_HEAD: Final = (
    f"SELECT n, hash, (SELECT max(id) FROM {RECORDS}) FROM {RECORDS}"  # noqa: S608 - our names
    " WHERE chain=? ORDER BY n DESC LIMIT 1"
)


class SqliteLedger(Ledger):
    """Django's file database, with a second connection.

    The file lock makes the processes' appenders take turns; were it to fail, `BEGIN IMMEDIATE`
    and the chain's unique constraints still let nobody fork it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._raw: sqlite3.Connection | None = None
        self._lock = -1

    def begin(self, is_wanted: Callable[[], bool]) -> Head:
        """See `Ledger.begin`."""
        raw = self._connected()
        # Blocking is right here: the kernel wakes whoever waits, and the drafts stay in the queue,
        # where their own deadlines apply, until the lock is there.
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                if not is_wanted():
                    raise LedgerBusy from error
                time.sleep(LOCK_POLL_S)
        row = raw.execute(_SELECT_HEAD, (CHAIN,)).fetchone()
        return Head(*row) if row else Head()

    def claim(self, key: IdempotencyDraft, action_id: UUID, at: datetime) -> bool:
        """See `Ledger.claim`."""
        values = (key.actor_id, key.method, key.path, key.key, key.body_sha256)
        mine = (action_id.hex, _moment(at))
        return self._connected().execute(_INSERT_KEY, (*values, *mine)).rowcount == 1

    def actions(self, action_ids: Iterable[UUID]) -> dict[UUID, tuple[int, ActionRow]]:
        """See `Ledger.actions`."""
        found: dict[UUID, tuple[int, ActionRow]] = {}
        for action_id in action_ids:
            row = self._connected().execute(_SELECT_ACTION, (action_id.hex,)).fetchone()
            if row is not None:
                found[action_id] = (row[0], _action_row(row[1:]))
        return found

    def commit(self, batch: Batch) -> dict[UUID, int]:
        """See `Ledger.commit`."""
        raw = self._connected()
        raw.executemany(_INSERT_RECORD, map(_adapted, batch.entries))
        ids: dict[UUID, int] = {}
        for row in batch.opened:
            cursor = raw.execute(_INSERT_ACTION, _adapted(row))
            ids[row.action_id] = cursor.lastrowid or 0
        for pk, change in batch.changed.items():
            update(raw, pk, change)
        raw.execute("COMMIT")
        self._unlock()
        return ids

    def rollback(self) -> None:
        """See `Ledger.rollback`."""
        try:
            if self._raw is not None and self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()
        finally:
            self._unlock()

    def close(self) -> None:
        """See `Ledger.close`."""
        super().close()
        self._raw = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _connected(self) -> sqlite3.Connection:
        if self._raw is not None:
            return self._raw
        self._wrapper.ensure_connection()
        self.look_at_triggers()
        raw: sqlite3.Connection = self._wrapper.connection
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA busy_timeout=0")  # `begin` asks by itself, and more often
        raw.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        if self._lock < 0:
            self._lock = os.open(lock_path(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._raw = raw
        return raw

    def _unlock(self) -> None:
        if self._lock >= 0:
            fcntl.flock(self._lock, fcntl.LOCK_UN)


def update(raw: sqlite3.Connection, pk: int, change: Change) -> None:
    """Write the columns that differ: SQLite takes each one named for changed in its indexes."""
    differing = {
        name: after
        for name, before, after in zip(ActionRow._fields, *change, strict=True)
        if before != after
    }
    if differing:
        raw.execute(_update(tuple(differing)), (*_adapted(differing.values()), pk))


def lock_path() -> Path:
    """The lock file, beside the database that it guards."""
    from django.db import connection

    database = Path(str(connection.settings_dict["NAME"])).resolve()
    return database.with_name(f"{database.name}.audit-lock")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection has the lock."""
    return error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _adapted(values: Iterable[Any]) -> list[Any]:
    return [
        _ADAPTERS[type(value)](value) if type(value) in _ADAPTERS else value for value in values
    ]


def _action_row(values: tuple[Any, ...]) -> ActionRow:
    row = ActionRow(*values)
    return row._replace(
        action_id=UUID(str(row.action_id)),
        started_at=_aware(row.started_at),
        deadline_at=row.deadline_at and _aware(row.deadline_at),
        concluded_at=row.concluded_at and _aware(row.concluded_at),
        needs_attention=bool(row.needs_attention),
    )


def _moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ")  # as Django writes it


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


# Django's own spelling of each; asking its field objects for it would cost more than the insert.
_ADAPTERS: Final[dict[type, Callable[[Any], str]]] = {
    datetime: _moment,
    UUID: lambda value: value.hex,
    dict: lambda value: json.dumps(value, ensure_ascii=False),
}
