"""A batch goes on without its page, and what it has asked for is never asked for again."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import timezone

from jobs import audit
from jobs.actions import batches, pause
from jobs.actions.batches import Choice, NothingToDo, beginning, running
from jobs.actions.models import Batch, BatchItem
from jobs.actions.results import ActionResult
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.errors import AccessDenied, AuditUnavailable, PodiumBusy
from jobs.registry.models import Conductor, Job
from jobs.terms import Verb
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor, closing
from tests.waiting import wait_until

begin = async_to_sync(batches.begin)


def chosen(
    conductor: Conductor, scripted: ScriptedConductor, actor: User, count: int = 3
) -> Choice:
    """Running jobs, chosen to be paused."""
    for number in range(count):
        known(conductor, scripted, job_id=f"job-{number}")
    return batches.choose(actor, Verb.PAUSE, Job.objects.all(), "test")


def ended(batch: Batch) -> Batch:
    wait_until(lambda: batches.wait_for(batch.pk, 0.1), what="the batch to end")
    batch.refresh_from_db()
    return batch


def test_state_that_was_seen_is_fixed_when_it_is_chosen(
    conductor: Conductor, scripted: ScriptedConductor, operator: User
) -> None:
    choice = chosen(conductor, scripted, operator, 2)
    Job.objects.update(status="completed")
    assert set(choice.batch.items.values_list("seen", flat=True)) == {"running"}


def test_stopped_batch_concludes_what_is_under_way_and_leaves_the_rest(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "SIDE_BY_SIDE", 1)
    batch = chosen(conductor, scripted, operator).batch
    gate = scripted.gate("job.pause")
    assert begin(actor=operator, batch=batch, origin=origin)
    wait_until(lambda: scripted.asked("job.pause"), what="the first pause")
    batches.stop(timeout_s=0)  # as it is once the time to wait is over
    gate.set()
    batch = ended(batch)
    batches.stop()
    assert batch.state == Batch.State.INTERRUPTED
    assert batches.counts_of(batch) == {"succeeded": 1, "left": 2}
    assert len(scripted.asked("job.pause")) == 1


def test_batch_that_is_waited_for_while_its_thread_starts_is_carried_out(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start

    def clicked_again(thread: threading.Thread) -> None:
        if thread.name == f"podium-batch-{batch.pk}":
            batches.wait_for(batch.pk, 0)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", clicked_again)
    batch = chosen(conductor, scripted, operator).batch
    assert begin(actor=operator, batch=batch, origin=origin)
    assert batches.counts_of(ended(batch)) == {"succeeded": 3}
    assert running._threads == {}


def test_forgotten_choices_are_counted_without_their_jobs(
    conductor: Conductor, scripted: ScriptedConductor, operator: User
) -> None:
    chosen(conductor, scripted, operator)
    tomorrow = timezone.now() + timedelta(days=2)
    assert batches.forget_old_choices(tomorrow) == 1
    assert batches.forget_old_choices(tomorrow) == 0


@pytest.mark.parametrize(("named", "more"), [(3, None), (2, 1)])
def test_record_of_a_batch_names_the_first_jobs_and_how_many_more(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
    named: int,
    more: int | None,
) -> None:
    monkeypatch.setattr(beginning, "_NAMED", named)
    batch = chosen(conductor, scripted, operator).batch
    numbers = list(batch.items.values_list("job_id", flat=True))
    begin(actor=operator, batch=batch, origin=origin)
    ended(batch)
    told = dict(records().get(verb="bulk pause", kind="intent").arguments)
    assert (told.pop("count"), told.pop("jobs")) == (3, numbers[:named])
    assert told.pop("jobs_not_named_here", None) == more
    assert told == {"batch": batch.pk, "choice": "test"}


def test_answer_that_is_lost_is_unknown_in_the_batch_too(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    scripted.manners["job.pause"] = closing
    batch = chosen(conductor, scripted, operator, 2).batch
    begin(actor=operator, batch=batch, origin=origin)
    assert batches.counts_of(ended(batch)) == {"unknown": 2}
    whole = records().get(verb="bulk pause", kind="outcome")
    assert (whole.outcome, whole.message) == ("unknown", "2 unknown.")


def test_batch_that_cannot_be_recorded_sends_nothing_and_may_be_confirmed_later(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise AuditUnavailable("disk full")

    batch = chosen(conductor, scripted, operator).batch
    with monkeypatch.context() as patch:
        patch.setattr(audit, "aappend", full)
        with pytest.raises(AuditUnavailable):
            begin(actor=operator, batch=batch, origin=origin)
    assert scripted.requests == []
    assert begin(actor=operator, batch=Batch.objects.get(), origin=origin)
    assert batches.counts_of(ended(batch)) == {"succeeded": 3}


def test_batch_is_its_choosers_alone(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    viewer: User,
    origin: Origin,
) -> None:
    batch = chosen(conductor, scripted, operator).batch
    with pytest.raises(AccessDenied):
        begin(actor=viewer, batch=batch, origin=origin)
    assert records().get().kind == "denied"
    assert scripted.requests == []


def test_right_that_ends_meanwhile_ends_the_rest(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "SIDE_BY_SIDE", 1)
    batch = chosen(conductor, scripted, operator).batch
    gate = scripted.gate("job.pause")
    begin(actor=operator, batch=batch, origin=origin)
    wait_until(lambda: scripted.asked("job.pause"), what="the first pause")
    operator.groups.clear()
    gate.set()
    assert batches.counts_of(ended(batch)) == {"succeeded": 1, "denied": 2}


def test_job_whose_attempt_was_made_before_is_not_asked_for_again(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    choice = chosen(conductor, scripted, operator, 2)
    begin(actor=operator, batch=choice.batch, origin=origin)
    batch = ended(choice.batch)
    # As after a restart from an older copy of this table: what has been asked for looks open.
    Batch.objects.update(state=Batch.State.RUNNING, ended_at=None)
    BatchItem.objects.update(state=BatchItem.State.WAITING, outcome="", action_pk=None)
    running.slots.acquire()
    running.start(batch.pk)
    ended(batch)
    assert len(scripted.asked("job.pause")) == 2


def test_hundreds_of_jobs_are_each_paused_once(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    batch = chosen(conductor, scripted, operator, 120).batch
    begin(actor=operator, batch=batch, origin=origin)
    wait_until(lambda: batches.wait_for(batch.pk, 0.1), timeout_s=60, what="the batch to end")
    assert batches.counts_of(batch) == {"succeeded": 120}
    names = [params["job_id"] for params in scripted.asked("job.pause")]
    assert (len(names), len(set(names))) == (120, 120)


async def test_browser_that_hangs_up_does_not_keep_its_batch_from_being_carried_out(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = (await sync_to_async(chosen)(conductor, scripted, operator)).batch
    is_writing, may_write = asyncio.Event(), asyncio.Event()
    write = audit.aappend

    async def slow(*args: Any, **named: Any) -> audit.Appended:
        is_writing.set()
        await may_write.wait()
        monkeypatch.setattr(audit, "aappend", write)
        return await write(*args, **named)

    monkeypatch.setattr(audit, "aappend", slow)
    begun = asyncio.create_task(batches.begin(actor=operator, batch=batch, origin=origin))
    await is_writing.wait()
    begun.cancel()
    may_write.set()
    with pytest.raises(asyncio.CancelledError):
        await begun
    await sync_to_async(ended)(batch)
    assert await sync_to_async(batches.counts_of)(batch) == {"succeeded": 3}
    kinds = records().filter(verb="bulk pause").order_by("n").values_list("kind", flat=True)
    assert [kind async for kind in kinds] == ["intent", "outcome"]


def test_batch_whose_intent_may_stand_is_not_confirmed_again_and_ends_without_an_outcome(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def in_doubt(*_: object, **__: object) -> None:
        raise AuditUnavailable("no answer in time", may_be_recorded=True)

    batch = chosen(conductor, scripted, operator).batch
    with monkeypatch.context() as patch:
        patch.setattr(audit, "aappend", in_doubt)
        with pytest.raises(AuditUnavailable):
            begin(actor=operator, batch=batch, origin=origin)
    assert not begin(actor=operator, batch=Batch.objects.get(), origin=origin)
    assert batches.close_abandoned(timezone.now() + timedelta(hours=1)) == 1
    assert Batch.objects.get().state == Batch.State.INTERRUPTED
    assert batches.counts_of(batch) == {"left": 3}
    assert not records().exists()


def test_attempt_that_breaks_off_lets_the_others_be_concluded_and_stops_the_batch(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def breaking(*, job: Job, **named: Any) -> ActionResult:
        if job.job_id == "job-3":
            raise DatabaseError("connection lost")
        return await pause(job=job, **named)

    monkeypatch.setattr(running, "SIDE_BY_SIDE", 4)
    monkeypatch.setitem(running._ACTIONS, Verb.PAUSE, breaking)
    batch = chosen(conductor, scripted, operator, 6).batch
    begin(actor=operator, batch=batch, origin=origin)
    batch = ended(batch)
    assert batch.state == Batch.State.INTERRUPTED
    assert batches.counts_of(batch) == {"succeeded": 3, "left": 3}
    assert not Action.objects.filter(outcome="open").exists()


def test_batch_of_none_is_refused_and_not_told_as_a_success(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    known(conductor, scripted, "completed")
    batch = batches.choose(operator, Verb.PAUSE, Job.objects.all(), "test").batch
    with pytest.raises(NothingToDo):
        begin(actor=operator, batch=batch, origin=origin)
    record = records().get()
    assert (record.kind, record.outcome, record.arguments["jobs"]) == ("refused", "refused", [])
    assert record.arguments["left_out"] == [Job.objects.get().pk]


def test_process_that_stalled_sends_nothing_once_its_batch_was_closed(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stalling(**named: Any) -> ActionResult:
        much_later = timezone.now() + timedelta(hours=1)
        await sync_to_async(batches.close_abandoned)(much_later)
        return await pause(**named)

    monkeypatch.setattr(running, "SIDE_BY_SIDE", 1)
    monkeypatch.setitem(running._ACTIONS, Verb.PAUSE, stalling)
    batch = chosen(conductor, scripted, operator).batch
    begin(actor=operator, batch=batch, origin=origin)
    batch = ended(batch)
    assert scripted.asked("job.pause") == []
    assert batches.counts_of(batch) == {"left": 3}
    assert records().filter(verb="bulk pause", kind="outcome").count() == 1


def test_attempt_of_an_account_that_is_gone_is_found_when_its_batch_is_closed(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
) -> None:
    scripted.manners["job.pause"] = closing
    batch = chosen(conductor, scripted, operator, 2).batch
    begin(actor=operator, batch=batch, origin=origin)
    ended(batch)
    # As if the process had ended while the answers were waited for.
    Batch.objects.update(state=Batch.State.RUNNING, ended_at=None)
    batch.items.update(state=BatchItem.State.ASKED, outcome="", action_pk=None)
    operator.delete()
    assert batches.close_abandoned(timezone.now() + timedelta(hours=1)) == 1
    assert batches.counts_of(batch) == {"unknown": 2}


def test_person_has_one_batch_at_a_time(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    first = chosen(conductor, scripted, operator, 1).batch
    second = batches.choose(operator, Verb.PAUSE, Job.objects.all(), "test").batch
    gate = scripted.gate("job.pause")
    begin(actor=operator, batch=first, origin=origin)
    try:
        with pytest.raises(PodiumBusy, match=f"Batch {first.pk} of yours is still under way"):
            begin(actor=operator, batch=second, origin=origin)
        refused = records().get(kind="refused")
        assert (refused.verb, refused.arguments["batch"]) == ("bulk pause", second.pk)
        assert "still under way" in refused.message
    finally:
        gate.set()
    ended(first)
    assert begin(actor=operator, batch=second, origin=origin)
    ended(second)


def test_process_works_on_a_bounded_number_of_batches(
    conductor: Conductor,
    scripted: ScriptedConductor,
    operator: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(running, "slots", slots)
    batch = chosen(conductor, scripted, operator).batch
    with slots, pytest.raises(PodiumBusy, match="takes no more at the same time"):
        begin(actor=operator, batch=batch, origin=origin)
    assert [(record.kind, record.verb) for record in records()] == [("refused", "bulk pause")]
    assert begin(actor=operator, batch=batch, origin=origin)
    ended(batch)
