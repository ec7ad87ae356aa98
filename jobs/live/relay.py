"""The relay of one conductor: holds the lease, looks, listens, writes, and reconciles.

Only the process with the lease does any of it; others stand by. Nothing that a conductor does
ends a relay: it is noted, and tried again after a growing, bounded pause.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from jobs.conductor import ConductorError
from jobs.live import metrics, standing
from jobs.live.database import DatabaseThread
from jobs.live.hints import Hints
from jobs.live.lease import RENEW_S, Lease, LeaseLost
from jobs.live.listening import Listener
from jobs.live.looking import Look
from jobs.live.pauses import Pause
from jobs.live.standing import Trouble
from jobs.live.surviving import surviving
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor

Reconcile = Callable[[Conductor], Awaitable[object]]

_EVERY_S: Final = 1.0  # with anything running
_IDLE_EVERY_S: Final = 3.0  # a submit shows on the stream at once
_AFTER_HINT_S: Final = 0.03  # hints come in bursts
_COST_FACTOR: Final = 3.0  # looks take at most a quarter of the time, hinted or not
_RECONCILE_EVERY_S: Final = 5.0
_RECONCILE_S: Final = 60.0
_DRAIN_S: Final = 5.0

_log = structlog.get_logger(__name__)


class Relay:
    """From one conductor to the event log."""

    def __init__(
        self, conductor: Conductor, leases: DatabaseThread, *, reconcile: Reconcile | None = None
    ) -> None:
        self.conductor = conductor
        self.lease = Lease(conductor.pk)
        self._leases = leases  # a thread on which nothing takes long
        self._reconcile = reconcile
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Have `run` store what was taken in, give the lease back, and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Relay until `stop`, or stand by while another process does."""
        pause = Pause(0.5, RENEW_S)
        while not self._stopping.is_set():
            try:
                with surviving("relay begins again", conductor=self.conductor.slug):
                    if await self._leases.run(self.lease.take):
                        pause.reset()
                        await self._relay()
                        continue
            except LeaseLost as error:
                _log.warning("standing by", conductor=self.conductor.slug, reason=str(error))
            await self._pause(pause.grow())

    async def _relay(self) -> None:
        """Everything that the holder of the lease does, until it is lost or `stop`."""
        # Two threads: output lines do not wait behind a big checkpoint.
        db = DatabaseThread(f"relay-{self.conductor.slug}")
        events_db = DatabaseThread(f"events-{self.conductor.slug}")
        # A standby's row is as old as its process.
        await db.run(self.conductor.refresh_from_db)
        client, hints = client_for(self.conductor), Hints()
        look = Look(self.conductor, client, db, self.lease.check)
        listener = Listener(client, look, hints, events_db, self.lease.check)
        _log.info("relaying", conductor=self.conductor.slug)
        try:
            async with asyncio.TaskGroup() as tasks:
                name = self.conductor.slug
                keeping = tasks.create_task(self._keep_lease(), name=f"lease of {name}")
                writing = tasks.create_task(listener.write(), name=f"writing for {name}")
                others = [
                    tasks.create_task(self._look(look, listener, hints, db), name=f"looks {name}"),
                    tasks.create_task(listener.listen(), name=f"stream of {name}"),
                    tasks.create_task(self._reconcile_now_and_then(look), name=f"open {name}"),
                ]
                await self._stopping.wait()
                await listener.fall_silent()
                for task in others:
                    task.cancel()
                await asyncio.wait(others)
                await self._drain(listener)
                writing.cancel()
                keeping.cancel()
        except BaseExceptionGroup as group:
            lost = group.subgroup(LeaseLost)
            if lost is None:
                raise
            raise LeaseLost("another process relays this conductor now") from None
        finally:
            for thread in (db, events_db):
                await asyncio.to_thread(thread.close)
        await self._leases.run(self.lease.release)

    async def _drain(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(_DRAIN_S):
                await listener.drain()
        except TimeoutError:
            _log.warning("some events could not be stored in time", conductor=self.conductor.slug)

    async def _keep_lease(self) -> None:
        """Renew the lease in time."""
        while True:
            await asyncio.sleep(RENEW_S)
            # Writers check it too, so a lease that runs out meanwhile does no harm.
            with surviving("lease not renewed", conductor=self.conductor.slug):
                if not await self._leases.run(self.lease.take):
                    raise LeaseLost("another process took over")

    async def _look(self, look: Look, listener: Listener, hints: Hints, db: DatabaseThread) -> None:
        pause = Pause(0.5, 5.0)
        while True:
            began = time.monotonic()
            again, wait_s, cost_s = False, _EVERY_S, 0.0
            async with hints.look() as hinted:
                with surviving("a look failed", conductor=self.conductor.slug) as turn:
                    try:
                        again = await look.once(hinted)
                        cost_s = (time.monotonic() - began) * _COST_FACTOR
                        pause.reset()
                        metrics.LOOKS.labels(self.conductor.slug, "answered").inc()
                        if listener.is_connected and not look.has_movement:
                            wait_s = _IDLE_EVERY_S
                    except ConductorError as error:
                        wait_s = pause.grow()
                        metrics.LOOKS.labels(self.conductor.slug, "failed").inc()
                        await self._note(Trouble.of(error), db)
            if turn.failed:
                wait_s = pause.grow()
            rested_at = time.monotonic() + max(_AFTER_HINT_S, cost_s)
            if not again:
                await hints.wait(wait_s)
            await asyncio.sleep(rested_at - time.monotonic())

    async def _note(self, trouble: Trouble, db: DatabaseThread) -> None:
        await db.run(standing.record_trouble, self.conductor, trouble, guard=self.lease.check)

    async def _reconcile_now_and_then(self, look: Look) -> None:
        """Have attempts without an answer judged, while the conductor can be asked."""
        if self._reconcile is None:
            return
        while True:
            await asyncio.sleep(_RECONCILE_EVERY_S)
            if not look.conductor.is_reachable:
                continue
            with surviving("not reconciled", conductor=self.conductor.slug):
                async with asyncio.timeout(_RECONCILE_S):
                    await self._reconcile(self.conductor)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
