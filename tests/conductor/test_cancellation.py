"""The client can be cancelled wherever it waits, and leaves no socket open."""

from __future__ import annotations

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path

import pytest

from jobs.conductor import ConductorUnreachable, DaemonClient, JobControlService, wire
from tests.conductor.cancelling import cancel_at_every_await
from tests.conductor.manners import silent
from tests.conductor.replay import ReplayConductor
from tests.conductor.sockets import SocketServer, serving
from tests.waiting import eventually

ANSWER = wire.encode_result(1, {"cancelled": True})
EVENT = wire.encode_notification("monitor.event", {"job_id": "x", "event": "job.started"})


async def _slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers a request byte by byte, with turns of the loop between."""
    await reader.readline()
    for index in range(len(ANSWER)):
        writer.write(ANSWER[index : index + 1])
        await writer.drain()
        await asyncio.sleep(0)


async def _events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    for _ in range(5):
        writer.write(EVENT)
        await writer.drain()
        await asyncio.sleep(0)


async def _all_closed(server: SocketServer) -> None:
    await eventually(lambda: server.open_connections == 0, what="the server's ends to close")


async def test_call_is_cancellable_at_every_await(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", _slowly) as server:
        client = DaemonClient(server.socket_path)
        awaits = await cancel_at_every_await(lambda: client.cancel_job("x"))
        await _all_closed(server)
    assert awaits >= 5


async def test_call_with_a_big_request_is_cancellable_at_every_await(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", _slowly) as server:
        client = DaemonClient(server.socket_path)
        params = {"padding": "x" * 4_000_000}
        awaits = await cancel_at_every_await(lambda: client.call("x", params, changes=True))
        await _all_closed(server)
    assert awaits >= 5


async def test_call_that_waits_for_a_full_backlog_is_cancellable(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(str(short_tmp / "s"))
        busy.listen(0)
        first.connect(str(short_tmp / "s"))
        client = DaemonClient(short_tmp / "s", connect_s=10)
        assert await cancel_at_every_await(lambda: client.cancel_job("x"), at_most=4) == 4


async def test_event_stream_is_cancellable_at_every_await(short_tmp: Path) -> None:
    async def listen(client: DaemonClient) -> None:
        async with aclosing(client.stream_events()) as events:
            async for _ in events:
                await asyncio.sleep(0)

    async with serving(short_tmp / "s", _events) as server:
        client = DaemonClient(server.socket_path)
        awaits = await cancel_at_every_await(lambda: listen(client))
        await _all_closed(server)
    assert awaits >= 5


async def test_service_is_cancellable_at_every_await(short_tmp: Path) -> None:
    async with ReplayConductor("pause_resume_cancel", short_tmp / "s") as conductor:
        service = JobControlService(DaemonClient(conductor.socket_path))
        assert await cancel_at_every_await(lambda: service.cancel_job("wire-pause")) >= 2


async def test_cancelled_silent_call_gives_its_socket_back_at_once(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", silent()) as server:
        client = DaemonClient(server.socket_path)
        call = asyncio.create_task(client.cancel_job("x"), name="silent call")
        await eventually(lambda: server.open_connections == 1, what="the connection")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await _all_closed(server)


async def test_stream_that_is_merely_dropped_closes_its_socket(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", _events) as server:
        async for _ in DaemonClient(server.socket_path).stream_events():
            break
        await _all_closed(server)


async def test_idle_stream_raises_only_when_asked_to(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", silent()) as server:
        stream = DaemonClient(server.socket_path).stream_events(idle_s=0.1)
        with pytest.raises(ConductorUnreachable, match=r"0\.1 seconds"):
            await anext(stream)
        await _all_closed(server)


async def test_stream_ends_when_the_conductor_closes_between_events(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", _events) as server:
        events = [event async for event in DaemonClient(server.socket_path).stream_events()]
    assert len(events) == 5


async def test_many_calls_at_once_each_have_a_connection(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", _slowly) as server:
        client = DaemonClient(server.socket_path)
        answers = await asyncio.gather(*(client.cancel_job(str(n)) for n in range(100)))
        assert server.connections == 100
        await _all_closed(server)
    assert all(answer.cancelled for answer in answers)
