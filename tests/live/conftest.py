"""A relay on a scripted conductor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connections

from jobs.live.models import Event
from jobs.live.relay import Relay
from jobs.registry.models import Conductor
from tests.factories import make_conductor
from tests.live.scripted import ScriptedConductor

T = TypeVar("T")


async def in_thread(function: Callable[[], T]) -> T:
    """The function's result, with a database connection of its own."""

    def work() -> T:
        try:
            return function()
        finally:
            connections.close_all()

    return await asyncio.to_thread(work)


@pytest.fixture
async def scripted(short_tmp: Path) -> AsyncIterator[ScriptedConductor]:
    async with ScriptedConductor(short_tmp / "c.sock") as conductor:
        yield conductor


@pytest.fixture
def conductor(transactional_db: None, short_tmp: Path) -> Conductor:
    """The row of the scripted conductor."""
    return make_conductor(slug="scripted", socket_path=str(short_tmp / "c.sock"))


@asynccontextmanager
async def relaying(conductor: Conductor, **options: Any) -> AsyncIterator[Relay]:
    """A relay that runs for as long as the block."""
    relay = Relay(conductor, **options)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relay.run(), name="relay under test")
        try:
            yield relay
        finally:
            relay.stop()


async def stored(*, event: str = "", **filters: Any) -> list[Event]:
    """The events in the log, in order."""
    if event:
        filters["event"] = event
    return await in_thread(lambda: list(Event.objects.filter(**filters).order_by("seq")))
