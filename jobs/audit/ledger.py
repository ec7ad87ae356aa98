"""Where records are kept, as the appender sees it: one transaction at a time under one lock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import structlog
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from jobs.audit import triggers
from jobs.audit.canonical import GENESIS_HASH
from jobs.audit.draft import IdempotencyDraft
from jobs.audit.entry import Entry
from jobs.audit.projection import ActionRow

_log = structlog.get_logger(__name__)

CHAIN: Final = "main"
RECORDS: Final = "jobs_auditrecord"
ACTIONS: Final = "jobs_action"
KEYS: Final = "jobs_idempotencykey"


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of the chain, and the highest row id of the table."""

    n: int = 0
    hash: str = GENESIS_HASH
    record_id: int = 0


class Change(NamedTuple):
    """A row as it is stored, and as it is to be."""

    before: ActionRow
    after: ActionRow


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one transaction writes."""

    entries: Sequence[Entry]
    texts: Sequence[str]  # their canonical forms
    opened: Sequence[ActionRow]
    changed: Mapping[int, Change]  # by the id of their `Action`


class LedgerBusy(Exception):
    """The lock was not to be had while anybody still waited for it."""


class LedgerInDoubt(Exception):
    """The connection was lost during the commit, and nobody knows whether it came to pass."""


class Ledger(ABC):
    """One connection of its own, used by one thread; nothing of it is shared with requests."""

    def __init__(self) -> None:
        self._wrapper: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)

    @abstractmethod
    def begin(self, is_wanted: Callable[[], bool]) -> Head:
        """Take the lock between processes, start a transaction and read the chain's head.

        Raises:
            LedgerBusy: `is_wanted` turned false while the lock was waited for.
            OSError: the lock file cannot be used.
            Error: (the driver's) the database cannot be used.
        """

    @abstractmethod
    def claim(self, key: IdempotencyDraft, action_id: UUID, at: datetime) -> bool:
        """Store a key for an attempt; False when it was there already."""

    @abstractmethod
    def actions(self, action_ids: Iterable[UUID]) -> dict[UUID, tuple[int, ActionRow]]:
        """The stored rows of these attempts, with their ids."""

    @abstractmethod
    def commit(self, batch: Batch) -> dict[UUID, int]:
        """Write everything durably and let go of the lock; the ids of the opened actions.

        Raises:
            LedgerInDoubt: see there.
            Error: (the driver's) nothing was written.
        """

    @abstractmethod
    def rollback(self) -> None:
        """End the transaction without a trace and let go of the lock; never raises."""

    def look_at_triggers(self) -> None:
        """Say it loudly where one is missing; a record is worth more than none all the same."""
        if absent := triggers.missing(self._wrapper):
            _log.error("AUDIT TRIGGERS MISSING: run manage.py doctor", missing=absent)

    def close(self) -> None:
        """Give the connection back; the next `begin` makes a new one."""
        self._wrapper.close()


def open_ledger() -> Ledger:
    """The ledger in the configured database."""
    from jobs.audit.postgresql import PostgresqlLedger
    from jobs.audit.sqlite import SqliteLedger

    vendor = connections[DEFAULT_DB_ALIAS].vendor
    return PostgresqlLedger() if vendor == "postgresql" else SqliteLedger()
