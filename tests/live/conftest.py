"""A relay on a scripted conductor; a web server on the database of the test."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from jobs.live.database import DatabaseThread
from jobs.live.models import Event
from jobs.live.relay import Relay
from jobs.registry.models import Conductor
from tests.factories import make_conductor
from tests.live.scripted import ScriptedConductor
from tests.waiting import patience

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
    leases = DatabaseThread("leases")
    relay = Relay(conductor, leases, **options)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(relay.run(), name="relay under test")
            try:
                yield relay
            finally:
                relay.stop()
    finally:
        await asyncio.to_thread(leases.close)


async def stored(*, event: str = "", **filters: Any) -> list[Event]:
    """The events in the log, in order."""
    if event:
        filters["event"] = event
    return await in_thread(lambda: list(Event.objects.filter(**filters).order_by("seq")))


# -- a web server --------------------------------------------------------------------------------


@dataclass(frozen=True)
class WebServer:
    """A Daphne process on the database of the tests."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/events/"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server(**environment: str) -> Iterator[WebServer]:
    """A server that lives as long as the block and ends in good order."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.live.server_process", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ
        | {"LIVE_TEST_DATABASE": str(connection.settings_dict["NAME"])}
        | environment,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "listening\n"
        yield WebServer(port, process)
    finally:
        process.terminate()
        process.wait(patience(15))
        process.stdout.close()


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[WebServer]:
    """One server for the tests of a module."""
    with web_server() as running:
        yield running
