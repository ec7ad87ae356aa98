"""Server-sent events, on a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User

from tests.factories import PASSWORD, make_job, make_user
from tests.live.clients import happen, session_of, token_of
from tests.live.conftest import WebServer, in_thread, web_server
from tests.waiting import patience

pytestmark = pytest.mark.django_db(transaction=True)

Message = dict[str, str]


def viewer() -> User:
    user = User.objects.create_user(f"viewer-{User.objects.count()}", password=PASSWORD)
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    return user


async def as_token() -> dict[str, str]:
    return {"Authorization": await in_thread(lambda: token_of(viewer()))}


class Stream:
    """The messages of one answer, read as a browser would."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def hear(self) -> Message | None:
        """The next message; None at the end of the answer."""
        fields: Message = {}
        async with asyncio.timeout(patience(10)):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    return fields
        return None

    async def hear_until(self, kind: str) -> list[Message]:
        heard: list[Message] = []
        while not heard or heard[-1]["event"] != kind:
            message = await self.hear()
            assert message is not None, heard
            heard.append(message)
        return heard


@asynccontextmanager
async def streaming(
    server: WebServer, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(trust_env=False, timeout=patience(15)) as client,
        client.stream("GET", f"{server.url}/api/events{query}", headers=headers) as response,
    ):
        yield Stream(response)


async def get(
    server: WebServer, query: str = "", headers: dict[str, str] | None = None, method: str = "GET"
) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=patience(15)) as client:
        return await client.request(method, f"{server.url}/api/events{query}", headers=headers)


async def test_the_messages_are_those_of_the_socket(server: WebServer) -> None:
    await in_thread(lambda: happen(2, preview="line one\nline two"))
    async with streaming(server, "?since=0", await as_token()) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        first, second, caught_up = await stream.hear_until("caught_up")
        await in_thread(lambda: happen(1))
        (third,) = await stream.hear_until("event")
    assert [m["id"] for m in (first, second, third)] == ["1", "2", "3"]
    assert json.loads(first["data"])["data"]["preview"] == "line one\nline two"
    assert json.loads(second["data"])["prev"] == 1
    assert json.loads(caught_up["data"]) == {"type": "caught_up", "seq": 2}
    assert "id" not in caught_up


async def test_last_event_id_beats_since(server: WebServer) -> None:
    await in_thread(lambda: happen(5))
    headers = {**await as_token(), "Last-Event-ID": "4"}
    async with streaming(server, "?since=1", headers) as stream:
        heard = await stream.hear_until("caught_up")
    assert [message.get("id") for message in heard] == ["5", None]


async def test_one_job_alone_can_be_followed(server: WebServer) -> None:
    job = await in_thread(make_job)
    await in_thread(lambda: (happen(3, job_pk=999), happen(1, job_pk=job.pk)))
    async with streaming(server, f"?since=0&job={job.pk}", await as_token()) as stream:
        heard = await stream.hear_until("caught_up")
    assert [message.get("id") for message in heard] == ["4", None]


async def test_a_session_cookie_will_do(server: WebServer) -> None:
    cookie = await in_thread(lambda: session_of(viewer()))
    async with streaming(server, "", {"Cookie": cookie}) as stream:
        assert len(await stream.hear_until("caught_up")) == 1


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("", {"Authorization": "Bearer podium_" + "x" * 43}, 401),
        ("", {"Cookie": "podium_session=nonsense"}, 401),
        ("?since=-1", {}, 400),
        ("?since=x", {}, 400),
        ("?job=1e3", {}, 400),
        ("", {"Host": "evil.test"}, 400),
        ("", {"Origin": "http://evil.test"}, 403),
    ],
)
async def test_what_cannot_be_is_a_problem_document(
    server: WebServer, query: str, headers: dict[str, str], status: int
) -> None:
    answer = await get(server, query, headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_without_the_right_it_is_403(server: WebServer) -> None:
    token = await in_thread(lambda: token_of(make_user("nobody")))
    assert (await get(server, "", {"Authorization": token})).status_code == 403


async def test_a_job_that_does_not_exist_for_them_is_404(server: WebServer) -> None:
    assert (await get(server, "?job=4711", await as_token())).status_code == 404


async def test_only_get_works(server: WebServer) -> None:
    answer = await get(server, "", await as_token(), method="POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_a_user_who_is_deactivated_loses_the_stream(server: WebServer) -> None:
    user = await in_thread(viewer)
    headers = {"Authorization": await in_thread(lambda: token_of(user))}
    async with streaming(server, "", headers) as stream:
        await stream.hear_until("caught_up")
        await in_thread(lambda: User.objects.filter(pk=user.pk).update(is_active=False))
        (error,) = await stream.hear_until("error")
        assert json.loads(error["data"])["code"] == "not_logged_in"
        assert await stream.hear() is None


async def test_one_answer_is_bounded_and_the_next_goes_on_where_it_ended(
    transactional_db: None,
) -> None:
    await in_thread(lambda: happen(400))
    headers = await as_token()
    seen: list[int] = []
    with web_server(LIVE_TEST_WINDOW="20000") as small:
        answers = 0
        while len(seen) < 400:
            resume = {"Last-Event-ID": str(seen[-1])} if seen else {}
            async with streaming(small, "?since=0", {**headers, **resume}) as stream:
                answers += 1
                while message := await stream.hear():
                    if message["event"] == "caught_up":
                        break
                    seen.append(int(message["id"]))
    assert seen == list(range(1, 401))
    assert answers > 2


async def test_a_server_that_ends_ends_the_answer_in_order(transactional_db: None) -> None:
    headers = await as_token()
    with web_server() as brief:
        async with streaming(brief, "", headers) as stream:
            await stream.hear_until("caught_up")
            brief.process.terminate()
            (error,) = await stream.hear_until("error")
            assert json.loads(error["data"])["code"] == "going"
            assert await stream.hear() is None


async def test_a_client_that_leaves_is_noticed(transactional_db: None, settings: Any) -> None:
    headers = await as_token()
    with web_server(PODIUM_MAX_SOCKETS="1") as narrow:
        for _ in range(3):
            async with streaming(narrow, "", headers) as stream:
                if stream.response.status_code == 429:
                    continue
                await stream.hear_until("caught_up")

        async def is_free() -> bool:
            async with streaming(narrow, "", headers) as stream:
                return stream.response.status_code == 200

        from tests.waiting import eventually

        assert await eventually(is_free)
