"""The threads that requests borrow, and with them their connections to the database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from dashboard_project.threads import RequestThreads
from tests.waiting import eventually


@pytest.fixture
def threads() -> Iterator[RequestThreads]:
    kept = RequestThreads(max_idle=2)
    yield kept
    kept.close()


async def test_next_request_gets_the_thread_of_the_last(threads: RequestThreads) -> None:
    first = await _in_a_request(threads)
    assert await _in_a_request(threads) == first


async def test_requests_at_once_have_threads_of_their_own(threads: RequestThreads) -> None:
    meeting = threading.Barrier(2, timeout=20)
    both = await asyncio.gather(_met(threads, meeting), _met(threads, meeting))
    assert len(set(both)) == 2


async def test_all_of_a_request_is_in_one_thread(threads: RequestThreads) -> None:
    async with threads.borrowed():
        idents = [await sync_to_async(threading.get_ident)() for _ in range(3)]
    assert len(set(idents)) == 1


async def test_threads_beyond_the_kept_ones_end(threads: RequestThreads) -> None:
    meeting = threading.Barrier(5, timeout=20)
    idents = await asyncio.gather(*(_met(threads, meeting) for _ in range(5)))

    def left() -> bool:
        return len({one.ident for one in threading.enumerate()} & set(idents)) == 2

    await eventually(left, what="three threads to end")
    assert threads.idle == 2


async def test_thread_that_still_works_is_not_lent(threads: RequestThreads) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        may_end.wait(20)
        return threading.get_ident()

    async with threads.borrowed():
        late = asyncio.ensure_future(sync_to_async(work)())
        await asyncio.to_thread(begun.wait, 20)
    try:
        other = await _in_a_request(threads)
    finally:
        may_end.set()
    assert other != await late


@pytest.mark.django_db(transaction=True)
async def test_connection_is_kept_for_the_next_request(threads: RequestThreads) -> None:
    async with threads.borrowed():
        first = await sync_to_async(_connected)()
    await eventually(lambda: threads.idle > 0, what="the thread to be free")
    async with threads.borrowed():
        assert await sync_to_async(_connected)() == first
    await eventually(lambda: threads.idle > 0, what="the thread to be free")


@pytest.mark.django_db(transaction=True)
async def test_connection_of_a_thread_that_ends_is_closed(threads: RequestThreads) -> None:
    wrappers = []

    def met(meeting: threading.Barrier) -> None:
        _connected()
        wrappers.append(connections["default"])
        meeting.wait()

    async def request(meeting: threading.Barrier) -> None:
        async with threads.borrowed():
            await sync_to_async(met)(meeting)

    meeting = threading.Barrier(4, timeout=20)
    await asyncio.gather(*(request(meeting) for _ in range(4)))

    def open_ones() -> int:
        return sum(wrapper.connection is not None for wrapper in wrappers)

    await eventually(lambda: open_ones() == 2, what="the connections beyond the kept to close")
    await asyncio.to_thread(threads.close)
    assert open_ones() == 0


def _connected() -> int:
    connection.ensure_connection()
    return id(connection.connection)


async def _in_a_request(threads: RequestThreads) -> int:
    async with threads.borrowed():
        ident = await sync_to_async(threading.get_ident)()
    await eventually(lambda: threads.idle > 0, what="the thread to be free")
    return ident


async def _met(threads: RequestThreads, meeting: threading.Barrier) -> int:
    def met() -> int:
        meeting.wait()
        return threading.get_ident()

    async with threads.borrowed():
        return await sync_to_async(met)()
