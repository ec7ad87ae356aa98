"""A scripted conductor that Podium knows, roots of its own, and people with their rights."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from pytest_django import Settings

from jobs.audit import Origin
from jobs.registry.models import Conductor, Job
from jobs.terms import Channel
from tests.actions.scripted import ScriptedConductor, scripted_conductor
from tests.factories import make_conductor, make_job, make_user


@pytest.fixture
async def _connections_end() -> AsyncIterator[None]:
    yield
    # In the thread in which an event loop without a request uses the database.
    await sync_to_async(connections.close_all)()


@pytest.fixture(autouse=True)
def loop_connections(request: pytest.FixtureRequest) -> None:
    """Close what a test on the event loop opened, before the database is emptied."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("transactional_db")
        request.getfixturevalue("_connections_end")


@pytest.fixture
def folders(tmp_path: Path, settings: Settings) -> Path:
    """Roots for this test alone; the folder that holds them."""
    home = tmp_path.resolve()
    for name in ("scores", "workspaces"):
        (home / name).mkdir()
    settings.PODIUM_SCORE_ROOTS = (home / "scores",)
    settings.PODIUM_WORKSPACE_ROOTS = (home / "workspaces",)
    settings.PODIUM_SUBMISSIONS = home / "submissions"
    return home


@pytest.fixture
def scripted(short_tmp: Path) -> Iterator[ScriptedConductor]:
    """What answers on the socket."""
    with scripted_conductor(short_tmp) as conductor:
        yield conductor


@pytest.fixture
def conductor(transactional_db: None, scripted: ScriptedConductor, folders: Path) -> Conductor:
    """The scripted conductor as Podium knows it."""
    return make_conductor(slug="main", socket_path=str(scripted.socket_path))


@pytest.fixture
def operator(transactional_db: None) -> User:
    """Somebody who may do everything but read the audit log."""
    return make_user("operator", username="olga")


@pytest.fixture
def viewer(transactional_db: None) -> User:
    """Somebody who may only look."""
    return make_user("viewer", username="vera")


@pytest.fixture
def origin() -> Origin:
    """A click on a page."""
    return origin_on(Channel.PAGE)


def origin_on(channel: Channel, path: str = "/jobs/job/1/pause/") -> Origin:
    """A request that came in that way."""
    return Origin(
        channel=channel,
        ip="192.0.2.7",
        peer_ip="192.0.2.7",
        user_agent="test",
        path=path,
        token_id=None,
        request_id="r1",
    )


def known(
    conductor: Conductor, scripted: ScriptedConductor, status: str = "running", **fields: Any
) -> Job:
    """A run that the conductor has and Podium knows."""
    row = scripted.add(fields.pop("job_id", "nightly"), status)
    submitted_at = datetime.fromtimestamp(row["submitted_at"], UTC)
    return make_job(
        conductor=conductor,
        job_id=row["job_id"],
        status=status,
        submitted_at=submitted_at,
        started_at=submitted_at,
        **fields,
    )


@pytest.fixture
def running(conductor: Conductor, scripted: ScriptedConductor) -> Job:
    """A running job."""
    return known(conductor, scripted)
