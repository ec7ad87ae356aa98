"""A socket in front of a conductor that can hold, lose and break what passes through it.

with ConductorProxy(short_tmp / "p", conductor.socket_path) as proxy:
    proxy.mode = Mode.SWALLOW
    ...  # the conductor gets the request, its client never hears of it
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import patience

CONNECT_S = 10.0


class Mode(Enum):
    """What happens to the requests that arrive from now on."""

    PASS = "pass"  # answered by the conductor
    SILENT = "silent"  # read, not passed on, never answered
    CLOSE = "close"  # not passed on, connection closed
    SWALLOW = "swallow"  # passed on and carried out, its answer lost, connection closed
    HALF = "half"  # passed on, the first half of the answer given, connection closed
    GARBAGE = "garbage"  # not passed on, answered with something that is no JSON
    HOLD = "hold"  # passed on, the answer held back until `release`


class ConductorProxy:
    """Listens at `front` and speaks with the conductor at `back`."""

    def __init__(self, front: Path, back: Path) -> None:
        self.socket_path = front
        self.mode = Mode.PASS
        self.requests: deque[bytes] = deque(maxlen=1000)  # lines as they arrived
        self._back = back
        self._released = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(front))
        self._listener.listen(128)
        self._start(self._accept)

    def hold(self) -> None:
        """Hold back all answers until `release`."""
        self._released.clear()
        self.mode = Mode.HOLD

    def release(self) -> None:
        """Give the answers that were held back, and pass everything on again."""
        self.mode = Mode.PASS
        self._released.set()

    def close(self) -> None:
        """Close the front and all connections."""
        self._released.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(patience(CONNECT_S))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # any callable
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as lines, suppress(OSError):
                for line in lines:
                    self.requests.append(line)
                    if not self._pass_on(client, line, self.mode):
                        return
        finally:
            self._open.discard(client)

    def _pass_on(self, client: socket.socket, line: bytes, mode: Mode) -> bool:
        """False when the connection is to be closed."""
        if mode is Mode.SILENT:
            return True
        if mode is Mode.CLOSE:
            return False
        if mode is Mode.GARBAGE:
            client.sendall(b"<html>not a conductor</html>\n")
            return True
        back = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._open.add(back)
        try:
            with back, back.makefile("rb") as answers:
                back.connect(str(self._back))
                back.sendall(line)
                if b'"daemon.monitor.stream"' in line:
                    for event in answers:
                        client.sendall(event)
                    return False
                return self._give(client, answers.readline(), mode)
        finally:
            self._open.discard(back)

    def _give(self, client: socket.socket, answer: bytes, mode: Mode) -> bool:
        if mode is Mode.SWALLOW:
            return False
        if mode is Mode.HALF:
            client.sendall(answer[: len(answer) // 2])
            return False
        if mode is Mode.HOLD:
            self._released.wait()
        client.sendall(answer)
        return True
