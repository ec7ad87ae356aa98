"""Requests that are bounded as they arrive, before anybody has logged in.

Daphne keeps the whole body (from 100 kB on in a temporary file) before the application hears of
the request, so no limit of Django's can hold here. Imported by `serving` alone, which chooses
Twisted's reactor first. The names in camel case are Twisted's.
"""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Any, Final

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from twisted.internet.protocol import connectionDone
from twisted.web.http import HTTPChannel

from jobs.live.connections import Connections

# From a connection's beginning, or the first byte of a further request, to the last of a body.
RECEIVE_S: Final = 60.0
# What comes after a refusal is thrown away for this long: closed at once, the kernel would reset
# the connection, and a client that still sends would never read why.
_LINGER_S: Final = 2.0
_ENVELOPE_BYTES: Final = 64 * 1024  # what a form puts around its fields


def most_bytes() -> int:
    """How long a body may be: what Django would take, and a form's own words around it."""
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + _ENVELOPE_BYTES


class BoundedRequest(WebRequest):  # type: ignore[misc]  # Daphne has no types
    """A request that is refused (413, 408) as soon as its body is too long or takes too long."""

    # Twisted would read forms in the event loop, for nobody: Django reads them.
    _parsePOSTFormSubmission = False  # noqa: N815

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0
        self._is_refused = False
        self._linger: Any = None

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """Twisted's call at the end of the headers; None is a chunked body."""
        if length is not None and length > most_bytes():
            self.content = io.BytesIO()
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif not self._is_refused:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Twisted's call for each piece of the body."""
        self._received += len(data)
        if not self._is_refused and self._received > most_bytes():
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not self._is_refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """Twisted's call once all is there."""
        if self._is_refused:
            self.channel.loseConnection()
            return
        self.channel.is_whole()
        super().requestReceived(command, path, version)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """Twisted's call when the connection has ended in the middle."""
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        super().connectionLost(reason)

    def is_late(self) -> None:
        """The channel's call when its time is up."""
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        self._is_refused = True
        self.channel.stop_clock()
        if self.content is not None:
            self.content.close()  # the file is gone with it
        self.content = io.BytesIO()
        self.requestHeaders.removeHeader(b"expect")  # nothing more is wanted
        self.channel.transport.write(_answer(status))
        self._linger = self.channel.callLater(_LINGER_S, self._cut)

    def _cut(self) -> None:
        if self.channel is not None:
            self.channel.loseConnection()


class BoundedChannel(HTTPChannel):
    """One client's requests, each of which has to be there in time, from its very first byte.

    Twisted's own timeout begins anew with each byte, so it ends silent clients alone.
    """

    factory: Any
    transport: Any
    callLater: Any  # noqa: N815

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted has few types
        self._clock: Any = None

    def connectionMade(self) -> None:  # noqa: N802
        """Twisted's call when a client has come."""
        super().connectionMade()  # type: ignore[no-untyped-call]  # Twisted has few types
        self.factory.connections.waits(self.transport)
        self._start_clock()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Twisted's call for whatever comes in."""
        if not self.requests and self._clock is None:
            self._start_clock()
        super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted has few types

    def is_whole(self) -> None:
        """A request is there to its last byte, and is answered now."""
        self.stop_clock()
        self.factory.connections.works(self.transport)

    def requestDone(self, request: Any) -> None:  # noqa: N802
        """Twisted's call when a request has been answered."""
        self.factory.connections.waits(self.transport)  # first: the next one may be here already
        super().requestDone(request)  # type: ignore[no-untyped-call]  # Twisted has few types

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802
        """Twisted's call at the end."""
        self.stop_clock()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted has few types

    def stop_clock(self) -> None:
        """The request has come, or will be no more."""
        if self._clock is not None and self._clock.active():
            self._clock.cancel()
        self._clock = None

    def _start_clock(self) -> None:
        self._clock = self.callLater(RECEIVE_S, self._too_late)

    def _too_late(self) -> None:
        self._clock = None
        if self.requests:
            self.requests[-1].is_late()
            return
        self.transport.write(_answer(HTTPStatus.REQUEST_TIMEOUT))
        self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted has few types


class BoundedFactory(HTTPFactory):  # type: ignore[misc]  # Daphne has no types
    """Daphne's factory, of bounded requests on a bounded number of connections."""

    protocol = BoundedChannel

    def __init__(self, server: Any, *, most_connections: int) -> None:
        super().__init__(server)
        self.connections = Connections(most_connections)

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        """A connection's protocol; None, and Twisted closes it, where there is no room."""
        if not self.connections.make_room():
            return None
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


def _answer(status: HTTPStatus) -> bytes:
    """What is written past Daphne, which knows nothing of the request yet."""
    words = f"{status.phrase}.\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(words)}\r\n\r\n"
    )
    return head.encode() + words
