"""The reference: what remains when nothing is stored, checked or numbered for good.

    python benchmarks/_broadcast.py PORT SOCKET

Passes the events of the conductor at SOCKET on to every websocket, by `websockets.broadcast`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

_clients: set[ServerConnection] = set()
_seq = 0


async def client(connection: ServerConnection) -> None:
    """Take a subscriber; what it says later is passed over."""
    await connection.recv()
    await connection.send(json.dumps({"type": "caught_up", "seq": _seq}, separators=(",", ":")))
    _clients.add(connection)
    with suppress(ConnectionClosed):
        async for _ in connection:
            pass
    _clients.discard(connection)


def tell(data: dict[str, Any]) -> None:
    """One event to all."""
    global _seq
    _seq += 1
    event = {"type": "event", "prev": _seq - 1, "seq": _seq, "job": 1, "event": "x", "data": data}
    broadcast(_clients, json.dumps(event, separators=(",", ":")))


async def pass_on(path: str) -> None:
    """Everything that the conductor tells."""
    reader, writer = await asyncio.open_unix_connection(path)
    request = {"jsonrpc": "2.0", "id": 1, "method": "daemon.monitor.stream", "params": {}}
    writer.write(json.dumps(request).encode() + b"\n")
    while line := await reader.readline():
        tell(json.loads(line)["params"]["data"])


async def main(port: int, path: str) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    async with serve(client, "127.0.0.1", port, compression=None), asyncio.TaskGroup() as tasks:
        passing = tasks.create_task(pass_on(path))
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        passing.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
