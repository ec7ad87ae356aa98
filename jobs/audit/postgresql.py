"""The ledger in PostgreSQL: an advisory lock that the transaction holds to its end.

Rows travel as JSON, the very text that is hashed, and the server takes it apart: one parameter for
a whole batch, whatever its size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import errors

from jobs.audit import deadlines
from jobs.audit.canonical import moment, with_hash
from jobs.audit.draft import IdempotencyDraft
from jobs.audit.entry import Entry
from jobs.audit.ledger import (
    ACTIONS,
    CHAIN,
    KEYS,
    RECORDS,
    Batch,
    Head,
    Ledger,
    LedgerBusy,
    LedgerInDoubt,
)
from jobs.audit.projection import ActionRow

LOCK_KEY: Final = 0x506F6469756D  # "Podium" in ASCII
_ROW: Final = ",".join(ActionRow._fields)

# For this transaction alone, whatever the server, the role or a pooler between has set.
_SETTINGS: Final = {
    "synchronous_commit": "on",
    "statement_timeout": f"{deadlines.STATEMENT_S}s",
    "idle_in_transaction_session_timeout": f"{deadlines.STUCK_TRANSACTION_S}s",
    "lock_timeout": f"{deadlines.ADVISORY_LOCK_S}s",
    # A handful of rows by their ids: without statistics, and in a plan that is kept, the planner
    # would rather read the whole table.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_SET: Final = ", ".join(
    f"set_config('{name}', '{value}', true)" for name, value in _SETTINGS.items()
)

# One round trip. Each statement takes its own snapshot, so the head is read after the lock.
_BEGIN: Final = f"""
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT {_SET};
SELECT pg_advisory_xact_lock({LOCK_KEY});
SELECT n, hash, (SELECT max(id) FROM {RECORDS}) FROM {RECORDS}
    WHERE chain = '{CHAIN}' ORDER BY n DESC LIMIT 1;
"""  # noqa: S608 - our own names and numbers
_INSERT_RECORDS: Final = (
    f"INSERT INTO {RECORDS} SELECT * FROM json_populate_recordset(NULL::{RECORDS}, %s::json)"  # noqa: S608
)
_INSERT_ACTIONS: Final = (
    f"INSERT INTO {ACTIONS} ({_ROW})"  # noqa: S608
    f" SELECT {_ROW} FROM json_populate_recordset(NULL::{ACTIONS}, %s::json)"
    " RETURNING action_id, id"
)
_CHANGING: Final = ActionRow._fields[ActionRow._fields.index("outcome") :]
_UPDATE_ACTIONS: Final = (
    f"UPDATE {ACTIONS} AS a SET "  # noqa: S608
    + ",".join(f"{name}=x.{name}" for name in ("job_pk", "job_id", *_CHANGING))
    + f" FROM json_populate_recordset(NULL::{ACTIONS}, %s::json) AS x WHERE a.id = x.id"
)
_INSERT_KEY: Final = (
    f"INSERT INTO {KEYS} (actor_id, method, path, key, body_sha256, action_id, created_at)"  # noqa: S608
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_SELECT_ACTIONS: Final = f"SELECT id, {_ROW} FROM {ACTIONS} WHERE action_id = ANY(%s)"  # noqa: S608
_SELECT_RECORD: Final = f"SELECT 1 FROM {RECORDS} WHERE chain = %s AND n = %s AND hash = %s"  # noqa: S608


class PostgresqlLedger(Ledger):
    """Django's database, with a second connection."""

    def __init__(self) -> None:
        super().__init__()
        self._wrapper.settings_dict = self._wrapper.settings_dict | {
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "connect_timeout": deadlines.CONNECT_S,
                "tcp_user_timeout": deadlines.STATEMENT_S * 1000,
                **self._wrapper.settings_dict["OPTIONS"],
                "pool": False,
            },
        }
        self._raw: psycopg.Connection[Any] | None = None

    def begin(self, is_wanted: Callable[[], bool]) -> Head:
        """See `Ledger.begin`."""
        while True:
            try:
                return self._begin()
            except errors.LockNotAvailable as error:
                self.rollback()
                if not is_wanted():
                    raise LedgerBusy from error

    def claim(self, key: IdempotencyDraft, action_id: UUID, at: datetime) -> bool:
        """See `Ledger.claim`."""
        values = (key.actor_id, key.method, key.path, key.key, key.body_sha256)
        cursor = self._cursor().execute(_INSERT_KEY, (*values, action_id, at))
        return cursor.rowcount == 1

    def actions(self, action_ids: Iterable[UUID]) -> dict[UUID, tuple[int, ActionRow]]:
        """See `Ledger.actions`."""
        rows = self._cursor().execute(_SELECT_ACTIONS, (list(action_ids),)).fetchall()
        return {row[1]: (row[0], ActionRow(*row[1:])) for row in rows}

    def commit(self, batch: Batch) -> dict[UUID, int]:
        """See `Ledger.commit`."""
        try:
            return self._commit(batch)
        except psycopg.Error as error:
            was_lost = self._raw is None or self._raw.closed
            # The driver takes statements of a failed pipeline for prepared that are not.
            self.close()
            if not was_lost or not self._is_stored(batch.entries[-1], error):
                raise
            ids = self.actions({row.action_id for row in batch.opened})
            self.rollback()
            return {action_id: pk for action_id, (pk, _) in ids.items()}

    def rollback(self) -> None:
        """See `Ledger.rollback`."""
        if self._raw is None:
            return
        try:
            self._cursor().execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """See `Ledger.close`."""
        super().close()
        self._raw = None

    def _begin(self) -> Head:
        cursor = self._cursor().execute(_BEGIN)
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        return Head(*row) if row else Head()

    def _commit(self, batch: Batch) -> dict[UUID, int]:
        raw = self._connected()
        opened: psycopg.Cursor[Any] | None = None
        with raw.pipeline():
            self._cursor().execute(_INSERT_RECORDS, (_records(batch),))
            if batch.opened:
                rows = json.dumps([_action_values(row) for row in batch.opened])
                opened = self._cursor().execute(_INSERT_ACTIONS, (rows,))
            if batch.changed:
                after = [_action_values(row) | {"id": pk} for pk, (_, row) in batch.changed.items()]
                self._cursor().execute(_UPDATE_ACTIONS, (json.dumps(after),))
            self._cursor().execute("COMMIT")
        return dict(opened.fetchall()) if opened else {}

    def _is_stored(self, last: Entry, error: Exception) -> bool:
        """Whether a commit whose answer was lost came to pass.

        The lock is taken again first: until then the old transaction may still be under way.

        Raises:
            LedgerInDoubt: the database cannot be asked.
        """
        try:
            self._begin()
            key = (last.chain, last.n, last.hash)
            is_stored = self._cursor().execute(_SELECT_RECORD, key).fetchone() is not None
        except psycopg.Error:
            self.close()
            raise LedgerInDoubt from error
        if not is_stored:
            self.rollback()
        return is_stored

    def _cursor(self) -> psycopg.Cursor[Any]:
        # Not Django's client-side cursor: parameters travel apart from the statement, which the
        # server then prepares.
        return psycopg.Cursor(self._connected())

    def _connected(self) -> psycopg.Connection[Any]:
        if self._raw is None:
            self._wrapper.ensure_connection()
            self.look_at_triggers()
            self._raw = self._wrapper.connection
            self._raw.prepare_threshold = 2
        return self._raw


def _records(batch: Batch) -> str:
    pairs = zip(batch.texts, batch.entries, strict=True)
    return f"[{','.join(with_hash(text, entry.hash) for text, entry in pairs)}]"


def _action_values(row: ActionRow) -> dict[str, Any]:
    values = row._asdict()
    values["action_id"] = str(row.action_id)
    for name in ("started_at", "deadline_at", "concluded_at"):
        if values[name] is not None:
            values[name] = moment(values[name])
    return values
