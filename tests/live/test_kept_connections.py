"""Connections to the database that requests leave to the next ones."""

from __future__ import annotations

import http.client

import pytest
from django.db import connection

from tests.factories import make_job, make_user
from tests.live.clients import token_of
from tests.live.conftest import WebServer, web_server
from tests.waiting import patience


def status_of_jobs(server: WebServer, token: str) -> int:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=patience(20))
    try:
        client.request("GET", "/api/jobs", headers={"Authorization": token})
        return client.getresponse().status
    finally:
        client.close()


def end_all_others() -> int:
    """What the database's own restart does; how many connections it had."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.django_db(transaction=True)
@pytest.mark.vendor("postgresql")
def test_connection_that_the_database_ended_is_replaced_before_it_is_used() -> None:
    make_job()
    token = token_of(make_user("viewer"))
    with web_server(LIVE_TEST_CONN_MAX_AGE="60") as server:
        assert status_of_jobs(server, token) == 200
        assert end_all_others() >= 1
        assert [status_of_jobs(server, token) for _ in range(3)] == [200] * 3
