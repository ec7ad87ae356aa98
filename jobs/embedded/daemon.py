"""The life of the process: claim the home, serve, and end in good order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable

from jobs.embedded.conductor import Conductor
from jobs.embedded.events import Bus
from jobs.embedded.methods import Methods
from jobs.embedded.ownership import Ownership
from jobs.embedded.reports import Reports
from jobs.embedded.server import Server
from jobs.embedded.settings import Settings
from jobs.embedded.snapshots import Snapshots
from jobs.embedded.store import Store
from jobs.embedded.supervisor import PR_SET_CHILD_SUBREAPER, prctl

logger = logging.getLogger("podium.conductor")

SNAPSHOT_EVERY_S = 15.0
WRITE_AGAIN_EVERY_S = 5.0  # what the checkpoint did not take, say of a disk that was full
READY_LINE = "conductor ready on "


class Daemon:
    """One conductor process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ending = asyncio.Event()
        self._hurry = False
        self._conductor: Conductor | None = None

    async def run(self) -> None:
        """Serve until told to end.

        Raises:
            AlreadyOwned: another conductor lives in this home, or on this socket.
            StoreError: the checkpoint cannot be opened.
        """
        os.umask(self._settings.umask)
        ownership = Ownership(self._settings.home)
        ownership.claim()
        try:
            await self._run_owned(ownership)
        finally:
            ownership.release()

    async def _run_owned(self, ownership: Ownership) -> None:
        settings = self._settings
        await asyncio.to_thread(ownership.prepare_socket, settings.socket_path)
        # Orphans of a supervisor that was killed come to us instead of getting away.
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        store = await asyncio.to_thread(Store, settings.home.database)
        try:
            bus = Bus(settings.listener_events, settings.listener_bytes)
            conductor = self._conductor = Conductor(settings, store, bus)
            reports = Reports(conductor)
            server = Server(settings, Methods(conductor, reports, self.end), bus)
            self._listen_to_signals()
            await conductor.start()
            await server.open()
            ownership.note_socket(settings.socket_path)
            logger.info("%s%s (pid %d)", READY_LINE, settings.socket_path, os.getpid())
            snapshots = Snapshots(reports, settings.home.monitor_log)
            async with asyncio.TaskGroup() as tasks:
                housekeeping = [
                    tasks.create_task(repeat(turn, every_s), name=f"housekeeping-{turn.__name__}")
                    for turn, every_s in (
                        (snapshots.take, SNAPSHOT_EVERY_S),
                        (conductor.write_again, WRITE_AGAIN_EVERY_S),
                    )
                ]
                await self._ending.wait()
                for task in housekeeping:
                    task.cancel()
                await self._end(conductor, server)
        finally:
            await asyncio.to_thread(store.close)

    async def _end(self, conductor: Conductor, server: Server) -> None:
        grace_s = 0.0 if self._hurry else self._settings.grace_s
        logger.info("ending: no new sheets, %.0f s for those that run", grace_s)
        await conductor.performances.stop(grace_s)
        await conductor.write_again()
        await server.close()
        with contextlib.suppress(FileNotFoundError):
            self._settings.socket_path.unlink()
        logger.info("ended")

    def end(self, graceful: bool) -> None:
        """Begin to end; a second call, or one without grace, hurries."""
        if not graceful or self._ending.is_set():
            self._hurry = True
            if self._conductor is not None and self._ending.is_set():
                self._hurrying = asyncio.ensure_future(self._conductor.performances.hurry())
        self._ending.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end, True)


async def repeat(turn: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Do this again and again; a turn that goes wrong is told in the log and ends nothing else."""
    while True:
        try:
            await turn()
        except Exception:
            logger.exception("a turn of the conductor's housekeeping went wrong")
        await asyncio.sleep(every_s)


async def serve(settings: Settings) -> None:
    """Run a conductor in this process until a signal or `daemon.shutdown` ends it."""
    await Daemon(settings).run()
