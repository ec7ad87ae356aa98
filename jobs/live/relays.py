"""One relay for each conductor that is enabled, kept up with the conductors' table."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from jobs.live import retention
from jobs.live.database import DatabaseThread
from jobs.live.relay import Reconcile, Relay
from jobs.live.surviving import surviving
from jobs.registry.models import Conductor

_LOOK_S: Final = 3.0  # a conductor that was added, moved or disabled is noticed after this

_TEND_EVERY_S: Final = 60.0
_TEND_S: Final = 120.0

Tend = Callable[[], Awaitable[object]]

_log = structlog.get_logger(__name__)


class Relays:
    """Runs relays until told to stop; each of them stands by where another process relays."""

    def __init__(self, *, reconcile: Reconcile | None = None, tend: Tend | None = None) -> None:
        self._reconcile = reconcile
        self._tend = tend
        self._stopping = asyncio.Event()
        self._running: dict[int, tuple[str, Relay]] = {}

    def stop(self) -> None:
        """Have `run` end all relays in good order and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Relay all enabled conductors until `stop`."""
        db = DatabaseThread("relays")
        try:
            async with asyncio.TaskGroup() as tasks:
                others = [
                    tasks.create_task(self._prune(db), name="pruning of events"),
                    tasks.create_task(self._tend_now_and_then(), name="upkeep"),
                ]
                while not self._stopping.is_set():
                    with surviving("conductors not looked up"):
                        self._keep_up(await db.run(_enabled), db, tasks)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_S):
                            await self._stopping.wait()
                for task in others:
                    task.cancel()
                for _, relay in self._running.values():
                    relay.stop()
        finally:
            await asyncio.to_thread(db.close)

    def _keep_up(
        self, conductors: list[Conductor], db: DatabaseThread, tasks: asyncio.TaskGroup
    ) -> None:
        wanted = {conductor.pk: conductor for conductor in conductors}
        for pk, (place, relay) in list(self._running.items()):
            if pk not in wanted or wanted[pk].socket_path != place:
                relay.stop()
        for pk, conductor in wanted.items():
            if pk not in self._running:
                relay = Relay(conductor, db, reconcile=self._reconcile)
                self._running[pk] = (conductor.socket_path, relay)
                tasks.create_task(self._run(pk, relay), name=f"relay {conductor.slug}")

    async def _prune(self, db: DatabaseThread) -> None:
        """Delete old events, for ever; several processes may do so at once."""
        while True:
            with surviving("old events not pruned"):
                for _ in range(retention.PORTIONS):
                    if not await db.run(retention.prune_some):
                        break
                    await asyncio.sleep(retention.BETWEEN_S)
            await asyncio.sleep(retention.EVERY_S)

    async def _tend_now_and_then(self) -> None:
        """Have done what no relay does, for its conductor is down or disabled."""
        while self._tend is not None:
            # First a pause: the relays find out which conductors are there.
            await asyncio.sleep(_TEND_EVERY_S)
            with surviving("not tended"):
                async with asyncio.timeout(_TEND_S):
                    await self._tend()

    async def _run(self, pk: int, relay: Relay) -> None:
        try:
            await relay.run()
        finally:
            del self._running[pk]


def _enabled() -> list[Conductor]:
    return list(Conductor.objects.filter(is_enabled=True))


class RelayThread:
    """Relays on a thread and an event loop of their own.

    Reading a checkpoint of some megabytes would hold up every socket on the server's loop.
    """

    def __init__(self, *, reconcile: Reconcile | None = None, tend: Tend | None = None) -> None:
        self._reconcile = reconcile
        self._tend = tend
        self._thread = threading.Thread(target=self._run, name="podium-relays", daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._relays: Relays | None = None

    def start(self) -> None:
        """Begin to relay; returns once the thread's loop is there."""
        self._thread.start()
        self._started.wait(10)

    def stop(self, timeout_s: float) -> bool:
        """Store what was taken in, give the leases back, and end; False if it took too long."""
        if not self._thread.is_alive():
            return True
        if self._loop is not None and self._relays is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._relays.stop)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException:
            _log.exception("the relays have ended")
            raise
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._relays = Relays(reconcile=self._reconcile, tend=self._tend)
        self._started.set()
        await self._relays.run()
