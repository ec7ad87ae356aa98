"""Daphne in this process: started with a clear word when it cannot, ended without cutting anyone.

Importing this module installs Twisted's asyncio reactor, which has to come before any other
import of Twisted.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

from twisted.internet import asyncioreactor

_loop = asyncio.new_event_loop()
asyncio.set_event_loop(_loop)
if "twisted.internet.reactor" not in sys.modules:
    asyncioreactor.install(_loop)  # type: ignore[no-untyped-call]  # Twisted has few types

from daphne.server import Server  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402

from jobs.live import farewells, open_files  # noqa: E402
from jobs.live.bodies import BoundedFactory  # noqa: E402
from jobs.live.connections import Connection  # noqa: E402
from jobs.live.hub import the_hub  # noqa: E402

# Time for close frames to leave, for requests under way to be answered, and for what then still
# runs to be cancelled.
_FAREWELL_S: Final = 0.3
_REQUESTS_S: Final = 3.0
_CANCELLED_S: Final = 5.0

# How long a request may go on once its client has left: longer than any action takes
# (`jobs.actions.deadlines.ACTION_S`), for it is seen through.
CLOSE_S: Final = 100

# The server holds its own messages to this too, and an event is long: 16 KiB of data, in which each
# `<` takes six bytes. What a client may send is bounded where it is read.
_MOST_MESSAGE_BYTES: Final = 256 * 1024


_LONG: Final = frozenset({"websocket.send", "http.response.body"})


class CannotListen(Exception):
    """The address cannot be used; the text is for a person."""


class PodiumServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne's server, ending without cutting anyone off.

    In this order: no new connections, sockets closed with 1001, streams ended, requests under way
    answered; then whatever still runs is cancelled and waited for.
    """

    @property
    def http_factory(self) -> BoundedFactory:
        """What makes a protocol of each connection."""
        return self._http_factory

    @http_factory.setter
    def http_factory(self, _daphnes: Any) -> None:
        # `Server.run` sets its own, whose requests take bodies of any length.
        most = open_files.connections_for(open_files.raise_limit())
        self._http_factory = BoundedFactory(self, most_connections=most)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass on what an application sends, no faster than the client takes it."""
        await super().handle_reply(protocol, message)
        transport = getattr(protocol, "transport", None)
        if message["type"] in _LONG and isinstance(transport, Connection):
            await transport.room()

    def listen_success(self, port: Any) -> None:
        """Daphne's call once it listens; the port makes connections of ours from now on."""
        port.transport = Connection
        super().listen_success(port)

    def timeout_checker(self) -> None:
        """Daphne's call every two seconds."""
        self._http_factory.connections.cut_off_slow()
        super().timeout_checker()

    def kill_all_applications(self) -> Deferred[None]:
        """Daphne's hook before the reactor ends; it waits for what this returns."""
        loop = asyncio.get_event_loop()
        return Deferred.fromFuture(loop.create_task(self._say_goodbye(), name="goodbye"))

    async def _say_goodbye(self) -> None:
        for listener in self.listeners:
            listener.addCallback(lambda port: port.stopListening())
        the_hub().dismiss_all(farewells.GOING)
        for protocol in list(self.connections):
            if hasattr(protocol, "sendCloseFrame"):
                # Not `sendClose`: it refuses 1001, and the client would see 1006.
                protocol.sendCloseFrame(code=1001, isReply=False)
        await asyncio.sleep(_FAREWELL_S)
        running = {
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details
        }
        if not running:
            return
        _, running = await asyncio.wait(running, timeout=_REQUESTS_S)
        for application in running:
            application.cancel()
        if running:
            await asyncio.wait(running, timeout=_CANCELLED_S)


def serve(
    application: Callable[..., Awaitable[None]],
    *,
    bind: str,
    port: int,
    when_listening: Callable[[], None] = lambda: None,
) -> bool:
    """Serve until SIGTERM or Ctrl-C; False when the address was taken at the last moment.

    Raises:
        CannotListen: nothing was started.
    """
    check_address(bind, port)
    server = PodiumServer(
        application,
        endpoints=[endpoint(bind, port)],
        signal_handlers=True,
        server_name="podium",
        application_close_timeout=CLOSE_S,
        websocket_max_message_size=_MOST_MESSAGE_BYTES,
        websocket_max_frame_size=_MOST_MESSAGE_BYTES,
    )

    def started() -> None:
        if server.listening_addresses:
            when_listening()

    reactor.callWhenRunning(started)
    # What was imported stays: a full collection that goes through all of it stops every thread
    # for 100 ms (measured, as the p99 of live events).
    gc.collect()
    gc.freeze()
    server.run()
    return bool(server.listening_addresses)


def endpoint(bind: str, port: int) -> str:
    """The address as Twisted writes it."""
    return f"tcp:{port}:interface={bind}".replace(f"={bind}", "=" + bind.replace(":", "\\:"))


def check_address(bind: str, port: int) -> None:
    """Make sure that the address can be listened on, with a sentence that helps where not.

    Raises:
        CannotListen: it cannot.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise CannotListen(_sentence(error, bind, port)) from error


def _sentence(error: OSError, bind: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {bind} is taken by another program (perhaps Podium runs already). "
            f"Choose another one: PORT={port + 1} make run"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may only be used by root. Choose one above 1023: PORT=8000 make run"
    return f"Podium cannot listen on {bind}, port {port}: {os.strerror(error.errno or 0)}."
