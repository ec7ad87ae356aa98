"""Snapshots of the machine on disk: what `daemon.top.stream` points to."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

from jobs.embedded.identity import collect
from jobs.embedded.reports import Reports

logger = logging.getLogger("podium.conductor")

MONITOR_LOG_BYTES = 10 * 1024 * 1024  # then the older half is dropped


class Snapshots:
    """Taken one by one, whenever `take` is called.

    On the way dead orphans are taken in, which come to us as a subreaper. A zombie seen twice is
    nobody's: children that are waited for do not stay zombies for so long.
    """

    def __init__(self, reports: Reports, path: Path) -> None:
        self._reports = reports
        self._path = path
        self._zombies: set[int] = set()

    async def take(self) -> None:
        """Take a snapshot and add it to the file."""
        snapshot = await asyncio.to_thread(self._reports.snapshot)
        for pid in self._zombies & set(snapshot["zombie_pids"]):
            collect(pid)
        self._zombies = set(snapshot["zombie_pids"])
        line = json.dumps(snapshot) + "\n"
        try:
            await asyncio.to_thread(append_bounded, self._path, line, MONITOR_LOG_BYTES)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error)


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
