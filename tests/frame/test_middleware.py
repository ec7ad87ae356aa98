"""The middleware on the event loop does what its stock form does in a thread."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import LazySettings, settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.utils.module_loading import import_string

from dashboard_project.middleware import GZipMiddleware, on_loop

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_connections_end"),
]

TAKES_GZIP = {"accept-encoding": "gzip, br"}
# Of each answer anew.
_VARYING = {"x-request-id", "set-cookie", "expires"}


async def asked(
    handler: ASGIHandler, method: str, path: str, *, cookie: str = "", body: bytes = b""
) -> tuple[int, dict[str, str], list[str]]:
    """Status, headers and cookies of an answer."""
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"cookie", cookie.encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    caller: Any = ApplicationCommunicator(handler, scope)  # type: ignore[no-untyped-call]
    await caller.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await caller.receive_output(20)
    more = True
    while more:
        more = (await caller.receive_output(20)).get("more_body", False)
    await caller.wait(20)
    pairs = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
    cookies = [value for name, value in pairs if name == "set-cookie"]
    return start["status"], {k: v for k, v in pairs if k not in _VARYING}, cookies


@pytest.fixture
def handler(settings: LazySettings) -> ASGIHandler:
    settings.MIDDLEWARE = on_loop(settings.MIDDLEWARE)
    return ASGIHandler()


def test_every_hook_that_would_move_has_a_form_for_the_loop(settings: LazySettings) -> None:
    for name in on_loop(settings.MIDDLEWARE):
        assert import_string(name).async_capable, name


@pytest.mark.parametrize(
    "path", ["/login/", "/", "/jobs/job/", "/api/jobs", "/nothing", "/healthz"]
)
async def test_answer_has_the_headers_of_the_stock_form(handler: ASGIHandler, path: str) -> None:
    stock = await sync_to_async(lambda: Client().get(path, headers={"host": "localhost"}))()
    status, headers, _ = await asked(handler, "GET", path)
    wanted = {name.lower(): value for name, value in stock.items() if name.lower() not in _VARYING}
    assert (status, headers) == (stock.status_code, wanted)


def test_page_is_compressed_for_who_takes_it() -> None:
    plain, packed = (Client().get("/login/", headers=headers) for headers in ({}, TAKES_GZIP))
    assert plain.headers["Vary"] == packed.headers["Vary"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 2
    assert b"Podium" in gzip.decompress(packed.content)


@pytest.mark.parametrize(("site", "is_packed"), [("same-origin", True), ("cross-site", False)])
def test_page_that_another_site_asks_for_is_not_compressed(
    rf: RequestFactory, site: str, *, is_packed: bool
) -> None:
    middleware = GZipMiddleware(lambda _: HttpResponse("a job's name " * 100))
    answer: Any = middleware(rf.get("/", headers=TAKES_GZIP | {"sec-fetch-site": site}))
    assert ("Content-Encoding" in answer.headers) is is_packed


@pytest.mark.parametrize(
    "answer",
    [
        StreamingHttpResponse([b"a line of a log\n" * 1_000], content_type="text/plain"),
        HttpResponse(bytes(10_000), content_type="image/png"),
    ],
    ids=["stream", "picture"],
)
def test_what_is_sent_as_it_is_read_or_packed_already_is_left_alone(
    answer: HttpResponseBase, rf: RequestFactory
) -> None:
    middleware = GZipMiddleware(lambda _: answer)
    assert middleware(rf.get("/", headers=TAKES_GZIP)) is answer
    assert "Content-Encoding" not in answer.headers


async def test_form_without_its_token_is_refused(handler: ASGIHandler) -> None:
    status, _, _ = await asked(handler, "POST", "/login/", body=b"username=a&password=b")
    assert status == 403


async def test_login_is_stored_in_a_session(handler: ASGIHandler) -> None:
    await sync_to_async(User.objects.create_superuser)("ada", password="a-long-passw0rd")
    _, _, cookies = await asked(handler, "GET", "/login/")
    (cookie,) = [each.split(";")[0] for each in cookies]
    token = cookie.partition("=")[2]
    body = f"username=ada&password=a-long-passw0rd&csrfmiddlewaretoken={token}".encode()
    status, _, cookies = await asked(handler, "POST", "/login/", cookie=cookie, body=body)
    assert status == 302
    assert any(each.startswith(f"{settings.SESSION_COOKIE_NAME}=") for each in cookies)
    assert await Session.objects.acount() == 1
