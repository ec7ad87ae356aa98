"""One request and its answer, or one request and the notifications that follow it.

Each has a connection of its own and a deadline, and is sent at most once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from jobs.conductor import timeouts, wire
from jobs.conductor.connection import Connection
from jobs.errors import (
    Cause,
    ConductorRefused,
    ConductorUnreachable,
    JobNotFound,
    MethodUnavailable,
    ProtocolViolation,
)

_REQUEST_ID: Final = 1  # one request per connection: any other id in an answer is wrong
_NOT_FOUND = re.compile(r"\bnot found\b", re.IGNORECASE)


class Caller:
    """The untyped half of the client.

    Every method raises `ConductorUnreachable` (with its cause, and whether the request may have
    arrived), `ConductorRefused` or one of its kinds when the conductor answers with an error,
    and `ProtocolViolation` when what it sends is not the protocol.
    """

    def __init__(
        self,
        socket_path: str | Path,
        *,
        connect_s: float = timeouts.CONNECT_S,
        read_s: float = timeouts.READ_S,
        change_s: float = timeouts.CHANGE_S,
    ) -> None:
        self.socket_path = Path(socket_path)
        self._connect_s = connect_s
        self._read_s = read_s
        self._change_s = change_s

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        changes: bool,
        timeout_s: float | None = None,
    ) -> Any:
        """The result of one call, as decoded JSON.

        `changes` tells whether the call alters the conductor's state: it has the longer
        deadline. Neither kind is ever sent again from here.
        """
        line = wire.encode_request(_REQUEST_ID, method, params or {})
        deadline_s = timeout_s or (self._change_s if changes else self._read_s)
        async with Connection(self.socket_path) as connection:
            await connection.connect(min(self._connect_s, deadline_s))
            try:
                async with asyncio.timeout(deadline_s):
                    await connection.send(line)
                    return await _answer(connection)
            except TimeoutError as error:
                raise _silent(method, deadline_s, connection, changes=changes) from error
            except ConductorUnreachable as error:
                raise _unanswered(error, changes=changes) from error

    async def notifications(
        self, method: str, params: dict[str, Any], *, idle_s: float | None = None
    ) -> AsyncGenerator[wire.Notification | wire.Response, None]:
        """What arrives after a streaming request, until the conductor closes.

        A silence longer than `idle_s` (None: as long as it likes) raises `silent`.
        """
        line = wire.encode_request(_REQUEST_ID, method, params)
        async with Connection(self.socket_path) as connection:
            await connection.connect(self._connect_s)
            wait_s: float | None = timeouts.STREAM_OPEN_S
            try:
                async with asyncio.timeout(wait_s):
                    await connection.send(line)
                while True:
                    wait_s = idle_s
                    async with asyncio.timeout(wait_s):
                        received = await connection.read_line()
                    if received is None:
                        return
                    message = wire.decode(received)
                    if isinstance(message, wire.Response):
                        raise_refusal(message)
                    if not isinstance(message, wire.Request):
                        yield message
            except TimeoutError as error:
                raise _silent(method, wait_s or 0.0, connection, changes=False) from error


async def _answer(connection: Connection) -> Any:
    """The result of the request that was sent; notifications before it are passed over."""
    while True:
        line = await connection.read_line()
        if line is None:
            raise ConductorUnreachable(
                "The conductor closed the connection without an answer.",
                Cause.CLOSED,
                may_have_arrived=connection.has_sent,
            )
        message = wire.decode(line)
        if isinstance(message, wire.Request):
            raise ProtocolViolation("The conductor sent a request of its own.", "wrong_shape")
        if isinstance(message, wire.Response):
            raise_refusal(message)
            return message.result


def raise_refusal(response: wire.Response) -> None:
    """Raise unless this is a success that answers our request."""
    refusal = response.error
    # A server that could not read the request cannot name its id either.
    if response.id != _REQUEST_ID and not (response.id is None and refusal is not None):
        raise ProtocolViolation(
            f"The conductor answered another request (id {str(response.id)[:40]!r}).", "wrong_id"
        )
    if refusal is None:
        return
    sentence = refusal.message or f"The conductor refused with error {refusal.code}."
    if refusal.code == wire.METHOD_NOT_FOUND:
        raise MethodUnavailable(sentence, refusal.code, refusal.data)
    if refusal.code == wire.JOB_NOT_FOUND and _NOT_FOUND.search(refusal.message):
        raise JobNotFound(sentence, refusal.code, refusal.data)
    raise ConductorRefused(sentence, refusal.code, refusal.data)


def _silent(
    method: str, deadline_s: float, connection: Connection, *, changes: bool
) -> ConductorUnreachable:
    silence = ConductorUnreachable(
        f"The conductor did not answer {method} in {deadline_s:g} seconds.",
        Cause.SILENT,
        may_have_arrived=connection.has_sent,
    )
    return _unanswered(silence, changes=changes)


def _unanswered(error: ConductorUnreachable, *, changes: bool) -> ConductorUnreachable:
    """The error, saying also to a person what it means for a changing call."""
    if not changes or not error.may_have_arrived:
        return error
    return ConductorUnreachable(
        f"{error} The request may have arrived.", error.cause, may_have_arrived=True
    )
