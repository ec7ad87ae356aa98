"""The event log: gapless, in commit order, whoever writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction

from jobs.live import events, feed
from jobs.live.events import EventDraft, last_seq, store
from jobs.live.models import Event, EventCounter
from jobs.live.recording import record_checkpoint, record_rows
from jobs.registry.models import Job
from tests.factories import make_conductor, make_job
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def draft(number: int = 0, **data: Any) -> EventDraft:
    return EventDraft("c", None, "", "x", data={"n": number, **data})


def in_threads(works: list[Callable[[], object]]) -> None:
    """All of them at once, each with a connection of its own."""

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(run, work) for work in works]:
            done.result()


def store_and_fail() -> None:
    with transaction.atomic():
        store([draft()])
        raise RuntimeError("no")


def test_numbers_begin_at_one_and_have_no_gap() -> None:
    assert store([draft(), draft()]) == range(1, 3)
    assert store([draft()]) == range(3, 4)
    assert last_seq() == 3


def test_nothing_is_stored_and_no_number_used_when_the_callers_part_fails() -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store([draft()], within=fail)
    assert store([draft()]) == range(1, 2)


def test_what_the_callers_part_adds_is_stored_too() -> None:
    drafts = [draft(1)]
    store(drafts, within=lambda: drafts.append(draft(2)))
    assert list(Event.objects.values_list("data__n", flat=True)) == [1, 2]


def test_a_rollback_outside_gives_the_numbers_back() -> None:
    with pytest.raises(RuntimeError):
        store_and_fail()
    assert store([draft()]) == range(1, 2)


def test_listeners_hear_only_of_what_is_committed() -> None:
    heard: list[tuple[int, int]] = []

    def listen(committed: Sequence[Event]) -> None:
        heard.append((committed[-1].seq, Event.objects.count()))

    with feed.listening(listen):
        store([draft(), draft(), draft()])
        with pytest.raises(RuntimeError):
            store_and_fail()
    assert heard == [(3, 3)]


def test_a_log_that_lost_its_counter_goes_on_after_its_last_number() -> None:
    store([draft(), draft()])
    EventCounter.objects.all().delete()
    assert store([draft()]) == range(3, 4)


def test_many_writers_at_once_leave_no_gap_and_a_reader_never_sees_one() -> None:
    writers, each = 6, 30
    done = threading.Event()
    gaps: list[list[int]] = []

    def write() -> None:
        for number in range(each):
            store([draft(number), draft(number)])

    def read() -> None:
        while not done.is_set():
            seqs = list(Event.objects.order_by("seq").values_list("seq", flat=True))
            if seqs != list(range(1, len(seqs) + 1)):
                gaps.append(seqs)
        connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        in_threads([write] * writers)
    finally:
        done.set()
        reader.join()
    assert gaps == []
    assert last_seq() == Event.objects.count() == writers * each * 2


def test_relay_and_action_refreshing_at_once_tell_each_change_once() -> None:
    from tests.registry.test_rows import NOW, row

    conductor = make_conductor()
    rows = [row(f"job-{number}") for number in range(40)]
    in_threads([lambda: record_rows(conductor, rows, NOW)] * 3)
    assert Job.objects.count() == 40
    assert Event.objects.filter(event="job.adopted").count() == 40


def test_a_big_checkpoint_is_written_in_short_transactions(monkeypatch: Any) -> None:
    from tests.registry.test_checkpoints import NOW, checkpoint

    job = make_job()
    portions: list[int] = []
    write = events.append

    def counted(drafts: Any) -> range:
        portions.append(len(drafts))
        return write(drafts)

    monkeypatch.setattr(events, "append", counted)
    state = checkpoint(sheets=[{"status": "completed"} for _ in range(450)])
    record_checkpoint(job, state, NOW)
    assert len(portions) == 5
    assert max(portions) <= 101
    assert Event.objects.filter(event="sheet.completed").count() == 450


def test_data_that_is_too_big_is_replaced_by_a_word_that_says_so() -> None:
    store([draft(junk=["x" * 4_000] * 100), draft(text="nul \0")])
    first, second = Event.objects.order_by("seq")
    assert first.data == {"truncated": True, "keys": ["n", "junk", "is_cut"]}
    assert second.data["text"] == "nul \ufffd"


def test_a_full_preview_of_wide_letters_is_cut_and_not_dropped() -> None:
    store([draft(preview="\N{SEEDLING}" * 4_096, offset=7), draft(preview="\0" * 4_096, offset=8)])
    first, second = Event.objects.order_by("seq")
    assert first.data == {"n": 0, "preview": "\N{SEEDLING}" * 1_200, "offset": 7, "is_cut": True}
    assert second.data == {"n": 0, "preview": "\ufffd" * 1_200, "offset": 8, "is_cut": True}


@pytest.mark.redis
def test_another_process_is_told_through_the_channel_layer(redis_url: str, settings: Any) -> None:
    import asyncio

    from channels.layers import channel_layers

    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [redis_url]},
        }
    }
    channel_layers.backends.clear()
    heard: list[dict[str, Any]] = []
    joined = threading.Event()

    async def hear() -> None:
        layer = channel_layers.make_backend("default")
        channel = await layer.new_channel()
        await layer.group_add(feed.GROUP, channel)
        joined.set()
        async with asyncio.timeout(20):
            heard.append(await layer.receive(channel))
        await layer.close_pools()  # type: ignore[attr-defined]  # of Redis alone

    listener = threading.Thread(target=lambda: asyncio.run(hear()))
    listener.start()
    try:
        assert joined.wait(20)
        store([draft(), draft()])
        wait_until(lambda: heard, timeout_s=20, what="a message of the feed")
    finally:
        listener.join()
        feed.close()
        channel_layers.backends.clear()
    assert heard == [{"type": "feed.moved", "seq": 2}]


@pytest.mark.django_db(transaction=True)
def test_listener_that_fails_after_the_commit_does_not_make_a_store_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_rows: object) -> None:
        raise RuntimeError("nobody listens")

    monkeypatch.setattr("jobs.live.feed.wake", broken)
    assert len(events.store([EventDraft("here", None, "", "x")])) == 1


def test_secrets_of_an_event_are_not_stored(settings: Any) -> None:
    settings.PODIUM_SECRET_PATTERNS = (r"cobalt-\d+",)
    store([draft(preview="the key is cobalt-77\npassword=hunter2-hunter2\n", more=["cobalt-9"])])
    data = Event.objects.get().data
    assert data["preview"].startswith("the key is ••••••\npassword=••••••")
    assert data["more"] == ["••••••"]
