"""A subscription's two lanes, without database or socket."""

from __future__ import annotations

import asyncio

import pytest

from jobs.live import subscription as module
from jobs.live.messages import Encoded
from jobs.live.subscription import CaughtUp, Subscription, Wish
from jobs.live.window import LEAST_BYTES, MOST_BYTES, TooSlow, Window, limit_for
from tests.waiting import patience


def event(seq: int, job_pk: int | None = None, conductor: str = "c") -> Encoded:
    return Encoded(seq, conductor, job_pk, f'"seq":{seq}}}')


class MemoryLog:
    """A log that can be held up."""

    def __init__(self, count: int = 0) -> None:
        self.events = [event(seq) for seq in range(1, count + 1)]
        self.head = count
        self.gate = asyncio.Event()
        self.gate.set()
        self.reads = 0

    def append(self, *subscriptions: Subscription, count: int = 1) -> None:
        """Events that are handed to these, as the hub does."""
        fresh = [event(self.head + number) for number in range(1, count + 1)]
        self.events += fresh
        self.head += count
        for subscription in subscriptions:
            subscription.offer(fresh, self.head)

    async def read(
        self, wish: Wish, after: int, upto: int, limit: int
    ) -> tuple[list[Encoded], int]:
        self.reads += 1
        await self.gate.wait()
        found = [e for e in self.events if after < e.seq <= upto and wish.covers(e)][:limit]
        return found, found[-1].seq if len(found) == limit else upto


async def taken(subscription: Subscription, count: int) -> list[int]:
    """The next so many numbers, whatever lane they come by."""
    seqs: list[int] = []
    async with asyncio.timeout(patience(5)):
        while len(seqs) < count:
            given = await subscription.next()
            if not isinstance(given, CaughtUp):
                seqs += [e.seq for e in given]
    return seqs


async def test_live_events_need_no_reading() -> None:
    log = MemoryLog(3)
    subscription = Subscription(log)
    subscription.begin(Wish(), 3)
    assert await subscription.next() == CaughtUp(3)
    log.append(subscription, count=5)
    assert await taken(subscription, 5) == [4, 5, 6, 7, 8]
    assert log.reads == 0


async def test_a_full_queue_changes_lanes_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "QUEUE_SIZE", 10)
    log = MemoryLog()
    subscription = Subscription(log)
    subscription.begin(Wish(), 0)
    await subscription.next()
    for _ in range(30):
        log.append(subscription, count=3)
    assert not subscription.is_live
    assert await taken(subscription, 90) == list(range(1, 91))
    assert await subscription.next() == CaughtUp(90)
    assert subscription.is_live


async def test_what_happens_while_the_log_is_read_is_neither_lost_nor_doubled() -> None:
    log = MemoryLog(5)
    subscription = Subscription(log)
    subscription.begin(Wish(), 0)
    log.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(taken(subscription, 8))
        await asyncio.sleep(0)
        log.append(subscription, count=3)
        log.gate.set()
    assert taking.result() == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_subscription_ahead_of_the_hub_gets_nothing_old() -> None:
    log = MemoryLog(5)
    subscription = Subscription(log)
    subscription.begin(Wish(), 7)  # the database is two further than the hub
    assert await subscription.next() == CaughtUp(7)
    log.append(subscription, count=4)
    assert await taken(subscription, 2) == [8, 9]


async def test_another_subscribe_while_the_log_is_read_makes_the_answer_worthless() -> None:
    log = MemoryLog(50)
    subscription = Subscription(log)
    subscription.begin(Wish(), 0)
    log.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(taken(subscription, 2))
        await asyncio.sleep(0)
        subscription.begin(Wish(), 48)
        log.gate.set()
    assert taking.result() == [49, 50]


async def test_being_cancelled_while_waiting_loses_nothing() -> None:
    log = MemoryLog()
    subscription = Subscription(log)
    subscription.begin(Wish(), 0)
    await subscription.next()
    for _ in range(20):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await subscription.next()
    log.append(subscription, count=2)
    assert await taken(subscription, 2) == [1, 2]


async def test_only_what_is_wished_for_is_queued() -> None:
    log = MemoryLog()
    subscription = Subscription(log)
    subscription.begin(Wish(job_pk=7), 0)
    await subscription.next()
    subscription.offer([event(1, 7), event(2, 8), event(3, 7)], 3)
    assert await taken(subscription, 2) == [1, 3]
    subscription.offer([event(4, 8)], 4)
    assert subscription.cursor == 4


# -- the window -----------------------------------------------------------------------------------


def test_the_window_is_full_until_acknowledged() -> None:
    window = Window()
    for seq in range(1, 5):
        window.sent(seq, 100)
    assert window.is_full(400)
    window.ack(2)
    assert not window.is_full(400)
    assert window.is_full(200)


def test_another_subscription_does_not_empty_the_window() -> None:
    window = Window()
    window.sent(100, 400)
    window.clear()
    assert window.is_full(400)
    window.ack(1)
    assert not window.is_full(400)


async def test_a_window_that_stays_full_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.live.window.ACK_S", 0.01)
    window = Window()
    window.sent(1, 100)
    with pytest.raises(TooSlow):
        await window.room(100)


@pytest.mark.parametrize(
    ("connections", "limit"), [(0, MOST_BYTES), (1, MOST_BYTES), (5_000, LEAST_BYTES)]
)
def test_the_more_connections_the_less_each_may_have_under_way(
    connections: int, limit: int
) -> None:
    assert limit_for(connections) == limit
