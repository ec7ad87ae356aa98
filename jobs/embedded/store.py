"""The checkpoint on disk: SQLite, one writer thread, one row per sheet.

What `commit` has returned for survives a `kill -9` and a power cut (WAL, synchronous=FULL). All
commits that wait at the same time share one transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.embedded.identity import ProcessIdentity

BUSY_S = 5.0  # another program may look into the database (sqlite3, a backup)
BATCH = 1000  # statements of one transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    run_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, is_current INTEGER NOT NULL,
    submitted_at REAL NOT NULL, record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS run_of_job ON run (job_id, is_current);
CREATE TABLE IF NOT EXISTS sheet (
    run_id TEXT NOT NULL, number INTEGER NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (run_id, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS process (
    token TEXT PRIMARY KEY, run_id TEXT NOT NULL, number INTEGER NOT NULL,
    pid INTEGER NOT NULL, start_ticks TEXT NOT NULL, boot TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempt (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, number INTEGER NOT NULL, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS attempt_of_run ON attempt (run_id, id);
PRAGMA user_version = 1;
"""

Statement = tuple[str, Sequence[Any]]


class StoreError(RuntimeError):
    """The checkpoint could not be written or read; says why."""


@dataclass(frozen=True, slots=True)
class OldProcess:
    """A supervisor that an earlier conductor had started and never saw end."""

    token: str
    run_id: str
    number: int
    identity: ProcessIdentity


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run as it was last committed."""

    run_id: str
    is_current: bool
    record: bytes


class Store:
    """All that a conductor must not forget."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[Sequence[Statement], Future[None]] | None] = (
            queue.SimpleQueue()
        )
        self._reading = threading.Lock()
        try:
            self._reader = self._connect()
            self._reader.executescript(SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"The checkpoint {path} cannot be opened: {error}") from error
        self._thread = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    async def commit(self, statements: Sequence[Statement]) -> None:
        """Return when all of these are durable.

        Raises:
            StoreError: none of them are.
        """
        done: Future[None] = Future()
        self._queue.put((statements, done))
        try:
            await asyncio.shield(asyncio.wrap_future(done))
        except sqlite3.Error as error:
            raise StoreError(f"The checkpoint could not be written: {error}") from error

    def close(self) -> None:
        """Write what waits, then let go of the file."""
        self._queue.put(None)
        self._thread.join()
        self._reader.close()

    # --- the writer thread ---

    def _write(self) -> None:
        connection = self._connect()
        with contextlib.closing(connection):
            while True:
                batch, ended = self._take()
                if batch:
                    self._write_batch(connection, batch)
                if ended:
                    return

    def _take(self) -> tuple[list[tuple[Sequence[Statement], Future[None]]], bool]:
        batch: list[tuple[Sequence[Statement], Future[None]]] = []
        item = self._queue.get()
        size = 0
        while item is not None:
            batch.append(item)
            size += len(item[0])
            if size >= BATCH:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _write_batch(
        self,
        connection: sqlite3.Connection,
        batch: list[tuple[Sequence[Statement], Future[None]]],
    ) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statements, _ in batch:
                for sql, values in statements:
                    connection.execute(sql, values)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for _, done in batch:
                done.set_exception(error)
        else:
            for _, done in batch:
                done.set_result(None)

    # --- reading; called in a thread ---

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._reading:
                return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The checkpoint could not be read: {error}") from error

    def runs(self) -> list[StoredRun]:
        """Every run, oldest submission first."""
        sql = "SELECT run_id, is_current, record FROM run ORDER BY submitted_at, run_id"
        rows = self._rows(sql)
        return [StoredRun(run_id, bool(current), record) for run_id, current, record in rows]

    def superseded_beyond(self, limit: int) -> list[str]:
        """Runs that were replaced by later ones, without the newest `limit` of them."""
        sql = (
            "SELECT run_id FROM run WHERE NOT is_current ORDER BY submitted_at DESC"
            " LIMIT -1 OFFSET ?"
        )
        return [run_id for (run_id,) in self._rows(sql, (limit,))]

    def sheets(self, run_id: str) -> list[tuple[int, bytes]]:
        """The sheets of a run in order, each as JSON."""
        sql = "SELECT number, document FROM sheet WHERE run_id = ? ORDER BY number"
        return [(number, document) for number, document in self._rows(sql, (run_id,))]

    def attempts(self, run_id: str, number: int | None, limit: int) -> list[bytes]:
        """Attempts of a run, newest first, each as JSON."""
        sql = (
            "SELECT record FROM attempt WHERE run_id = ? AND (? IS NULL OR number = ?)"
            " ORDER BY id DESC LIMIT ?"
        )
        return [record for (record,) in self._rows(sql, (run_id, number, number, limit))]

    def processes(self) -> list[OldProcess]:
        """Supervisors whose end was not recorded."""
        rows = self._rows("SELECT token, run_id, number, pid, start_ticks, boot FROM process")
        return [
            OldProcess(token, run_id, number, ProcessIdentity(pid, ticks, boot))
            for token, run_id, number, pid, ticks, boot in rows
        ]


# --- statements ---


def add_run(run_id: str, job_id: str, submitted_at: float) -> list[Statement]:
    """Make a row for a new run, the current one of its job from now on; `put_run` fills it."""
    return [
        ("UPDATE run SET is_current = 0 WHERE job_id = ? AND is_current", (job_id,)),
        ("INSERT INTO run VALUES (?, ?, 1, ?, x'')", (run_id, job_id, submitted_at)),
    ]


def put_run(run_id: str, record: bytes) -> Statement:
    """Write a run's record; one that was deleted meanwhile stays deleted."""
    return ("UPDATE run SET record = ? WHERE run_id = ?", (record, run_id))


def put_sheet(run_id: str, number: int, document: bytes) -> Statement:
    """Write one sheet."""
    return ("INSERT OR REPLACE INTO sheet VALUES (?, ?, ?)", (run_id, number, document))


def drop_sheets_after(run_id: str, number: int) -> Statement:
    """Forget the sheets that a changed score no longer has."""
    return ("DELETE FROM sheet WHERE run_id = ? AND number > ?", (run_id, number))


def add_attempt(run_id: str, number: int, record: bytes) -> Statement:
    """Add to the history of a run."""
    return (
        "INSERT INTO attempt (run_id, number, record) VALUES (?, ?, ?)",
        (run_id, number, record),
    )


def put_process(token: str, run_id: str, number: int, identity: ProcessIdentity) -> Statement:
    """Note a supervisor, before its command exists."""
    return (
        "INSERT OR REPLACE INTO process VALUES (?, ?, ?, ?, ?, ?)",
        (token, run_id, number, identity.pid, identity.start_ticks, identity.boot),
    )


def drop_process(token: str) -> Statement:
    """Note that a supervisor and its tree are gone."""
    return ("DELETE FROM process WHERE token = ?", (token,))


def delete_runs(run_ids: Iterable[str]) -> list[Statement]:
    """Forget runs altogether."""
    return [
        (f"DELETE FROM {table} WHERE run_id = ?", (run_id,))  # noqa: S608 - our own table names
        for run_id in run_ids
        for table in ("run", "sheet", "attempt", "process")
    ]
