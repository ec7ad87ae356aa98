"""The wire that browser tests cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.browser.console import free_port
from tests.browser.network import Network


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, then end."""
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


@pytest.fixture
async def target_port() -> AsyncIterator[int]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def exchange(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"hello\n")
        async with asyncio.timeout(5):
            return await reader.readline()
    finally:
        writer.close()


async def test_bytes_go_through_both_ways(target_port: int) -> None:
    port = free_port()
    async with Network(port, target_port):
        assert await exchange(port) == b"hello\n"


async def test_a_cut_ends_open_connections_and_refuses_new_ones(target_port: int) -> None:
    port = free_port()
    async with Network(port, target_port) as network:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        await reader.readline()
        await network.cut()
        with pytest.raises(ConnectionError):
            await exchange(port)
        try:
            rest = await asyncio.wait_for(reader.read(), 5)
        except ConnectionResetError:
            rest = b""
        writer.close()
        assert rest == b""


async def test_a_mended_wire_carries_again(target_port: int) -> None:
    port = free_port()
    async with Network(port, target_port) as network:
        await network.cut()
        await network.mend()
        assert await exchange(port) == b"hello\n"
