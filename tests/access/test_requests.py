"""Where requests come from, and the id that they get."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from jobs.access.requests import (
    ForwardedProtoMiddleware,
    RequestIdMiddleware,
    client_ip,
    current_request,
    origin_of,
    origin_of_scope,
)
from jobs.terms import Channel


@pytest.fixture(autouse=True)
def _one_proxy(settings: Settings) -> None:
    settings.PODIUM_TRUSTED_PROXIES = (ip_network("127.0.0.1/32"),)


def _request(**meta: str) -> HttpRequest:
    return RequestFactory().get("/jobs/job/7/change/?token=secret", **meta)  # type: ignore[arg-type]


def test_both_addresses_are_known_behind_a_trusted_proxy() -> None:
    origin = origin_of(_request(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9"))
    assert (origin.ip, origin.peer_ip) == ("203.0.113.9", "127.0.0.1")


def test_header_of_a_stranger_is_not_believed() -> None:
    origin = origin_of(_request(REMOTE_ADDR="198.51.100.4", HTTP_X_FORWARDED_FOR="203.0.113.9"))
    assert (origin.ip, origin.peer_ip) == ("198.51.100.4", "198.51.100.4")


def test_path_stands_without_its_query() -> None:
    assert origin_of(_request()).path == "/jobs/job/7/change/"


def test_agent_and_path_are_bounded() -> None:
    request = RequestFactory().get("/" + "x" * 5_000, HTTP_USER_AGENT="y" * 5_000)
    origin = origin_of(request)
    assert len(origin.path) == len(origin.user_agent) == 500


def test_request_without_any_headers_has_an_origin_all_the_same() -> None:
    assert origin_of(HttpRequest(), channel=Channel.API, token_id=3).token_id == 3


def test_failed_logins_behind_a_proxy_count_for_the_person() -> None:
    request = _request(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert client_ip(request) == "203.0.113.9"
    assert client_ip(_request(REMOTE_ADDR="")) is None


def test_socket_s_handshake_has_the_same_origin_as_a_request() -> None:
    scope = {
        "type": "websocket",
        "path": "/ws/events/",
        "client": ("127.0.0.1", 4711),
        "headers": [
            (b"x-forwarded-for", b"6.6.6.6"),
            (b"X-Forwarded-For", b"203.0.113.9"),
            (b"user-agent", b"\xff\xfe browser"),
        ],
    }
    origin = origin_of_scope(scope, token_id=5)
    assert (origin.ip, origin.peer_ip, origin.path) == ("203.0.113.9", "127.0.0.1", "/ws/events/")
    assert origin.user_agent.endswith("browser")
    assert (origin.token_id, bool(origin.request_id)) == (5, True)


def test_socket_on_a_unix_socket_has_no_address() -> None:
    origin = origin_of_scope({"type": "websocket", "client": None})
    assert (origin.ip, origin.peer_ip, origin.path) == ("", "", "")


def test_answer_names_the_id_of_its_request_and_takes_none_from_the_client(client: Client) -> None:
    first = client.get("/healthz", HTTP_X_REQUEST_ID="mine")["X-Request-Id"]
    second = client.get("/healthz", HTTP_X_REQUEST_ID="mine")["X-Request-Id"]
    assert len({first, second, "mine"}) == 3


def test_request_is_known_to_all_that_is_done_for_it_and_to_nothing_else() -> None:
    seen: list[HttpRequest | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(current_request())
        return HttpResponse()

    request = _request()
    RequestIdMiddleware(view)(request)
    assert seen == [request]
    assert current_request() is None


def test_request_is_known_to_asynchronous_views_too() -> None:
    seen: list[HttpRequest | None] = []

    async def view(request: HttpRequest) -> HttpResponse:
        seen.append(current_request())
        return HttpResponse()

    middleware: Any = RequestIdMiddleware(view)
    request = _request()
    assert iscoroutinefunction(middleware)
    assert async_to_sync(middleware)(request)["X-Request-Id"]
    assert seen == [request]


def test_request_that_fails_is_forgotten_as_well() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        RequestIdMiddleware(view)(_request())
    assert current_request() is None


@pytest.mark.parametrize(("peer", "is_secure"), [("127.0.0.1", True), ("198.51.100.4", False)])
def test_only_a_trusted_proxy_says_that_the_person_came_by_https(
    settings: Settings, peer: str, is_secure: bool
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen: list[bool] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.is_secure())
        return HttpResponse()

    ForwardedProtoMiddleware(view)(_request(REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https"))
    assert seen == [is_secure]


def test_the_header_is_judged_before_anything_asks_for_the_scheme(settings: Settings) -> None:
    assert settings.MIDDLEWARE[0] == "jobs.access.requests.ForwardedProtoMiddleware"
