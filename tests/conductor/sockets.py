"""A Unix socket server for tests whose manners each test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from jobs.conductor.wire import MAX_MESSAGE_BYTES

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class SocketServer:
    """Runs a handler per connection, counts them, and leaves nothing behind when closed."""

    def __init__(self, socket_path: Path, handler: Handler) -> None:
        self.socket_path = socket_path
        self.connections = 0
        self.open_connections = 0
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(
            self._accept, self.socket_path, limit=MAX_MESSAGE_BYTES + 1
        )

    async def stop(self) -> None:
        """Close the socket, end all handlers and wait for them."""
        if self._server is not None:
            await _let_in(self._server)
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(
            self._serve(reader, writer), name=f"connection {self.connections}"
        )
        self.connections += 1
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step never comes to closing anything.
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        try:
            await self._handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, which is its right
        finally:
            self.open_connections -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _let_in(server: asyncio.Server) -> None:
    """Accept no more, and let those through that the loop has accepted already.

    asyncio forgets a connection whose server is closed in that moment: nobody closes it, and its
    client waits for ever.
    """
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        loop.remove_reader(listening.fileno())
    for _ in range(5):  # from the accepted socket to the handler it is three turns
        await asyncio.sleep(0)


@asynccontextmanager
async def serving(socket_path: Path, handler: Handler) -> AsyncIterator[SocketServer]:
    """A server for as long as the block runs."""
    server = SocketServer(socket_path, handler)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
