"""`/api/events`: the messages of the websocket as server-sent events.

An ASGI application of its own, before Django: no middleware can hold a stream back or a thread
down. There is no acknowledging here, so one connection carries a bounded number of bytes for a
bounded time; then it ends, and the client goes on from its `Last-Event-ID`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog

from jobs.conductor import SSEEvent
from jobs.live import door, farewells, messages, reading
from jobs.live.door import Welcome
from jobs.live.farewells import Farewell
from jobs.live.hub import Guest, Hub, TooMany, the_hub
from jobs.live.messages import Encoded
from jobs.live.problems import Problem
from jobs.live.requests import NotUnderstood, wish_from
from jobs.live.subscription import Wish
from jobs.live.talk import talk
from jobs.live.transport import HAS_LEFT, Receive, Scope, Send

MAX_BYTES: Final = 4 * 1024 * 1024  # what one that never reads can cost under any server
MAX_S: Final = 600.0
RETRY_MS: Final = 1_000

_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

_log = structlog.get_logger(__name__)


class _Gone(Exception):
    """The client has left."""


class _Enough(Exception):
    """This connection has carried what one may."""


async def events_stream(scope: Scope, receive: Receive, send: Send) -> None:
    """One connection, from request to end."""
    try:
        if scope["method"] != "GET":
            raise Problem(405, "Only GET works here.", headers={"allow": "GET"})
        if not door.host_is_ours(scope):
            raise Problem(400, "This console does not answer to that host.")
        wish, since = _asked(scope)
        hub = the_hub()
        async with hub.visit():
            await _serve(hub, scope, wish, since, receive, send)
    except Problem as problem:
        await problem.answer(send)


async def _serve(
    hub: Hub, scope: Scope, wish: Wish, since: int | None, receive: Receive, send: Send
) -> None:
    arrival = await hub.ask(door.arrival, scope)
    if arrival.welcome in (Welcome.FOREIGN, Welcome.DENIED):
        raise Problem(403, "You may not watch jobs here.")
    if arrival.credential is None:
        raise Problem(401, "Log in, or send a token.", headers={"www-authenticate": "Bearer"})
    try:
        with hub.admit(arrival.credential) as guest:
            if not await hub.ask(reading.may_wish, guest.credential, wish):
                raise Problem(404, "There is no such job or conductor for you.")
            start, complaint = reading.start_for(since, await hub.ask(reading.place))
            await _Stream(guest, receive, send).run(wish, start, complaint)
    except TooMany as error:
        raise Problem(429, str(error), headers={"retry-after": "10"}) from error


def _asked(scope: Scope) -> tuple[Wish, int | None]:
    """What the request asks for, and from where on."""
    try:
        query = dict(parse_qsl(scope.get("query_string", b"").decode("ascii"), max_num_fields=20))
    except ValueError:
        raise Problem(400, "The query cannot be read.") from None
    resumed = door.header(scope, b"last-event-id")
    since = _number(query, "since")
    if resumed.isascii() and resumed.isdigit() and len(resumed) < 19:
        since = int(resumed)
    try:
        return wish_from({**query, "job": _number(query, "job")}), since
    except NotUnderstood as error:
        raise Problem(400, str(error)) from error


def _number(query: dict[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem(400, f"`{name}` has to be a whole number.")
    return int(text)


class _Stream:
    """One answer that goes on."""

    def __init__(self, guest: Guest, receive: Receive, send: Send) -> None:
        self._guest = guest
        self._receive = receive
        self._send = send
        self._prev = 0
        self._bytes = 0

    async def run(self, wish: Wish, start: int, complaint: NotUnderstood | None) -> None:
        """Send events until the client leaves, or this connection has carried enough."""
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        self._prev = start
        self._guest.subscription.begin(wish, start)
        try:
            await self._write(f"retry: {RETRY_MS}\n\n")
            if complaint is not None:
                await self._say("error", messages.error(complaint.code, str(complaint)))
            if why := await self._until_it_ends():
                await self._say("error", messages.error(why.error, why.message))
        except _Gone:
            return
        with suppress(*HAS_LEFT):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_it_ends(self) -> Farewell | None:
        """Why this side ends it; None when the time or the bytes are used up."""
        try:
            async with asyncio.timeout(MAX_S), asyncio.TaskGroup() as tasks:
                talking = tasks.create_task(
                    talk(self._guest.subscription, give=self._give, say=self._say),
                    name="sse talks",
                )
                watching = tasks.create_task(self._watch_client(), name="sse client")
                why = await self._guest.dismissal
                talking.cancel()
                watching.cancel()
                return why
        except TimeoutError:
            return None
        except BaseExceptionGroup as group:
            if group.subgroup(_Gone):
                raise _Gone from None
            if group.subgroup(reading.Unwelcome):
                return farewells.NOT_ALLOWED
            if not group.subgroup(_Enough):
                _log.error("live stream broke", exc_info=group)
                return farewells.BROKEN
            return None

    async def _watch_client(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise _Gone

    async def _give(self, events: list[Encoded]) -> None:
        for event in events:
            if not self._guest.may_see:
                return
            if self._bytes >= MAX_BYTES:
                raise _Enough
            text = event.text(self._prev)
            self._prev = event.seq
            await self._say("event", text, event.seq)

    async def _say(self, kind: str, data: str, seq: int | None = None) -> None:
        name = None if seq is None else str(seq)
        await self._write(SSEEvent(event=kind, data=data, id=name).format())

    async def _write(self, text: str) -> None:
        body = text.encode()
        self._bytes += len(body)
        message: dict[str, Any] = {"type": "http.response.body", "body": body, "more_body": True}
        try:
            await self._send(message)
        except HAS_LEFT as error:
            raise _Gone from error
