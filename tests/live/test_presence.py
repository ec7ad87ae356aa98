"""Who has a run's page open: told across processes, and by name only to whoever may know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.live import presence
from jobs.live.models import Onlooker
from jobs.live.presence import Onlookers, Presence, onlookers
from jobs.registry.models import Job
from tests.factories import make_job, make_user
from tests.live.clients import Socket, session_of, token_of
from tests.live.conftest import WebServer, in_thread
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def test_seat_is_left_with_the_connection_or_with_another_wish() -> None:
    here = Presence()
    here.look("a", 1, 7)
    here.look("b", 1, 8)
    assert here.seats() == {(1, 7), (1, 8)}
    here.look("a", None, 7)
    here.leave("b")
    here.leave("b")
    assert here.seats() == frozenset()


async def test_page_open_in_another_process_is_known_here(server: WebServer) -> None:
    job, person, admin = await in_thread(
        lambda: (make_job(), make_user("viewer", username="vic"), make_user("admin"))
    )
    cookie = await in_thread(lambda: session_of(person))
    async with Socket.open(server.socket_url, cookie=cookie) as socket:
        await socket.subscribed(None, job=job.pk)

        async def is_seen() -> bool:
            return await in_thread(lambda: onlookers(admin, job)) == Onlookers(("vic",))

        await eventually(is_seen, timeout_s=20, what="the other process to tell")
        assert await in_thread(lambda: onlookers(person, job)) == Onlookers()


async def test_program_with_a_token_looks_at_no_page(server: WebServer) -> None:
    job, program, person = await in_thread(
        lambda: (make_job(), make_user("viewer"), make_user("viewer"))
    )
    token = await in_thread(lambda: token_of(program))
    cookie = await in_thread(lambda: session_of(person))

    async def rows() -> list[int]:
        return await in_thread(lambda: list(Onlooker.objects.values_list("user_id", flat=True)))

    async with Socket.open(server.socket_url, token=token) as socket:
        await socket.subscribed(None, job=job.pk)
        # Who looks is told now and then: once a page is known, so is all that came before it.
        async with Socket.open(server.socket_url, cookie=cookie) as page:
            await page.subscribed(None, job=job.pk)
            await eventually(rows, timeout_s=20, what="the other process to tell")
            assert await rows() == [person.pk]


async def test_nobody_is_said_to_look_once_the_last_page_is_closed(server: WebServer) -> None:
    job, person, admin = await in_thread(
        lambda: (make_job(), make_user("viewer"), make_user("admin"))
    )
    cookie = await in_thread(lambda: session_of(person))

    async def is_seen() -> bool:
        return await in_thread(lambda: onlookers(admin, job)) != Onlookers()

    async def is_not_seen() -> bool:
        return not await is_seen()

    async with Socket.open(server.socket_url, cookie=cookie) as socket:
        await socket.subscribed(None, job=job.pk)
        await eventually(is_seen, timeout_s=20, what="the other process to tell")
    await eventually(is_not_seen, timeout_s=10, what="the other process to take it back")


def seat(job: Job, user: User, *, in_s: int, process: str = "elsewhere") -> None:
    until = timezone.now() + timedelta(seconds=in_s)
    Onlooker.objects.create(job=job, user=user, process=process, until=until)


def test_row_of_a_process_that_died_expires() -> None:
    job, person, admin = make_job(), make_user("viewer"), make_user("admin")
    seat(job, person, in_s=-1)
    assert onlookers(admin, job) == Onlookers()


def test_only_people_one_may_know_are_named_and_the_others_counted() -> None:
    viewer, known, other = make_user("viewer"), make_user("operator", username="kim"), make_user()
    job = make_job(submitted_by=known)
    for person in (viewer, known, other):
        seat(job, person, in_s=60)
    assert onlookers(viewer, job) == Onlookers(("kim",), 1)


def test_telling_replaces_what_this_process_said_before_and_nothing_else() -> None:
    job, person = make_job(), make_user("viewer")
    seat(job, person, in_s=60)
    presence.tell("here", {(job.pk, person.pk), (10**9, person.pk)})
    assert Onlooker.objects.filter(process="here").count() == 1
    presence.tell("here", ())
    assert list(Onlooker.objects.values_list("process", flat=True)) == ["elsewhere"]
