"""The websocket `/ws/events/`: an ASGI application, thin around the hub.

It is not a Channels consumer: of what those do (groups, dispatch by type) the hub does all that is
needed, 15-20 times faster (measured).
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from jobs.live import door, farewells, messages, presence, reading, window
from jobs.live.door import Arrival, Welcome
from jobs.live.farewells import Farewell
from jobs.live.hub import Guest, Hub, TooMany, the_hub
from jobs.live.messages import Encoded
from jobs.live.rate import Allowance
from jobs.live.requests import MAX_FRAME_BYTES, Ack, NotUnderstood, Subscribe, parse
from jobs.live.talk import talk
from jobs.live.transport import HAS_LEFT, Receive, Scope, Send
from jobs.live.window import TooSlow, Window

_FRAMES_PER_S: Final = 1_000.0  # a client that acknowledges every event at full speed
_FRAMES_AT_ONCE: Final = 5_000
_SUBSCRIBES_PER_S: Final = 1.0
_SUBSCRIBES_AT_ONCE: Final = 10

_log = structlog.get_logger(__name__)


class _Goodbye(Exception):
    """This side ends the connection."""

    def __init__(self, why: Farewell) -> None:
        super().__init__(why.message)
        self.why = why


class _Gone(Exception):
    """The other side has ended it."""


async def events_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """One websocket connection, from handshake to close."""
    if (await receive())["type"] != "websocket.connect":
        return
    hub = the_hub()
    async with hub.visit():
        if not door.host_is_ours(scope):
            await send({"type": "websocket.close"})  # before accept: HTTP 403
            return
        arrival = await hub.ask(door.arrival, scope)
        if arrival.welcome is Welcome.FOREIGN:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        why = await _received(hub, arrival, receive, send)
    # The server itself closes with 1001; the code may not be asked for through ASGI.
    if why is not None and why is not farewells.GOING:
        await send({"type": "websocket.send", "text": messages.error(why.error, why.message)})
        await send({"type": "websocket.close", "code": why.close_code, "reason": why.error})


async def _received(hub: Hub, arrival: Arrival, receive: Receive, send: Send) -> Farewell | None:
    """Why the connection ends; None when the client has left."""
    if arrival.welcome is Welcome.DENIED:
        return farewells.NOT_ALLOWED
    if arrival.credential is None:
        return farewells.NOT_LOGGED_IN
    try:
        with hub.admit(arrival.credential) as guest:
            return await Conversation(hub, guest, receive, send).run()
    except TooMany:
        return farewells.NO_ROOM


class Conversation:
    """What is said on one accepted connection."""

    def __init__(self, hub: Hub, guest: Guest, receive: Receive, send: Send) -> None:
        self._hub = hub
        self._guest = guest
        self._receive = receive
        self._send = send
        self._window = Window()
        self._prev = 0
        self._frames = Allowance(_FRAMES_PER_S, _FRAMES_AT_ONCE)
        self._subscribes = Allowance(_SUBSCRIBES_PER_S, _SUBSCRIBES_AT_ONCE)

    async def run(self) -> Farewell | None:
        """Talk until one side ends it; why, when it is this one."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(), name="socket listens")
                tasks.create_task(
                    talk(self._guest.subscription, give=self._give, say=self._say_of),
                    name="socket talks",
                )
                tasks.create_task(self._heed_dismissal(), name="socket dismissal")
        except BaseExceptionGroup as group:
            return _why(group)
        return None

    async def _heed_dismissal(self) -> None:
        raise _Goodbye(await self._guest.dismissal)

    # -- what the client says ----------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            frame = await self._receive()
            if frame["type"] == "websocket.disconnect":
                raise _Gone
            text = frame.get("text")
            if not self._frames.take():
                raise _Goodbye(farewells.TOO_MUCH)
            if text is None or len(text.encode()) > MAX_FRAME_BYTES:
                raise _Goodbye(farewells.NOT_UNDERSTOOD)
            try:
                said = parse(text)
                if isinstance(said, Ack):
                    self._window.ack(said.seq)
                else:
                    await self._subscribe(said)
            except NotUnderstood as error:
                await self._say(messages.error(error.code, str(error)))

    async def _subscribe(self, said: Subscribe) -> None:
        if not self._subscribes.take():
            raise NotUnderstood("too_many_subscribes", "Subscribe less often.")
        wish = said.wish
        if not await self._hub.ask(reading.may_wish, self._guest.credential, wish):
            raise NotUnderstood("not_found", "There is no such job or conductor for you.")
        place = await self._hub.ask(reading.place)
        start, complaint = reading.start_for(said.since, place)
        if complaint is not None:
            await self._say(messages.error(complaint.code, str(complaint)))
        self._window.clear()
        self._prev = start
        self._guest.subscription.begin(wish, start)
        if self._guest.credential.token_pk is None:  # a program looks at no page
            presence.here.look(self._guest, wish.job_pk, self._guest.credential.user_pk)

    # -- what we say -------------------------------------------------------------------------

    async def _give(self, events: list[Encoded]) -> None:
        """Send events of the present subscription, as fast as the client takes them."""
        number = self._guest.subscription.number
        limit_bytes = window.limit_for(self._hub.connections)
        for event in events:
            if self._window.is_full(limit_bytes):
                await self._wait_for_room(limit_bytes)
            if number != self._guest.subscription.number:
                return  # another subscribe came meanwhile
            if not self._guest.may_see:
                return
            text = event.text(self._prev)
            self._prev = event.seq
            self._window.sent(event.seq, len(text))
            await self._say(text)

    async def _wait_for_room(self, limit_bytes: int) -> None:
        try:
            await self._window.room(limit_bytes)
        except TooSlow:
            raise _Goodbye(farewells.TOO_SLOW) from None

    async def _say_of(self, _type: str, text: str) -> None:
        """Send a message; its type stands in its text already."""
        await self._say(text)

    async def _say(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except HAS_LEFT as error:
            raise _Gone from error


def _why(group: BaseExceptionGroup) -> Farewell | None:
    """The reason among what a conversation's tasks raised."""
    for error in group.exceptions:
        if isinstance(error, _Goodbye):
            return error.why
    if group.subgroup(_Gone):
        return None
    if not group.subgroup(reading.Unwelcome):
        _log.error("live connection broke", exc_info=group)
        return farewells.BROKEN
    return farewells.NOT_ALLOWED
