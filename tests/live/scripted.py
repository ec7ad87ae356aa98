"""A conductor on a real socket that says what a test tells it to say."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

from jobs.conductor import wire
from tests.conductor.sockets import SocketServer

SUBMITTED = 1795519835.1553707


def row(job_id: str = "nightly", status: str = "running", **fields: Any) -> dict[str, Any]:
    """A line of the registry."""
    return {
        "job_id": job_id,
        "status": status,
        "config_path": f"/srv/{job_id}.yaml",
        "workspace": f"/srv/ws/{job_id}",
        "submitted_at": SUBMITTED,
        "started_at": SUBMITTED + 0.001,
    } | fields


def checkpoint(
    job_id: str = "nightly", status: str = "running", sheets: list[str] | None = None
) -> dict[str, Any]:
    """A checkpoint whose sheets have these statuses."""
    statuses = sheets or ["dispatched", "pending", "pending"]
    return {
        "job_id": job_id,
        "job_name": job_id,
        "status": status,
        "total_sheets": len(statuses),
        "created_at": "2026-11-24T11:30:35.165001Z",
        "started_at": "2026-11-24T11:30:35.164976Z",
        "sheets": {
            str(n): {"sheet_num": n, "status": s, "instrument_name": "cli"}
            for n, s in enumerate(statuses, 1)
        },
    }


class ScriptedConductor:
    """Answers from `rows` and `checkpoints`, which a test may change at any time."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self.rows: list[dict[str, Any]] = []
        self.checkpoints: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Any] = {}  # method -> result, instead of what is usual
        self.raw: dict[str, bytes] = {}  # method -> bytes, sent as they are
        self.silent: set[str] = set()
        self.asked: Counter[str] = Counter()
        self._listeners: list[asyncio.StreamWriter] = []
        self._server = SocketServer(socket_path, self._serve)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()
        self.socket_path.unlink(missing_ok=True)
        self._server = SocketServer(self.socket_path, self._serve)

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def tell(self, event: str, *, job_id: str = "nightly", sheet: int = 0, **data: Any) -> None:
        """Send an event to all who listen."""
        params = {
            "job_id": job_id,
            "sheet_num": sheet,
            "event": event,
            "data": data,
            "timestamp": time.time(),
        }
        line = wire.encode_notification("monitor.event", params)
        for listener in self._listeners:
            listener.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                request = wire.decode_request(line)
                assert isinstance(request, wire.Request)
                self.asked[request.method] += 1
                if request.method in self.silent:
                    continue
                if request.method == "daemon.monitor.stream":
                    self._listeners.append(writer)
                    continue
                writer.write(self._answer(request))
                await writer.drain()
        finally:
            if writer in self._listeners:
                self._listeners.remove(writer)

    def _answer(self, request: wire.Request) -> bytes:
        if request.method in self.raw:
            return self.raw[request.method]
        if request.method in self.answers:
            return wire.encode_result(request.id, self.answers[request.method])
        if request.method == "job.list":
            return wire.encode_result(request.id, self.rows)
        if request.method == "job.status":
            job_id = str(request.params["job_id"])
            if job_id in self.checkpoints:
                return wire.encode_result(request.id, self.checkpoints[job_id])
            return wire.encode_error(request.id, wire.JOB_NOT_FOUND, f"Job '{job_id}' not found")
        if request.method == "daemon.status":
            return wire.encode_result(request.id, {"pid": 4242, "version": "0.1.0"})
        return wire.encode_error(request.id, wire.METHOD_NOT_FOUND, "Method not found")
