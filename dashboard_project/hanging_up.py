"""Requests that may change something are seen through, although whoever asked hangs up.

Django cancels the view of a client that leaves, wherever it stands: between who asks and what they
may, say, so that nothing tells of the attempt. Here it learns of the leaving only where that loses
nothing: of a request that reads, or whose body is not all there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jobs.live.transport import Receive, Scope
from jobs.terms import SAFE_METHODS


def seen_through(scope: Scope, receive: Receive) -> Receive:
    """`receive` of an HTTP request, for Django."""
    if scope["method"] in SAFE_METHODS:
        return receive
    is_whole = False

    async def body_alone() -> Any:
        nonlocal is_whole
        if is_whole:
            await asyncio.Event().wait()  # Django ends the wait once it has answered
        message = await receive()
        is_whole = message["type"] == "http.request" and not message.get("more_body", False)
        return message

    return body_alone
