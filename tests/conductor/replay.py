"""A conductor that only knows what was recorded: the same answers on a real Unix socket.

    async with ReplayConductor(["happy", "failing"], socket_path):
        ...  # pages, relay or client against `socket_path`

    python -m tests.conductor.replay happy failing --socket /tmp/replay.sock

A job that was recorded is submitted by a score of the same file name (`wire-happy.yaml`). Events
go out as the recording is walked through. What was never recorded is answered as the conductor
answers for a job or method that it does not know.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from jobs.conductor import wire
from tests.conductor.sockets import SocketServer
from tests.conductor.transcript import Timeline, Transcript, transcripts


class ReplayConductor:
    """Answers by method and params from one recording or several, each with its own place.

    `requests` keeps what was asked, in order, for tests that count.
    """

    def __init__(
        self, recorded: str | Transcript | Sequence[str | Transcript], socket_path: Path
    ) -> None:
        chosen = [recorded] if isinstance(recorded, str | Transcript) else recorded
        self.timelines = [
            Timeline(transcripts([one])[0] if isinstance(one, str) else one) for one in chosen
        ]
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.socket_path = socket_path
        self._listeners: set[asyncio.StreamWriter] = set()
        self._server = SocketServer(socket_path, self._serve)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; the socket's folder must exist."""
        await self._server.start()

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        await self._server.stop()

    def run_to_end(self) -> None:
        """Have all recorded jobs submitted and as far as their recordings go."""
        for timeline in self.timelines:
            timeline.run_to_end()
            timeline.notices()

    @property
    def listeners(self) -> int:
        """How many connections listen to events."""
        return len(self._listeners)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(self._reply(line, writer))
                await writer.drain()
                self._tell()
        finally:
            self._listeners.discard(writer)

    def _reply(self, line: bytes, writer: asyncio.StreamWriter) -> bytes:
        try:
            request = wire.decode_request(line)
        except wire.BadRequest as error:
            for timeline in self.timelines:
                if found := timeline.answer_raw(line.decode(errors="replace")):
                    return _line(found.answer, found.answer["id"])
            return wire.encode_error(error.request_id, error.code, str(error))
        self.requests.append((request.method, request.params))
        if request.method == "daemon.monitor.stream":
            self._listeners.add(writer)
            return b""
        if isinstance(request, wire.Notification):
            return b""
        return self._answer(request)

    def _answer(self, request: wire.Request) -> bytes:
        if request.method == "job.list":
            rows = {row["job_id"]: row for timeline in self.timelines for row in timeline.rows()}
            return wire.encode_result(request.id, list(rows.values()))
        for timeline in self.timelines:
            if found := timeline.answer(request.method, request.params):
                return _line(found.answer, request.id)
        return _unrecorded(request)

    def _tell(self) -> None:
        notices = [n for timeline in self.timelines for n in timeline.notices()]
        for notice in notices:
            line = wire.encode_notification(notice["method"], notice["params"])
            for listener in self._listeners:
                listener.write(line)


def _line(answer: dict[str, Any], request_id: int | str | None) -> bytes:
    error = answer.get("error")
    if error is None:
        return wire.encode_result(request_id, answer["result"])
    return wire.encode_error(request_id, error["code"], error["message"], error["data"])


def _unrecorded(request: wire.Request) -> bytes:
    """What the conductor says to what it does not know. Source: `wire/rejections.jsonl`."""
    job_id = str(request.params.get("job_id", ""))
    not_found = f"Job '{job_id}' not found"
    results: dict[str, Any] = {
        "job.submit": {
            "job_id": Path(str(request.params.get("config_path", "unknown"))).stem,
            "status": "rejected",
            "message": "This conductor only replays, and of that score it has no recording.",
        },
        "job.pause": {"paused": False, "error": not_found},
        "job.resume": {
            "job_id": job_id,
            "status": "rejected",
            "message": f"Score '{job_id}' not found",
        },
        "job.cancel": {"cancelled": False},
        "job.clear": {"deleted": 0},
    }
    if request.method in results:
        return wire.encode_result(request.id, results[request.method])
    if request.method in {"job.status", "job.errors", "job.diagnose", "job.history"}:
        return wire.encode_error(request.id, wire.JOB_NOT_FOUND, not_found)
    text = f"Method not found: {request.method}"
    return wire.encode_error(request.id, wire.METHOD_NOT_FOUND, text, {"method": request.method})


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Replay recorded exchanges on a Unix socket.")
    parser.add_argument("names", nargs="*", help="recordings; default: all")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--at-end", action="store_true", help="begin with all jobs as they ended")
    options = parser.parse_args()
    conductor = ReplayConductor(transcripts(options.names), options.socket)
    if options.at_end:
        conductor.run_to_end()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with conductor:
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(_main())
