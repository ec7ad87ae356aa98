"""Ways in which a conductor may (mis)behave, as handlers for `sockets.serving`."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.conductor import wire
from tests.conductor.sockets import Handler


def saying(*chunks: bytes, after: Callable[[bytes], bytes] | None = None) -> Handler:
    """Reads the request, sends these bytes and closes."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readline()
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        if after is not None:
            writer.write(after(request))
        writer.close()

    return handler


def silent() -> Handler:
    """Reads everything and never answers."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    return handler


def hanging_after(*chunks: bytes) -> Handler:
    """Sends these bytes and then nothing more, with the connection open."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        for chunk in chunks:
            writer.write(chunk)
        await writer.drain()
        await reader.read()

    return handler


def deaf() -> Handler:
    """Accepts and closes at once, without reading."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return handler


def answering(result: object) -> Handler:
    """Answers every request with this result."""
    return saying(wire.encode_result(1, result))


def padded_answer(total_bytes: int) -> bytes:
    """An answer of exactly so many bytes, its newline not counted."""
    bare = len(wire.encode_result(1, "")) - 1
    return b'{"jsonrpc":"2.0","result":"' + b"x" * (total_bytes - bare) + b'","id":1}\n'


@contextmanager
def flooding(socket_path: Path, flood: bytes) -> Iterator[None]:
    """A conductor with a thread of its own that sends this again and again, as fast as it can."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                while True:
                    connection.sendall(flood)
            except OSError:
                return  # the client has had enough

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()
        listener.settimeout(30)
        thread = threading.Thread(target=serve, args=[listener], name="flood")
        thread.start()
        try:
            yield
        finally:
            thread.join(30)
