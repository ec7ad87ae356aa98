"""Carrying a batch out, on a thread of its own: the page that confirmed it may be left.

The thread belongs to this web process. When that ends, what was not asked for yet is never asked
for by itself: a person decides anew, on a page that shows how far it had come.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from asgiref.sync import ThreadSensitiveContext
from django.contrib.auth.models import User
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from jobs.actions.batches.ending import end, key_of, origin_from
from jobs.actions.control import cancel, clear, pause, resume
from jobs.actions.models import Batch, BatchItem
from jobs.actions.results import ActionResult
from jobs.actions.shared_looks import sharing_looks
from jobs.database import in_database
from jobs.errors import AuditUnavailable, IdempotencyConflict
from jobs.live.lease import default_owner
from jobs.registry.models import Job
from jobs.terms import Verb

_log = structlog.get_logger(__name__)

SIDE_BY_SIDE: Final = 16  # attempts at the same time
MAX_BATCHES: Final = 4  # of one process at the same time; each has a thread and a connection
HEARTBEAT_S: Final = 5.0
_STOP_S: Final = 10.0

_ACTIONS: Final[dict[Verb, Callable[..., Awaitable[ActionResult]]]] = {
    Verb.PAUSE: pause,
    Verb.RESUME: resume,
    Verb.CANCEL: cancel,
    Verb.CLEAR: clear,
}

PROCESS: Final = default_owner()[:100]


def wait_for(batch_pk: int, timeout_s: float) -> bool:
    """Wait a little for a batch of this process; whether it has ended."""
    thread = _threads.get(batch_pk)
    if thread is not None:
        thread.join(timeout_s)
    return thread is None or not thread.is_alive()


def stop(timeout_s: float = _STOP_S) -> None:
    """Begin no further attempt; those under way are concluded, the batches end as interrupted."""
    _stopping.set()
    give_up_at = time.monotonic() + timeout_s
    for thread in _started():
        thread.join(max(0.0, give_up_at - time.monotonic()))
    if not any(thread.is_alive() for thread in _started()):
        _stopping.clear()


_threads: dict[int, threading.Thread] = {}  # only such as can be joined: they have started
_starting = threading.Lock()  # none ends, and none is counted, between its start and its entry
_stopping = threading.Event()

# Whoever claims a batch takes one; its thread gives it back.
slots: Final = threading.BoundedSemaphore(MAX_BATCHES)


def start(batch_pk: int) -> None:
    """Work on a claimed batch, for which a slot was taken."""
    thread = threading.Thread(
        target=_run, args=(batch_pk,), name=f"podium-batch-{batch_pk}", daemon=True
    )
    with _starting:
        thread.start()
        _threads[batch_pk] = thread


def _started() -> list[threading.Thread]:
    with _starting:
        return list(_threads.values())


def _run(batch_pk: int) -> None:
    try:
        asyncio.run(_main(batch_pk))
    except Exception:  # noqa: BLE001 - the top of the thread; whoever tends closes the batch
        _log.exception("batch broke off", batch=batch_pk)
    finally:
        slots.release()
        with _starting:
            _threads.pop(batch_pk, None)


async def _main(batch_pk: int) -> None:
    # One thread for the database of this batch, whose connection ends with it.
    async with ThreadSensitiveContext():
        try:
            batch = await in_database(Batch.objects.get)(pk=batch_pk)
            was_interrupted = await _Work(batch).carry_out()
            await in_database(end)(batch, was_interrupted=was_interrupted)
        finally:
            await in_database(connections.close_all)()


@dataclass(frozen=True, slots=True)
class _Ended:
    """What came of one run's turn."""

    item_pk: int
    state: BatchItem.State
    outcome: str = ""
    message: str = ""
    action_pk: int | None = None


class _Work:
    """The attempts of one batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._origin = origin_from(batch.origin)
        self._is_stuck = False  # nothing can be recorded or kept: no further attempt

    async def carry_out(self) -> bool:
        """Ask for every run in turn, several at a time; True when some were left."""
        waiting = deque(await in_database(_waiting)(self._batch))
        beating = asyncio.create_task(self._beat(), name="batch heartbeat")
        try:
            async with sharing_looks():
                while waiting and not self._is_stuck and not _stopping.is_set():
                    some = [waiting.popleft() for _ in range(min(SIDE_BY_SIDE, len(waiting)))]
                    await self._ask_for(some)
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
        return bool(waiting) or self._is_stuck

    async def _ask_for(self, item_pks: list[int]) -> None:
        """Their attempts, side by side; told together, for every write waits for the disk."""
        taken, actor = await in_database(_take)(self._batch, item_pks)
        asked = (self._ask(item, job, actor) for item, job in taken)
        # All are waited for, whatever one of them meets with: the others' changes have been sent.
        ended = await asyncio.gather(*asked, return_exceptions=True)
        for error in (one for one in ended if isinstance(one, BaseException)):
            if not isinstance(error, Exception):
                raise error
            _log.error("attempt of a batch broke off", batch=self._batch.pk, exc_info=error)
            self._is_stuck = True
        await in_database(_conclude)([one for one in ended if isinstance(one, _Ended)])

    async def _ask(self, item: BatchItem, job: Job | None, actor: User | None) -> _Ended | None:
        """What came of it; None where only its attempt can tell."""
        if actor is None or job is None:
            why = "Its person may not log in any more." if job else "The job is not there."
            return _Ended(item.pk, BatchItem.State.LEFT, message=why)
        if not await in_database(_goes_on)(self._batch):
            return None  # another process took this one for dead, and has settled what is left
        try:
            result = await _ACTIONS[Verb(self._batch.verb)](
                actor=actor,
                job=job,
                origin=self._origin,
                reason=self._batch.reason,
                key=key_of(self._batch, job.pk),
                seen=item.seen,
            )
        except IdempotencyConflict:
            _log.warning("an attempt of a batch was made before", item=item.pk)
            return None
        except AuditUnavailable as error:
            # Nothing was sent, and nothing can be until the log can be written again.
            self._is_stuck = True
            return _Ended(item.pk, BatchItem.State.LEFT, message=str(error))
        return _Ended(
            item.pk, BatchItem.State.DONE, result.outcome.value, result.message, result.id
        )

    async def _beat(self) -> None:
        while True:
            with suppress(DatabaseError):
                await in_database(_heard)(self._batch)
            await asyncio.sleep(HEARTBEAT_S)


def _waiting(batch: Batch) -> list[int]:
    return list(batch.items.filter(state=BatchItem.State.WAITING).values_list("pk", flat=True))


def _take(
    batch: Batch, item_pks: list[int]
) -> tuple[list[tuple[BatchItem, Job | None]], User | None]:
    """Note that these runs are asked for now, and who asks, with the rights that they have now.

    Those of a batch that was closed meanwhile are left out.
    """
    mine = BatchItem.objects.filter(
        pk__in=item_pks, state=BatchItem.State.WAITING, batch__state=Batch.State.RUNNING
    )
    mine.update(state=BatchItem.State.ASKED)
    items = list(BatchItem.objects.filter(pk__in=item_pks, state=BatchItem.State.ASKED))
    runs = Job.objects.with_surroundings().in_bulk([item.job_id for item in items])
    actor = None
    if batch.actor_id is not None:
        actor = User.objects.filter(pk=batch.actor_id, is_active=True).first()
    return [(item, runs.get(item.job_id)) for item in items], actor


def _conclude(ended: list[_Ended]) -> None:
    with transaction.atomic():
        for one in ended:
            BatchItem.objects.filter(pk=one.item_pk).update(
                state=one.state,
                outcome=one.outcome,
                message=one.message,
                action_pk=one.action_pk,
            )


def _heard(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING).update(heard_at=timezone.now())


def _goes_on(batch: Batch) -> bool:
    return Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING).exists()
