"""Writing a record, for blocking callers and for coroutines."""

from __future__ import annotations

import os
import threading

from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from jobs.audit.appender import Appender
from jobs.audit.deadlines import IN_DOUBT_S, WAIT_S
from jobs.audit.draft import Appended, Draft, IdempotencyDraft
from jobs.audit.entry import Entry
from jobs.audit.pending import LoopBell, Pending, Result, ThreadBell
from jobs.errors import AuditUnavailable, InsideTransaction


def append(draft: Draft, *, idempotency: IdempotencyDraft | None = None) -> Appended:
    """The record, once it is durable; a bounded wait.

    Raises:
        AuditUnavailable: not written (`may_be_recorded`: perhaps written).
        IdempotencyConflict: the key was used before; nothing of this draft was written.
        InsideTransaction: called inside `atomic()`, whose rollback cannot take a record back.
    """
    refuse_inside_transaction()
    bell = ThreadBell()
    pending = Pending(Entry.of_draft(draft, timezone.now()), idempotency, bell)
    appender = _appender()
    appender.submit(pending)
    result = bell.wait(WAIT_S)
    if result is None and appender.withdraw(pending):
        raise _too_late()
    return _unwrapped(result or bell.wait(IN_DOUBT_S))


async def aappend(draft: Draft, *, idempotency: IdempotencyDraft | None = None) -> Appended:
    """`append` for coroutines, with the same errors; a cancelled one takes its draft back.

    A draft whose writing has begun when the caller is cancelled may still be written.
    """
    # In the thread where a synchronous caller of ours would have its transaction open.
    await sync_to_async(refuse_inside_transaction)()
    bell = LoopBell()
    pending = Pending(Entry.of_draft(draft, timezone.now()), idempotency, bell)
    appender = _appender()
    appender.submit(pending)
    try:
        result = await bell.wait(WAIT_S)
        if result is None and appender.withdraw(pending):
            raise _too_late()
        return _unwrapped(result or await bell.wait(IN_DOUBT_S))
    finally:
        appender.withdraw(pending)


def refuse_inside_transaction() -> None:
    """Raise where a transaction of this thread could be rolled back after the record stands.

    Raises:
        InsideTransaction: see above.
    """
    if connection.in_atomic_block:
        raise InsideTransaction(
            "An audit record was to be written inside a transaction, which could undo what the "
            "record says."
        )


def reset() -> None:
    """End this process's appender; the next append starts another. For tests and shutdown.

    Raises:
        RuntimeError: it did not end in time.
    """
    global _current
    with _guard:
        old, _current = _current, None
    if old is not None and not old.close():
        raise RuntimeError("The audit appender did not end in time.")


_guard = threading.Lock()
_current: Appender | None = None
_inherited: list[Appender] = []


def _appender() -> Appender:
    global _current
    with _guard:
        if _current is None:
            _current = Appender()
        return _current


def _forget() -> None:
    """In a forked child the thread is gone, and the connection is the parent's.

    It is kept, unused: closing it here would speak to the server on the parent's behalf.
    """
    global _guard, _current
    _guard = threading.Lock()
    if _current is not None:
        _inherited.append(_current)
    _current = None


os.register_at_fork(after_in_child=_forget)


def _unwrapped(result: Result | None) -> Appended:
    match result:
        case Appended():
            return result
        case None:
            raise AuditUnavailable(
                "The audit record is being written, but the database has not answered in time; "
                "it may be found in the log later.",
                may_be_recorded=True,
            )
        case error:
            raise error


def _too_late() -> AuditUnavailable:
    return AuditUnavailable(
        f"The audit record could not be written within {WAIT_S:g} seconds: the database is "
        "locked by another program, or does not answer."
    )
