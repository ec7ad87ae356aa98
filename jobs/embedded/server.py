"""The socket: connections in, answers out, one after the other on each connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from jobs.conductor import wire
from jobs.embedded.document import dump
from jobs.embedded.events import Bus
from jobs.embedded.methods import Methods, Raw, Refusal
from jobs.embedded.reports import BACKLOG
from jobs.embedded.requests import read_request
from jobs.embedded.settings import Settings

logger = logging.getLogger("podium.conductor")

SEND_S = 60.0  # for a client to take what we send; one that does not is let go
DISCARD_S = 5.0  # for the rest of a message that is too long anyway
STREAM = "daemon.monitor.stream"


class Server:
    """Answers all connections of one socket."""

    def __init__(self, settings: Settings, methods: Methods, bus: Bus) -> None:
        self._settings = settings
        self._methods = methods
        self._bus = bus
        self._connections: set[asyncio.Task[None]] = set()
        self._requests = asyncio.Semaphore(settings.max_requests)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. The socket's folder and lock are ours already."""
        self._server = await asyncio.start_unix_server(
            self._serve,
            self._settings.socket_path,
            limit=wire.MAX_MESSAGE_BYTES,
            backlog=BACKLOG,
        )
        self._settings.socket_path.chmod(self._settings.socket_mode)

    async def close(self) -> None:
        """Listen no more and let go of every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this in a task
        self._connections.add(task)
        try:
            if len(self._connections) > self._settings.max_connections:
                text = "Too many connections"
                await self._send(writer, wire.encode_error(None, wire.RESOURCES_EXHAUSTED, text))
                return
            await self._talk(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client has gone, or takes nothing
        except asyncio.CancelledError:
            pass  # the conductor ends; asyncio would report the cancelled callback as an error
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readuntil(b"\n")
            except asyncio.LimitOverrunError:
                text = f"Parse error: message longer than {wire.MAX_MESSAGE_BYTES} bytes"
                await self._send(writer, wire.encode_error(None, wire.PARSE, text))
                await _discard(reader)
                return
            if not line.strip():
                continue
            try:
                message = read_request(line)
            except wire.BadRequest as error:
                answer = wire.encode_error(error.request_id, error.code, str(error))
                await self._send(writer, answer)
                continue
            if message.method == STREAM:
                await self._stream(reader, writer)
                return
            async with self._requests:
                answer = await self._answer(message)
            if isinstance(message, wire.Request):
                await self._send(writer, answer)

    async def _answer(self, message: wire.Request | wire.Notification) -> bytes:
        request_id = message.id if isinstance(message, wire.Request) else None
        try:
            result = await self._methods.call(message.method, message.params)
            return encode(request_id, result)
        except Refusal as error:
            return wire.encode_error(request_id, error.code, str(error), error.data)
        except Exception as error:
            logger.exception("%s broke down", message.method)
            text = f"Internal error: {type(error).__name__}"
            return wire.encode_error(request_id, wire.INTERNAL, text)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        async with asyncio.timeout(SEND_S):
            await writer.drain()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send events until the client goes; what it says meanwhile is not read as requests."""
        listener = self._bus.open()
        gone = asyncio.create_task(_until_closed(reader), name="stream-watch")
        try:
            while not gone.done():
                take = asyncio.create_task(listener.take(), name="stream-take")
                try:
                    await asyncio.wait({take, gone}, return_when=asyncio.FIRST_COMPLETED)
                    if take.done():
                        await self._send(writer, take.result())
                finally:
                    take.cancel()
                    await asyncio.gather(take, return_exceptions=True)
        finally:
            self._bus.close(listener)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)


async def _discard(reader: asyncio.StreamReader) -> None:
    """Let the sender of too much finish, or it would meet a reset instead of its answer."""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(DISCARD_S):
            while await reader.read(1_048_576):
                pass


async def _until_closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65_536):
            pass


def encode(request_id: int | str | None, result: Any) -> bytes:
    """One successful answer, bounded as the protocol wants.

    Raises:
        Refusal: it is too big to be read by any client.
    """
    if not isinstance(result, Raw):
        return wire.encode_result(request_id, result)
    line = b'{"jsonrpc":"2.0","result":' + result.json + b',"id":' + dump(request_id) + b"}"
    if len(line) > wire.MAX_MESSAGE_BYTES:
        raise Refusal("The answer is larger than a message may be", wire.RESOURCES_EXHAUSTED)
    return line + b"\n"
