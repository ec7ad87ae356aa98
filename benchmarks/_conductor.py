"""A conductor that has one running job and sends output events at a rate it is told.

    python benchmarks/_conductor.py SOCKET

On its standard input: `RATE SECONDS` sends events, `count` prints how many requests came since
the last `count`, both answer with a line. Real bytes on a real socket; what it says is recorded
shape.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

STARTED = time.time()
ROW = {
    "job_id": "bench",
    "status": "running",
    "config_path": "/srv/bench.yaml",
    "workspace": "/srv/ws",
    "submitted_at": STARTED,
    "started_at": STARTED,
    "progress_completed": 0,
    "progress_total": 3,
}
CHECKPOINT = {
    "job_id": "bench",
    "job_name": "bench",
    "status": "running",
    "total_sheets": 3,
    "created_at": "2026-11-24T11:30:35.165001Z",
    "sheets": {
        str(n): {"sheet_num": n, "status": "dispatched" if n == 1 else "pending"} for n in (1, 2, 3)
    },
}
ANSWERS: dict[str, Any] = {
    "job.list": [ROW],
    "job.status": CHECKPOINT,
    "daemon.status": {"pid": 4242, "version": "0.1.0", "running_jobs": 1},
    "daemon.ready": {"status": "ready", "accepting_work": True},
}
PREVIEW = "x" * 120


class Conductor:
    """Answers, and tells its listeners."""

    def __init__(self) -> None:
        self.requests = 0
        self.listeners: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.requests += 1
                request = json.loads(line)
                if request["method"] == "daemon.monitor.stream":
                    self.listeners.add(writer)
                    continue
                answer = {
                    "jsonrpc": "2.0",
                    "id": request["id"],
                    "result": ANSWERS[request["method"]],
                }
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        finally:
            self.listeners.discard(writer)
            writer.close()

    async def send(self, per_s: float, seconds: float) -> int:
        """Events at this rate, each with the moment at which it was sent; how many they were."""
        began = time.perf_counter()
        sent = 0
        while (now := time.perf_counter() - began) < seconds:
            while sent < now * per_s:
                self._tell(sent)
                sent += 1
            await asyncio.sleep(0.001)
        return sent

    def _tell(self, number: int) -> None:
        now = time.time()
        data = {"offset": number, "preview": PREVIEW, "sent_at": round(now, 6) + 1e-7}
        params = {
            "job_id": "bench",
            "sheet_num": 1,
            "event": "sheet.output",
            "data": data,
            "timestamp": now,
        }
        line = json.dumps({"jsonrpc": "2.0", "method": "monitor.event", "params": params})
        for listener in self.listeners:
            listener.write(line.encode() + b"\n")


async def main(path: str) -> None:
    """Serve, and do what standard input says until it ends."""
    conductor = Conductor()
    server = await asyncio.start_unix_server(conductor.serve, path)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while words := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        if words == ["count"]:
            print(conductor.requests, flush=True)
            conductor.requests = 0
        else:
            print(await conductor.send(float(words[0]), float(words[1])), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
