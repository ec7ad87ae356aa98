"""The usual way with Channels: a consumer per socket, and `group_send` for each event.

    python benchmarks/_groups.py PORT SOCKET

Passes the events of the conductor at SOCKET on, under Daphne, as `manage.py up` runs it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings"

import django

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from twisted.internet import reactor  # noqa: E402

from jobs.live import serving  # noqa: E402


class Consumer(AsyncWebsocketConsumer):
    """A member of the group."""

    groups = ["bench"]  # noqa: RUF012 - as Channels has it

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data and "subscribe" in text_data:
            await self.send(text_data='{"type":"caught_up","seq":0}')

    async def tell(self, message: dict[str, Any]) -> None:
        await self.send(text_data=message["text"])


async def pass_on(path: str) -> None:
    """Everything that the conductor tells, to the group."""
    layer = get_channel_layer()
    assert layer is not None
    reader, writer = await asyncio.open_unix_connection(path)
    request = {"jsonrpc": "2.0", "id": 1, "method": "daemon.monitor.stream", "params": {}}
    writer.write(json.dumps(request).encode() + b"\n")
    seq = 0
    while line := await reader.readline():
        seq += 1
        data = json.loads(line)["params"]["data"]
        event = {"type": "event", "prev": seq - 1, "seq": seq, "job": 1, "event": "x", "data": data}
        text = json.dumps(event, separators=(",", ":"))
        await layer.group_send("bench", {"type": "tell", "text": text})


def main(port: int, path: str) -> None:
    """Serve until a signal."""
    passing: list[asyncio.Task[None]] = []

    def listening() -> None:
        passing.append(asyncio.get_event_loop().create_task(pass_on(path)))
        reactor.addSystemEventTrigger("before", "shutdown", passing[0].cancel)  # type: ignore[arg-type]  # its stub
        print("ready", flush=True)

    serving.serve(Consumer.as_asgi(), bind="127.0.0.1", port=port, when_listening=listening)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
