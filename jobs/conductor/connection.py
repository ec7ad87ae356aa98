"""One connection to a conductor: connect, send a line, read lines, and say what went wrong.

Plain non-blocking sockets rather than asyncio streams, for two measured reasons. The socket is
closed by `close()` itself and not some turns of the loop later, so a cancelled call leaks nothing.
And asyncio takes the EAGAIN of a Unix socket whose backlog is full for a connection under way
and reports it as made; a conductor's backlog is 5 (recorded in `wire/daemon.jsonl`).
"""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from jobs.conductor.framing import LineSplitter
from jobs.conductor.timeouts import BACKLOG_RETRY_MAX_S, BACKLOG_RETRY_S
from jobs.errors import Cause, ConductorUnreachable

_CHUNK_BYTES: Final = 262_144

_CAUSES: Final = {
    errno.ENOENT: Cause.MISSING,
    errno.ENOTDIR: Cause.MISSING,
    errno.ECONNREFUSED: Cause.STALE,
    errno.EACCES: Cause.FORBIDDEN,
    errno.EPERM: Cause.FORBIDDEN,
}

_SENTENCES: Final = {
    Cause.MISSING: "Conductor not running: there is no socket at {path}.",
    Cause.STALE: "Conductor not running: the socket {path} is left over and nobody listens on it.",
    Cause.FORBIDDEN: "The conductor's socket {path} may not be used by this user.",
    Cause.OTHER: "The conductor's socket {path} cannot be used: {detail}.",
}


class Connection:
    """A connection for one request or one stream; use it as an async context manager.

    `has_sent` turns True with the first byte that the kernel took: from then on the conductor
    may have received the request.
    """

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._socket: socket.socket | None = None
        self._lines = LineSplitter()
        self._chunk = bytearray(0)
        self.has_sent = False

    async def __aenter__(self) -> Self:
        try:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        except OSError as error:  # too many open files
            raise ConductorUnreachable(self._unusable(error), Cause.OTHER) from error
        self._socket.setblocking(False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptor back, at once."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def connect(self, timeout_s: float) -> None:
        """Reach the conductor.

        Raises:
            ConductorUnreachable: with its cause; `silent` when the backlog stays full.
        """
        if "\0" in str(self._path):  # the kernel would take the part before it
            sentence = _SENTENCES[Cause.OTHER].format(path=repr(self._path), detail="NUL byte")
            raise ConductorUnreachable(sentence, Cause.OTHER)
        try:
            async with asyncio.timeout(timeout_s):
                await self._connect()
        except TimeoutError as error:
            raise ConductorUnreachable(
                f"The conductor at {self._path} took no connection in {timeout_s:g} seconds.",
                Cause.SILENT,
            ) from error
        except OSError as error:
            cause = _CAUSES.get(error.errno or 0, Cause.OTHER)
            raise ConductorUnreachable(self._unusable(error, cause), cause) from error

    async def _connect(self) -> None:
        pause_s = BACKLOG_RETRY_S
        while True:
            try:
                self._open_socket().connect(str(self._path))
            except BlockingIOError:
                # Unix sockets do not wait in the background: full means ask again.
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, BACKLOG_RETRY_MAX_S)
            else:
                return

    async def send(self, line: bytes) -> None:
        """Hand the whole line to the kernel.

        Raises:
            ConductorUnreachable: `closed`; `has_sent` says whether any of it went out.
        """
        loop = asyncio.get_running_loop()
        open_socket = self._open_socket()
        try:
            try:
                sent = open_socket.send(line)
            except BlockingIOError:
                sent = 0
            self.has_sent = self.has_sent or sent > 0
            if sent < len(line):
                # Set before the wait: a cancelled or failed sendall tells nobody how far it came.
                self.has_sent = True
                await loop.sock_sendall(open_socket, memoryview(line)[sent:])
        except OSError as error:
            raise self._closed("before it had read the request") from error

    async def read_line(self) -> bytes | None:
        """The next line, None when the conductor closed between two lines.

        Raises:
            ConductorUnreachable: `closed`, in the middle of a line or with a reset.
            ProtocolViolation: `too_long`.
        """
        loop = asyncio.get_running_loop()
        if not self._chunk:
            self._chunk = bytearray(_CHUNK_BYTES)
        while (line := self._lines.next_line()) is None:
            # A read that finds data does not let go of the loop: one that never stops sending
            # would keep everything else, deadlines too, from their turn.
            await asyncio.sleep(0)
            try:
                count = await loop.sock_recv_into(self._open_socket(), self._chunk)
            except OSError as error:
                raise self._closed("before its answer was complete") from error
            if count == 0:
                if self._lines.half_line_bytes:
                    raise self._closed(
                        f"in the middle of its answer, after {self._lines.half_line_bytes} bytes"
                    )
                return None
            self._lines.feed(memoryview(self._chunk)[:count])
        return line

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise RuntimeError("The connection is not open.")
        return self._socket

    def _unusable(self, error: OSError, cause: Cause = Cause.OTHER) -> str:
        detail = error.strerror or str(error)
        return _SENTENCES[cause].format(path=self._path, detail=detail)

    def _closed(self, when: str) -> ConductorUnreachable:
        return ConductorUnreachable(
            f"The conductor closed the connection {when}.",
            Cause.CLOSED,
            may_have_arrived=self.has_sent,
        )
