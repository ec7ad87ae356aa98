"""Clients that connect and never read: what they cost, and that others notice nothing."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest
from django.contrib.auth.models import User

from tests.factories import make_user
from tests.live.clients import Socket, happen, token_of
from tests.live.conftest import WebServer, in_thread, web_server
from tests.waiting import eventually, patience

pytestmark = pytest.mark.django_db(transaction=True)

MIB = 1024 * 1024
CLIENTS = 30


@contextmanager
def connection(server: WebServer) -> Iterator[socket.socket]:
    """A connection whose kernel takes little in."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.settimeout(patience(20))
        raw.connect(("127.0.0.1", server.port))
        yield raw


def subscribe(raw: socket.socket, server: WebServer, token: str) -> None:
    """A websocket that asks for everything and then reads no more."""
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET /ws/events/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: {token}\r\n\r\n".encode()
    )
    assert b"101" in raw.recv(4_096)
    said = json.dumps({"type": "subscribe", "since": 0}).encode()
    raw.sendall(bytes((0x81, 0x80 | len(said), 0, 0, 0, 0)) + said)


def ask_for_stream(raw: socket.socket, server: WebServer, token: str) -> None:
    """A stream that is asked for and never read."""
    raw.sendall(
        f"GET /api/events?since=0 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Authorization: {token}\r\n\r\n".encode()
    )


async def a_token() -> tuple[User, str]:
    user = await in_thread(lambda: make_user("admin"))
    return user, await in_thread(lambda: token_of(user))


@pytest.mark.parametrize("ask", [subscribe, ask_for_stream])
async def test_clients_that_never_read_cost_a_fixed_amount_and_hold_up_nobody(
    transactional_db: None, ask: object
) -> None:
    assert callable(ask)
    await in_thread(lambda: [happen(200, preview="x" * 4_000) for _ in range(20)])
    _, token = await a_token()
    with web_server() as server, ExitStack() as stack:
        async with Socket.open(server.socket_url, token=token) as reader:
            await reader.subscribed(None)
            process = psutil.Process(server.process.pid)
            before = process.memory_info().rss
            for _ in range(CLIENTS):
                ask(stack.enter_context(connection(server)), server, token)
            await in_thread(lambda: happen(5))
            assert len(await reader.hear_events(5)) == 5
            await eventually(lambda: process.cpu_percent(0.5) < 20, timeout_s=60, what="rest")
            grown = process.memory_info().rss - before
    # 16 MiB of events each; a quarter of one may wait, besides what Python takes for it.
    assert grown < CLIENTS * 2 * MIB, f"{grown / MIB:.0f} MiB"


@pytest.mark.parametrize("ask", [subscribe, ask_for_stream])
async def test_a_client_that_never_reads_is_cut_off(transactional_db: None, ask: object) -> None:
    assert callable(ask)
    await in_thread(lambda: [happen(200, preview="x" * 4_000) for _ in range(40)])
    _, token = await a_token()
    with web_server(LIVE_TEST_NO_PROGRESS_S="0.5") as server, connection(server) as raw:
        ask(raw, server, token)
        process = psutil.Process(server.process.pid)

        def is_cut_off() -> bool:
            established = [c for c in process.net_connections() if c.status == "ESTABLISHED"]
            return not established

        await eventually(lambda: len(process.net_connections()) > 1, what="the connection")
        await eventually(is_cut_off, timeout_s=30, what="the end of the connection")
