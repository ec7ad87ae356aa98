"""Fixtures that start a server when the first test asks for it, once per worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.services.redis import redis_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL cluster beside the test database: for processes that a test starts."""
    try:
        context = postgresql_server()
        server = context.__enter__()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    try:
        yield server
    finally:
        context.__exit__(None, None, None)


@pytest.fixture
def postgresql_url(postgresql: PostgresqlServer) -> Iterator[str]:
    """The DATABASE_URL of a new, empty PostgreSQL database."""
    url = postgresql.create_database()
    yield url
    postgresql.drop_database(url)


@pytest.fixture(scope="session")
def _redis() -> Iterator[str]:
    try:
        context = redis_server()
        url = context.__enter__()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    try:
        yield url
    finally:
        context.__exit__(None, None, None)


@pytest.fixture
def redis_url(_redis: str) -> str:
    """The REDIS_URL of an empty Redis server."""
    import redis

    with redis.Redis.from_url(_redis) as client:
        client.flushall()
    return _redis
