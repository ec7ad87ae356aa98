"""The one thread of a process that writes records: all that wait, in one transaction.

Many writers starve each other (measured: docs/decisions/0003); one that commits whatever has
gathered in the meantime gives each a short wait, and the chain its order.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from jobs.audit.chaining import write
from jobs.audit.deadlines import MAX_BATCH, MAX_WAITING, STOP_S
from jobs.audit.ledger import Head, Ledger, LedgerBusy, open_ledger
from jobs.audit.pending import Pending
from jobs.audit.recent import Recent
from jobs.audit.troubles import is_lost_connection, is_one_bad_entry, unavailable
from jobs.errors import AuditUnavailable

_log = structlog.get_logger(__name__)


class Appender:
    """A bounded queue and the thread that empties it; the thread starts with the first draft."""

    def __init__(self, open_ledger: Callable[[], Ledger] = open_ledger) -> None:
        self._open_ledger = open_ledger
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[Pending] = deque()
        self._thread: threading.Thread | None = None
        self._recent = Recent()  # the thread's own
        self._is_closed = False

    def submit(self, pending: Pending) -> None:
        """Put a draft into the queue.

        Raises:
            AuditUnavailable: at once, when the queue is full or the appender was closed.
        """
        with self._changed:
            if self._is_closed:
                raise AuditUnavailable("The audit log is being closed.")
            if len(self._waiting) >= MAX_WAITING:
                raise AuditUnavailable(
                    f"The audit record could not be written: {MAX_WAITING} others wait already."
                )
            self._waiting.append(pending)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
            self._changed.notify()

    def withdraw(self, pending: Pending) -> bool:
        """Take a draft back; False when its writing has begun, and may still succeed."""
        with self._changed:
            try:
                self._waiting.remove(pending)
            except ValueError:
                return False
            return True

    def close(self, timeout_s: float = STOP_S) -> bool:
        """Write what is under way, refuse what waits, and end; False when time ran out."""
        with self._changed:
            self._is_closed = True
            left = list(self._waiting)
            self._waiting.clear()
            self._changed.notify()
        for pending in left:
            pending.resolve(AuditUnavailable("The audit log is being closed."))
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        ledger: Ledger | None = None
        try:
            while self._has_work():
                try:
                    if ledger is None:
                        ledger = self._open_ledger()
                    self._serve(ledger)
                except Exception as error:  # noqa: BLE001 - the thread must outlive any fault
                    _log.exception("audit records not written")
                    self._refuse(self._take(), error)
        finally:
            if ledger is not None:
                ledger.close()

    def _has_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            return bool(self._waiting)

    def _is_wanted(self) -> bool:
        return bool(self._waiting)

    def _take(self) -> list[Pending]:
        with self._changed:
            count = min(len(self._waiting), MAX_BATCH)
            return [self._waiting.popleft() for _ in range(count)]

    def _serve(self, ledger: Ledger) -> None:
        try:
            head = self._begin(ledger)
        except LedgerBusy:
            _log.warning("audit records not written", cause="the database is locked")
            return
        # Only now: while the lock was waited for, every draft could still be withdrawn.
        batch = self._take()
        if not batch:
            ledger.rollback()
            return
        try:
            results = write(ledger, head, batch, self._recent)
        except Exception as error:  # noqa: BLE001 - each waiter gets the reason
            ledger.rollback()
            if len(batch) > 1 and is_one_bad_entry(error):
                self._one_by_one(ledger, batch)
                return
            _log.exception("audit records not written", count=len(batch))
            self._refuse(batch, error)
            return
        for pending, result in zip(batch, results, strict=True):
            pending.resolve(result)

    def _begin(self, ledger: Ledger) -> Head:
        try:
            return ledger.begin(self._is_wanted)
        except Exception as error:
            ledger.rollback()
            ledger.close()
            if not is_lost_connection(error):
                raise
            # The server was started anew since the last batch. Nothing was written: try again.
            return ledger.begin(self._is_wanted)

    def _one_by_one(self, ledger: Ledger, batch: Sequence[Pending]) -> None:
        """Keep a draft that the database refuses from taking the others with it."""
        for pending in batch:
            try:
                (result,) = write(ledger, ledger.begin(lambda: False), [pending])
            except Exception as error:  # noqa: BLE001 - likewise
                ledger.rollback()
                _log.exception("audit record not written")
                result = unavailable(error)
            pending.resolve(result)

    @staticmethod
    def _refuse(batch: Sequence[Pending], error: Exception) -> None:
        for pending in batch:
            pending.resolve(unavailable(error))
