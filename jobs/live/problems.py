"""Answers of the event stream that are no stream: RFC 9457 problem documents."""

from __future__ import annotations

import json
from collections.abc import Mapping

from jobs.live.transport import Send
from jobs.problems import CONTENT_TYPE, document


class Problem(Exception):
    """The request is answered with this status and sentence."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    async def answer(self, send: Send) -> None:
        """Send it."""
        body = json.dumps(document(self.status, self.detail)).encode()
        headers = {
            "content-type": CONTENT_TYPE,
            "content-length": str(len(body)),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **self.headers,
        }
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": body})
