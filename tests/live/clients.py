"""Clients of the live path, as a browser or a program would be one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import websockets.asyncio.client
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from websockets.exceptions import ConnectionClosed

from jobs.access import tokens
from jobs.live.events import EventDraft, store
from tests.waiting import patience

OURS = "http://console.test"


def session_of(user: User) -> str:
    """The cookie of a logged-in browser."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def token_of(user: User, name: str = "test") -> str:
    """The value of an Authorization header."""
    _, plain = tokens.create(user, name)
    return f"Bearer {plain}"


def happen(
    count: int = 1, *, job_pk: int | None = None, event: str = "sheet.output", **data: Any
) -> range:
    """Store events, as a relay would."""
    return store(
        [
            EventDraft("scripted", job_pk, "nightly", event, 1, {"n": n, **data})
            for n in range(count)
        ]
    )


class Socket:
    """An open websocket that speaks JSON."""

    def __init__(self, connection: websockets.asyncio.client.ClientConnection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        cookie: str = "",
        token: str = "",
        origin: str = OURS,
        headers: dict[str, str] | None = None,
    ) -> AsyncIterator[Self]:
        """Connect as a browser (cookie and origin) or as a program (token)."""
        sent = dict(headers or {})
        if cookie:
            sent["Cookie"] = cookie
        if token:
            sent["Authorization"] = token
            origin = ""
        if origin:
            sent["Origin"] = origin
        async with websockets.asyncio.client.connect(
            url, additional_headers=sent, proxy=None, compression=None, max_size=2**20
        ) as connection:
            yield cls(connection)

    async def say(self, **message: Any) -> None:
        await self._connection.send(json.dumps(message))

    async def say_text(self, text: str) -> None:
        await self._connection.send(text)

    async def hear(self, timeout_s: float = 10.0) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(patience(timeout_s)):
            message: dict[str, Any] = json.loads(await self._connection.recv())
        return message

    async def hear_until(self, kind: str, timeout_s: float = 10.0) -> list[dict[str, Any]]:
        """All messages up to the first of this type, which is the last."""
        heard = [await self.hear(timeout_s)]
        while heard[-1]["type"] != kind:
            heard.append(await self.hear(timeout_s))
        return heard

    async def hear_events(self, count: int, timeout_s: float = 10.0) -> list[dict[str, Any]]:
        """The next events, so many; other messages are passed over."""
        events: list[dict[str, Any]] = []
        while len(events) < count:
            message = await self.hear(timeout_s)
            if message["type"] == "event":
                events.append(message)
        return events

    async def subscribed(self, since: int | None = None, **wish: Any) -> list[dict[str, Any]]:
        """Subscribe and hear all up to `caught_up`."""
        await self.say(type="subscribe", since=since, **wish)
        return await self.hear_until("caught_up")

    async def closed(self, timeout_s: float = 15.0) -> tuple[int, list[dict[str, Any]]]:
        """The close code, and what was said before."""
        heard: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(patience(timeout_s)):
                while True:
                    heard.append(json.loads(await self._connection.recv()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006, heard
