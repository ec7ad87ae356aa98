"""What a live connection says, by websocket and by SSE alike: events and signs of life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

from jobs.live import messages
from jobs.live.messages import Encoded
from jobs.live.subscription import CaughtUp, Subscription


async def talk(
    subscription: Subscription,
    *,
    give: Callable[[list[Encoded]], Awaitable[None]],
    say: Callable[[str, str], Awaitable[None]],
) -> NoReturn:
    """Say whatever there is to say, for as long as the connection lasts.

    Args:
        subscription: Where it comes from.
        give: Sends events.
        say: Sends a message that is no event, given its type and its text.
    """
    loop = asyncio.get_running_loop()
    alive_at = loop.time() + messages.ALIVE_S
    while True:
        given: list[Encoded] | CaughtUp | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout_at(alive_at):
                given = await subscription.next()
        if isinstance(given, CaughtUp):
            await say("caught_up", messages.caught_up(given.seq))
        elif given is not None:
            await give(given)
        if loop.time() >= alive_at:
            alive_at = loop.time() + messages.ALIVE_S
            await say("alive", messages.alive(subscription.cursor))
