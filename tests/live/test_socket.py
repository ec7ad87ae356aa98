"""The websocket, on a real server and a real connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.layers import channel_layers
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from websockets.exceptions import InvalidStatus

from jobs.access.models import ApiToken
from jobs.audit.models import AuditRecord
from jobs.live import feed
from jobs.live.models import Event
from tests.factories import PASSWORD, make_job, make_user
from tests.live.clients import Socket, happen, session_of, token_of
from tests.live.conftest import WebServer, in_thread, web_server

pytestmark = pytest.mark.django_db(transaction=True)


def viewer() -> User:
    user = User.objects.create_user(f"viewer-{User.objects.count()}", password=PASSWORD)
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    return user


async def cookie() -> str:
    return await in_thread(lambda: session_of(viewer()))


# -- following ------------------------------------------------------------------------------------


async def test_from_now_on_is_answered_at_once_and_brings_what_happens_then(
    server: WebServer,
) -> None:
    await in_thread(lambda: happen(3))
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        assert await socket.subscribed(None) == [{"type": "caught_up", "seq": 3}]
        await in_thread(lambda: happen(2, preview="hello"))
        first, second = await socket.hear_events(2)
    assert (first["seq"], first["prev"], second["seq"], second["prev"]) == (4, 3, 5, 4)
    assert first["event"] == "sheet.output"
    assert first["data"] == {"n": 0, "preview": "hello"}
    assert set(first) == {
        "type", "seq", "prev", "at", "conductor", "job", "job_id", "event", "sheet", "data",
    }  # fmt: skip


async def test_zero_is_the_oldest_kept(server: WebServer) -> None:
    await in_thread(lambda: happen(1_200))
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        heard = await socket.subscribed(0)
    assert [message.get("seq") for message in heard] == [*range(1, 1_201), 1_200]


async def test_who_comes_back_gets_what_was_missed_once_and_in_order(server: WebServer) -> None:
    await in_thread(lambda: happen(10))
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        heard = await socket.subscribed(4)
    assert [message["seq"] for message in heard] == [5, 6, 7, 8, 9, 10, 10]
    assert heard[0]["prev"] == 4


async def test_nothing_is_lost_or_doubled_between_catching_up_and_live(server: WebServer) -> None:
    await in_thread(lambda: happen(500))
    value = await cookie()
    async with asyncio.TaskGroup() as tasks, Socket.open(server.socket_url, cookie=value) as socket:
        tasks.create_task(in_thread(lambda: [happen(7) for _ in range(100)]))
        await socket.say(type="subscribe", since=0)
        events = await socket.hear_events(1_200)
    assert [event["seq"] for event in events] == list(range(1, 1_201))
    assert [event["prev"] for event in events] == list(range(1_200))


async def test_one_job_alone_can_be_followed_and_prev_is_of_this_subscription(
    server: WebServer,
) -> None:
    job = await in_thread(make_job)
    await in_thread(lambda: [happen(1, job_pk=pk) for pk in (job.pk, 999, job.pk, 999, job.pk)])
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        heard = await socket.subscribed(0, job=job.pk)
        assert [(m["seq"], m.get("prev")) for m in heard] == [(1, 0), (3, 1), (5, 3), (5, None)]
        await in_thread(lambda: (happen(3, job_pk=999), happen(1, job_pk=job.pk)))
        (event,) = await socket.hear_events(1)
    assert (event["seq"], event["prev"], event["job"]) == (9, 5, job.pk)


async def test_a_later_subscribe_replaces_the_first(server: WebServer) -> None:
    job = await in_thread(make_job)
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        await socket.subscribed(None)
        await socket.subscribed(None, job=job.pk)
        await in_thread(lambda: (happen(5, job_pk=999), happen(1, job_pk=job.pk)))
        (event,) = await socket.hear_events(1)
    assert event["job"] == job.pk


async def test_a_job_that_does_not_exist_for_them_is_not_found(server: WebServer) -> None:
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        await socket.say(type="subscribe", since=None, job=123_456)
        assert (await socket.hear())["code"] == "not_found"


async def test_a_client_from_another_log_is_told_so(server: WebServer) -> None:
    await in_thread(lambda: happen(3))
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        error, caught_up = await socket.subscribed(1_000)
    assert (error["code"], caught_up["seq"]) == ("unknown_seq", 3)


async def test_a_client_that_was_away_too_long_is_told_of_the_gap(server: WebServer) -> None:
    await in_thread(lambda: (happen(10), Event.objects.filter(seq__lte=5).delete()))
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        heard = await socket.subscribed(2)
    assert heard[0]["code"] == "gap"
    assert [message["seq"] for message in heard[1:]] == [6, 7, 8, 9, 10, 10]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "not_json"),
        ("[]", "not_json"),
        ("[" * 2_000, "not_json"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "subscribe", "since": -1}', "bad_value"),
        ('{"type": "subscribe", "since": true}', "bad_value"),
        ('{"type": "subscribe", "since": 1e3}', "bad_value"),
        ('{"type": "subscribe", "job": "1"}', "bad_value"),
        ('{"type": "ack"}', "bad_value"),
        ('{"type": "subscribe", "since": 99999999999999999999999}', "bad_value"),
    ],
)
async def test_what_makes_no_sense_is_answered_and_the_connection_stays(
    server: WebServer, frame: str, code: str
) -> None:
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        await socket.say_text(frame)
        assert (await socket.hear())["code"] == code
        await socket.subscribed(None)


async def test_a_frame_above_four_kilobytes_ends_the_connection(server: WebServer) -> None:
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        await socket.say_text(" " * 5_000)
        code, heard = await socket.closed()
    assert (code, heard[0]["code"]) == (4400, "not_understood")


async def test_a_frame_that_is_far_too_long_is_not_even_read(server: WebServer) -> None:
    # Daphne drops the connection, where another server would say 1009 first.
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        await socket.say_text(" " * 300_000)
        assert (await socket.closed())[0] in (1006, 1009)


async def test_the_longest_event_comes_through(server: WebServer) -> None:
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        await socket.subscribed(None)
        await in_thread(lambda: happen(2, preview="<" * 4_096, more="<" * 4_096))
        first, second = await socket.hear_events(2)
    assert first["data"]["preview"] == "<" * 4_096
    assert second["prev"] == first["seq"]


async def test_subscribing_without_end_is_refused(server: WebServer) -> None:
    async with Socket.open(server.socket_url, cookie=await cookie()) as socket:
        for _ in range(12):
            await socket.say(type="subscribe", since=None)
        heard = [await socket.hear() for _ in range(11)]
    assert "too_many_subscribes" in [message.get("code") for message in heard]


# -- the door -------------------------------------------------------------------------------------


async def test_without_credentials_it_is_4401(server: WebServer) -> None:
    async with Socket.open(server.socket_url) as socket:
        code, heard = await socket.closed()
    assert (code, heard[0]["type"], heard[0]["code"]) == (4401, "error", "not_logged_in")


async def test_a_worthless_session_is_4401(server: WebServer) -> None:
    async with Socket.open(server.socket_url, cookie="podium_session=" + "x" * 32) as socket:
        assert (await socket.closed())[0] == 4401


async def test_without_the_right_it_is_4403_and_recorded(server: WebServer) -> None:
    nobody = await in_thread(lambda: make_user("nobody"))
    async with Socket.open(
        server.socket_url, cookie=await in_thread(lambda: session_of(nobody))
    ) as socket:
        code, heard = await socket.closed()
    assert (code, heard[0]["code"]) == (4403, "not_allowed")
    record = await in_thread(lambda: AuditRecord.objects.get(kind="denied"))
    assert (record.verb, record.actor_name) == ("view", nobody.username)


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://console.test", ""])
async def test_a_cookie_with_a_foreign_or_missing_origin_is_refused_before_accept(
    server: WebServer, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with Socket.open(server.socket_url, cookie=await cookie(), origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_foreign_origin_is_refused_without_a_cookie_too(server: WebServer) -> None:
    with pytest.raises(InvalidStatus):
        async with Socket.open(server.socket_url, origin="http://evil.test"):
            pass


async def test_the_address_that_was_asked_is_an_origin_of_ours(server: WebServer) -> None:
    async with Socket.open(server.socket_url, cookie=await cookie(), origin=server.url) as socket:
        await socket.subscribed(None)


async def test_a_token_decides_alone_and_needs_no_origin(server: WebServer) -> None:
    token = await in_thread(lambda: token_of(viewer()))
    async with Socket.open(server.socket_url, token=token) as socket:
        await socket.subscribed(None)


async def test_a_worthless_token_is_not_made_good_by_a_cookie(server: WebServer) -> None:
    async with Socket.open(
        server.socket_url, token="Bearer podium_" + "x" * 43, cookie=await cookie()
    ) as socket:
        assert (await socket.closed())[0] == 4401


async def test_a_host_that_is_not_ours_is_refused(server: WebServer) -> None:
    token = await in_thread(lambda: token_of(viewer()))
    with pytest.raises(InvalidStatus):
        async with Socket.open(server.socket_url, token=token, headers={"Host": "evil.test"}):
            pass


async def test_another_path_is_no_socket(server: WebServer) -> None:
    with pytest.raises(InvalidStatus):
        async with Socket.open(server.socket_url + "more/", cookie=await cookie()):
            pass


# -- rights that end ------------------------------------------------------------------------------


async def test_a_user_who_is_deactivated_loses_the_socket(server: WebServer) -> None:
    user = await in_thread(viewer)
    async with Socket.open(
        server.socket_url, cookie=await in_thread(lambda: session_of(user))
    ) as socket:
        await socket.subscribed(None)
        await in_thread(lambda: User.objects.filter(pk=user.pk).update(is_active=False))
        assert (await socket.closed())[0] == 4401


async def test_a_user_who_loses_the_right_loses_the_socket(server: WebServer) -> None:
    user = await in_thread(viewer)
    async with Socket.open(
        server.socket_url, cookie=await in_thread(lambda: session_of(user))
    ) as socket:
        await socket.subscribed(None)
        await in_thread(lambda: user.user_permissions.clear())
        assert (await socket.closed())[0] == 4403


async def test_the_end_of_a_session_ends_the_socket(server: WebServer) -> None:
    value = await cookie()
    async with Socket.open(server.socket_url, cookie=value) as socket:
        await socket.subscribed(None)
        await in_thread(lambda: Session.objects.all().delete())
        assert (await socket.closed())[0] == 4401


async def test_a_token_that_is_revoked_ends_the_socket(server: WebServer) -> None:
    token = await in_thread(lambda: token_of(viewer()))
    async with Socket.open(server.socket_url, token=token) as socket:
        await socket.subscribed(None)

        def revoke() -> None:
            from django.utils import timezone

            ApiToken.objects.update(revoked_at=timezone.now())

        await in_thread(revoke)
        assert (await socket.closed())[0] == 4401


async def test_a_right_by_a_group_counts(server: WebServer) -> None:
    def member() -> str:
        group, _ = Group.objects.get_or_create(name="Watchers")
        group.permissions.add(Permission.objects.get(codename="view_job"))
        user = User.objects.create_user("watcher", password=PASSWORD)
        user.groups.add(group)
        return session_of(user)

    async with Socket.open(server.socket_url, cookie=await in_thread(member)) as socket:
        await socket.subscribed(None)


# -- slow, silent, ending -------------------------------------------------------------------------


async def test_a_client_that_never_acknowledges_is_closed_with_4408(
    transactional_db: None,
) -> None:
    with web_server(LIVE_TEST_WINDOW="20000") as small:
        async with Socket.open(small.socket_url, cookie=await cookie()) as socket:
            await socket.subscribed(None)
            await in_thread(lambda: happen(1_000))
            code, heard = await socket.closed()
    assert code == 4408
    assert len([m for m in heard if m["type"] == "event"]) < 200


async def test_a_client_that_acknowledges_gets_everything_through_a_small_window(
    transactional_db: None,
) -> None:
    with web_server(LIVE_TEST_WINDOW="20000") as small:
        async with Socket.open(small.socket_url, cookie=await cookie()) as socket:
            await socket.subscribed(None)
            await in_thread(lambda: [happen(500) for _ in range(6)])
            seqs: list[int] = []
            while len(seqs) < 3_000:
                (event,) = await socket.hear_events(1)
                seqs.append(event["seq"])
                if len(seqs) % 20 == 0:
                    await socket.say(type="ack", seq=event["seq"])
    assert seqs == list(range(1, 3_001))


async def test_it_says_that_it_is_alive(transactional_db: None) -> None:
    with web_server(LIVE_TEST_ALIVE_S="0.2") as quick:
        async with Socket.open(quick.socket_url, cookie=await cookie()) as socket:
            await socket.subscribed(None)
            await in_thread(lambda: happen(4, job_pk=999))
            await socket.hear_events(4)
            assert (await socket.hear_until("alive"))[-1] == {"type": "alive", "seq": 4}


async def test_a_server_that_ends_closes_with_1001_and_nothing_is_lost(
    transactional_db: None,
) -> None:
    value = await cookie()
    with web_server() as first:
        async with Socket.open(first.socket_url, cookie=value) as socket:
            await socket.subscribed(None)
            await in_thread(lambda: happen(2))
            last = (await socket.hear_events(2))[-1]["seq"]
            first.process.terminate()
            assert (await socket.closed())[0] == 1001
        assert await asyncio.to_thread(first.process.wait, 15) == 0
    await in_thread(lambda: happen(3))
    with web_server() as second:
        async with Socket.open(second.socket_url, cookie=value) as socket:
            heard = await socket.subscribed(last)
    assert [message["seq"] for message in heard] == [3, 4, 5, 5]


async def test_twenty_sockets_hear_everything(server: WebServer) -> None:
    value = await cookie()

    async def follow() -> list[int]:
        async with Socket.open(server.socket_url, cookie=value) as socket:
            await socket.say(type="subscribe", since=0)
            return [event["seq"] for event in await socket.hear_events(100)]

    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow()) for _ in range(20)]
        await in_thread(lambda: [happen(10) for _ in range(10)])
    expected = list(range(1, 101))
    assert all(followed.result() == expected for followed in following)


@pytest.mark.redis
async def test_a_web_process_hears_of_another_ones_events_through_redis(
    transactional_db: None, redis_url: str, settings: Any
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [redis_url]},
        }
    }
    channel_layers.backends.clear()
    try:
        with web_server(REDIS_URL=redis_url, LIVE_TEST_POLL_S="3600") as deaf:
            async with Socket.open(deaf.socket_url, cookie=await cookie()) as socket:
                await socket.subscribed(None)
                for number in (1, 2, 3):
                    await in_thread(happen)
                    assert (await socket.hear_events(1))[0]["seq"] == number
    finally:
        feed.close()
        channel_layers.backends.clear()
