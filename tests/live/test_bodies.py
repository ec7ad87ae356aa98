"""Bodies of requests are bounded while they arrive, for everybody and at every path."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest
from pytest_django import DjangoDbBlocker

from tests.live.conftest import WebServer, web_server
from tests.waiting import patience

MOST = 4 * 1024 * 1024 + 64 * 1024
PATHS = ["/login/", "/api/jobs", "/nope"]


def connect(server: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=patience(10))


def head(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode()


def all_of(peer: socket.socket) -> bytes:
    """What the server says until it closes."""
    said = b""
    while piece := peer.recv(65_536):
        said += piece
    return said


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_announced_as_too_long_is_refused_before_it_is_sent(
    server: WebServer, path: str
) -> None:
    with connect(server) as peer:
        peer.sendall(head(path, f"Content-Length: {MOST + 1}", "Expect: 100-continue"))
        said = all_of(peer)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in said


@pytest.mark.parametrize("path", PATHS)
def test_a_body_without_a_length_is_refused_once_it_is_too_long(
    server: WebServer, path: str
) -> None:
    chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    with connect(server) as peer:
        peer.sendall(head(path, "Transfer-Encoding: chunked"))
        for _ in range(MOST // 65_536 + 1):
            peer.sendall(chunk)
        assert all_of(peer).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_sends_all_before_it_reads_still_learns_why(server: WebServer) -> None:
    with connect(server) as peer:
        peer.sendall(head("/login/", f"Content-Length: {MOST + 1}"))
        peer.sendall(b"x" * (MOST + 1))
        assert all_of(peer).startswith(b"HTTP/1.1 413 ")


def test_a_body_of_the_greatest_length_reaches_the_application(server: WebServer) -> None:
    with connect(server) as peer:
        peer.sendall(head("/nope", f"Content-Length: {MOST}", "Connection: close"))
        peer.sendall(b"x" * MOST)
        said = all_of(peer)
    assert not said.startswith(b"HTTP/1.1 413 ")
    assert b"server: podium" in said.lower()


def test_a_body_that_drips_is_cut_off_after_its_time(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with web_server(LIVE_TEST_RECEIVE_S="0.5") as server, connect(server) as peer:
        peer.sendall(head("/login/", "Content-Length: 1000"))
        peer.sendall(b"x" * 10)
        assert all_of(peer).startswith(b"HTTP/1.1 408 ")


def test_a_first_line_that_drips_is_cut_off_after_its_time(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with web_server(LIVE_TEST_RECEIVE_S="0.5") as server, connect(server) as peer:
        peer.sendall(b"GET /")
        assert dripped(peer, b"x").startswith(b"HTTP/1.1 408 ")


def test_a_second_request_that_drips_is_cut_off_as_the_first_would_be(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with web_server(LIVE_TEST_RECEIVE_S="1") as server, connect(server) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200 OK" in peer.recv(65_536)
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        assert b"HTTP/1.1 408 " in dripped(peer, b"x")


def test_a_connection_may_rest_between_requests_for_longer_than_one_may_take(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with web_server(LIVE_TEST_RECEIVE_S="0.5") as server, connect(server) as peer:
        request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        peer.sendall(request)
        assert b"200 OK" in peer.recv(65_536)
        peer.settimeout(1)
        with pytest.raises(TimeoutError):
            peer.recv(1)
        peer.settimeout(patience(10))
        peer.sendall(request)
        assert b"200 OK" in peer.recv(65_536)


def dripped(peer: socket.socket, drop: bytes) -> bytes:
    """What the server says to a client that sends a drop at a time, until it ends that."""
    deadline = time.monotonic() + patience(10)
    peer.settimeout(0.05)
    while time.monotonic() < deadline:
        with suppress(TimeoutError):
            return peer.recv(65_536)
        peer.sendall(drop)
    raise AssertionError("it is still heard")
