"""More clients than there is room for: who asks is heard, and nothing breaks."""

from __future__ import annotations

import resource
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest
from pytest_django import DjangoDbBlocker
from structlog.testing import capture_logs

from jobs.live import open_files
from jobs.live.connections import Connections
from tests.factories import make_user
from tests.live.clients import token_of
from tests.live.conftest import WebServer, in_thread, web_server
from tests.live.test_never_reading import ask_for_stream
from tests.waiting import eventually, patience


@contextmanager
def silent_clients(server: WebServer, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(connect(server)) for _ in range(count)]


def connect(server: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=patience(10))


def answers(server: WebServer, path: str) -> int:
    with urllib.request.urlopen(server.url + path, timeout=patience(10)) as answer:
        return int(answer.status)


def established(server: WebServer) -> int:
    process = psutil.Process(server.process.pid)
    return sum(one.status == "ESTABLISHED" for one in process.net_connections())


def test_silent_clients_keep_nobody_out(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with (
        web_server(PODIUM_MAX_CONNECTIONS="20") as server,
        silent_clients(server, 60),
    ):
        assert answers(server, "/healthz") == 200
        assert answers(server, "/login/") == 200
        assert established(server) <= 20


def test_the_silent_ones_leave_files_for_the_others(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with (
        web_server(LIVE_TEST_OPEN_FILES="256 512") as server,
        silent_clients(server, 500),  # of which 384 find a place
    ):
        process = psutil.Process(server.process.pid)
        assert answers(server, "/login/") == 200
        assert process.rlimit(resource.RLIMIT_NOFILE) == (512, 512)
        assert process.num_fds() < 512


@pytest.mark.django_db(transaction=True)
async def test_who_is_being_answered_does_not_give_way() -> None:
    token = await in_thread(lambda: token_of(make_user("viewer")))
    with web_server(PODIUM_MAX_CONNECTIONS="2") as server, ExitStack() as stack:
        streams = [stack.enter_context(connect(server)) for _ in range(2)]
        for stream in streams:
            ask_for_stream(stream, server, token)
            assert b"200 OK" in stream.recv(65_536)
        with connect(server) as late:
            assert late.recv(1) == b""
        streams[0].close()
        await eventually(lambda: established(server) == 1, what="the end of a stream")
        assert answers(server, "/healthz") == 200


def test_the_log_tells_of_it_once_a_minute() -> None:
    full = Connections(most=0)
    with capture_logs() as lines:
        assert [full.make_room() for _ in range(3)] == [False] * 3
    assert [line["turned_away"] for line in lines] == [1]


@pytest.mark.parametrize(("files", "connections"), [(256, 192), (1_024, 768), (65_536, 2_000)])
def test_a_quarter_of_the_files_is_for_other_things(files: int, connections: int) -> None:
    assert open_files.connections_for(files) == connections
