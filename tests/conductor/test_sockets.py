"""The test server itself: what it leaves behind would be blamed on another test."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conductor.sockets import SocketServer


@pytest.mark.parametrize("turns", range(6))
async def test_connection_is_ended_wherever_it_stands_when_the_server_stops(
    short_tmp: Path, turns: int
) -> None:
    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = SocketServer(short_tmp / "s", listen)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(server.socket_path)
    for _ in range(turns):
        await asyncio.sleep(0)
    await server.stop()
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    with suppress(ConnectionResetError):
        await writer.wait_closed()
