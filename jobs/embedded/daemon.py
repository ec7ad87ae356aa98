"""The life of the process: claim the home, serve, and end in good order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from pathlib import Path

from jobs.embedded.conductor import Conductor
from jobs.embedded.events import Bus
from jobs.embedded.identity import collect
from jobs.embedded.methods import Methods
from jobs.embedded.ownership import Ownership
from jobs.embedded.reports import Reports
from jobs.embedded.server import Server
from jobs.embedded.settings import Settings
from jobs.embedded.store import Store
from jobs.embedded.supervisor import PR_SET_CHILD_SUBREAPER, prctl

logger = logging.getLogger("podium.conductor")

SNAPSHOT_EVERY_S = 15.0
MONITOR_LOG_BYTES = 10 * 1024 * 1024  # then the older half is dropped
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
            async with asyncio.TaskGroup() as tasks:
                snapshots = tasks.create_task(self._keep_snapshots(reports), name="snapshots")
                await self._ending.wait()
                snapshots.cancel()
                await self._end(conductor, server)
        finally:
            await asyncio.to_thread(store.close)

    async def _end(self, conductor: Conductor, server: Server) -> None:
        grace_s = 0.0 if self._hurry else self._settings.grace_s
        logger.info("ending: no new sheets, %.0f s for those that run", grace_s)
        await conductor.performances.stop(grace_s)
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

    async def _keep_snapshots(self, reports: Reports) -> None:
        """What `daemon.top.stream` points to.

        On the way it takes in dead orphans, which come to us as a subreaper. A zombie seen twice
        is nobody's: children that are waited for do not stay zombies for so long.
        """
        zombies: set[int] = set()
        while True:
            snapshot = await asyncio.to_thread(reports.snapshot)
            for pid in zombies & set(snapshot["zombie_pids"]):
                collect(pid)
            zombies = set(snapshot["zombie_pids"])
            line = json.dumps(snapshot) + "\n"
            path = self._settings.home.monitor_log
            try:
                await asyncio.to_thread(append_bounded, path, line, MONITOR_LOG_BYTES)
            except OSError as error:
                logger.warning("%s cannot be written: %s", path, error)
            await asyncio.sleep(SNAPSHOT_EVERY_S)


def append_bounded(path: Path, line: str, limit: int) -> None:
    """Add a line; past the limit the older half of the file goes."""
    with path.open("a+b") as file:
        file.write(line.encode())
        size = file.tell()
        if size <= limit:
            return
        file.seek(size // 2)
        file.readline()
        kept = file.read()
        file.truncate(0)
        file.write(kept)


async def serve(settings: Settings) -> None:
    """Run a conductor in this process until a signal or `daemon.shutdown` ends it."""
    await Daemon(settings).run()
