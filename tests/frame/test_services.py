"""The servers that other tests lean on."""

from __future__ import annotations

import psycopg
import pytest
import redis

from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.services.redis import redis_server


@pytest.mark.postgresql
def test_a_postgresql_url_is_an_empty_database_of_its_own(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchone()
    assert tables == (0,)


@pytest.mark.postgresql
def test_a_dropped_database_is_gone_though_somebody_was_connected(
    postgresql: PostgresqlServer,
) -> None:
    url = postgresql.create_database()
    with psycopg.connect(url) as connection:
        postgresql.drop_database(url)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()


@pytest.mark.postgresql
def test_a_stopped_postgresql_leaves_no_folder_behind() -> None:
    with postgresql_server() as server:
        folder = server.socket_folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.redis
def test_a_redis_url_is_an_empty_server(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


@pytest.mark.redis
def test_a_stopped_redis_refuses_connections() -> None:
    with redis_server() as url:
        pass
    with redis.Redis.from_url(url) as client, pytest.raises(redis.ConnectionError):
        client.ping()
