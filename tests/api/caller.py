"""A program that talks to the API with a token."""

from __future__ import annotations

import json
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client

from jobs.access import tokens


def _whole(response: Any) -> bytes:
    async def drawn() -> bytes:
        return b"".join([part async for part in response])

    return async_to_sync(drawn)()


class Reply:
    """A response, as a program reads it."""

    def __init__(self, response: Any) -> None:
        self.status = int(response.status_code)
        self.headers = response.headers
        self.media_type = str(response.headers.get("Content-Type", ""))
        self.content: bytes = _whole(response) if response.streaming else response.content

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.content)

    @property
    def outcome(self) -> str:
        """What came of the action."""
        return str(self.json["action"]["outcome"])


class Caller:
    """One user's token and the calls made with it."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.token = token
        self._client = Client()

    def get(self, path: str, **query: Any) -> Reply:
        return self.send("GET", path, query_params=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Reply:
        """A JSON body; None for none at all."""
        return self.send("POST", path, body=body, key=key)

    def delete(self, path: str, *, key: str | None = None, **query: Any) -> Reply:
        return self.send("DELETE", path, key=key, query_params=query)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        key: str | None = None,
        query_params: dict[str, Any] | None = None,
        **extra: Any,
    ) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        extra.setdefault("content_type", "application/json")
        return Reply(
            self._client.generic(
                method, f"/api{path}", data, headers=headers, query_params=query_params, **extra
            )
        )


def caller_for(user: User) -> Caller:
    """A new token of this user, ready to call."""
    _, token = tokens.create(user, "test")
    return Caller(user, token)
