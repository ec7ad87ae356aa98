"""From a conductor on a real socket to rows and events."""

from __future__ import annotations

from typing import Any

from jobs.live.models import Event, RelayLease
from jobs.logs import MASK
from jobs.registry.models import Conductor, Job, Sheet
from tests.live.conftest import in_thread, relaying, stored
from tests.live.scripted import SUBMITTED, ScriptedConductor, checkpoint, row
from tests.waiting import eventually


async def has(event: str, count: int = 1) -> bool:
    return len(await stored(event=event)) >= count


async def the_job(**filters: Any) -> Job:
    return await in_thread(lambda: Job.objects.get(**filters))


async def test_a_job_started_elsewhere_appears_with_its_sheets(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    scripted.checkpoints["nightly"] = checkpoint()
    async with relaying(conductor):
        await eventually(lambda: has("sheet.started"))
    job = await the_job()
    assert (job.origin, job.status, job.total_sheets) == ("outside", "running", 3)
    sheets = await in_thread(lambda: list(Sheet.objects.values_list("number", "status")))
    assert sheets == [(1, "dispatched"), (2, "pending"), (3, "pending")]


async def test_sheets_go_on_without_any_event_from_the_conductor(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    scripted.checkpoints["nightly"] = checkpoint()
    async with relaying(conductor):
        await eventually(lambda: has("sheet.started"))
        scripted.checkpoints["nightly"] = checkpoint(sheets=["completed", "dispatched", "pending"])
        await eventually(lambda: has("sheet.completed"))
        scripted.rows = [row(status="completed")]
        scripted.checkpoints["nightly"] = checkpoint(status="completed", sheets=["completed"] * 3)
        await eventually(lambda: has("job.completed"))
        await eventually(lambda: has("sheet.completed", 3))
    told = [(e.event, e.sheet) for e in await stored() if e.event.startswith("sheet.")]
    assert told.count(("sheet.completed", 1)) == 1


async def test_a_status_on_the_stream_is_told_once_and_at_once(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    scripted.checkpoints["nightly"] = checkpoint()
    async with relaying(conductor):
        await eventually(lambda: has("sheet.started"))
        await eventually(lambda: scripted.listeners)
        scripted.checkpoints["nightly"] = checkpoint(sheets=["completed", "dispatched", "pending"])
        scripted.tell("sheet.completed", sheet=1)
        await eventually(lambda: has("sheet.completed"))
        looks = scripted.asked["job.list"]
        await eventually(lambda: scripted.asked["job.list"] > looks + 1)
    assert len(await stored(event="sheet.completed")) == 1


async def test_output_of_the_stream_is_stored_for_its_run(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    scripted.checkpoints["nightly"] = checkpoint()
    async with relaying(conductor):
        await eventually(lambda: has("sheet.started"))
        await eventually(lambda: scripted.listeners)
        for number in range(500):
            scripted.tell("sheet.output", sheet=1, offset=number, length=1, preview="x")
        await eventually(lambda: has("sheet.output", 500))
    job = await the_job()
    output = await stored(event="sheet.output")
    assert [event.data["offset"] for event in output] == list(range(500))
    assert {(event.job_pk, event.sheet) for event in output} == {(job.pk, 1)}


async def test_a_secret_that_is_written_in_two_pieces_is_not_stored(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    async with relaying(conductor):
        await eventually(lambda: has("job.adopted"))
        await eventually(lambda: scripted.listeners)
        for number, preview in enumerate(("password=", "SECa4zzq\n", "plain\n")):
            scripted.tell("sheet.output", sheet=1, offset=number, preview=preview)
        await eventually(lambda: has("sheet.output", 3))
    told = [event.data["preview"] for event in await stored(event="sheet.output")]
    assert told == ["password=", f"{MASK}\n", "plain\n"]


async def test_a_conductor_is_known_to_report_output_once_a_line_has_come(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    def is_proved() -> bool:
        return Conductor.objects.get(pk=conductor.pk).has_sent_output

    scripted.rows = [row()]
    async with relaying(conductor):
        await eventually(lambda: has("job.adopted"))
        await eventually(lambda: scripted.listeners)
        assert not await in_thread(is_proved)
        scripted.tell("sheet.output", sheet=1, preview="x")
        await eventually(lambda: in_thread(is_proved))


async def test_the_log_has_no_gap(scripted: ScriptedConductor, conductor: Conductor) -> None:
    scripted.rows = [row(f"job-{n}") for n in range(60)]
    async with relaying(conductor):
        await eventually(lambda: has("job.adopted", 60))
    assert [event.seq for event in await stored()] == list(range(1, len(await stored()) + 1))


async def test_events_of_a_new_run_are_not_given_to_the_run_before_it(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row(status="completed")]
    async with relaying(conductor):
        await eventually(lambda: has("job.adopted"))
        await eventually(lambda: scripted.listeners)
        scripted.rows = [row(submitted_at=SUBMITTED + 60, started_at=SUBMITTED + 61)]
        scripted.tell("job.started")
        scripted.tell("sheet.output", sheet=1, preview="of the new run")
        await eventually(lambda: has("sheet.output"))
    new = await the_job(gone_at=None)
    assert [event.job_pk for event in await stored(event="sheet.output")] == [new.pk]


async def test_a_conductor_that_goes_takes_nothing_along(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    async with relaying(conductor):
        await eventually(lambda: has("job.adopted"))
        await scripted.stop()
        await eventually(lambda: has("conductor.unreachable"))
        assert (await the_job()).gone_at is None
        await scripted.start()
        await eventually(lambda: has("conductor.reachable", 2))
        await eventually(lambda: in_thread(Conductor.objects.filter(pid=4242).exists))
    assert (await the_job()).gone_at is None
    fresh = await in_thread(lambda: Conductor.objects.get())
    assert fresh.is_reachable
    assert (fresh.pid, fresh.version) == (4242, "0.1.0")


async def test_a_list_that_is_garbage_marks_the_conductor_with_the_reason(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.raw["job.list"] = b"<html>no</html>\n"
    async with relaying(conductor):
        await eventually(lambda: has("conductor.unreachable"))
        fresh = await in_thread(lambda: Conductor.objects.get())
        assert (fresh.is_reachable, fresh.unreachable_cause) == (False, "garbage")
        scripted.raw.clear()
        scripted.rows = [row()]
        await eventually(lambda: has("job.adopted"))


async def test_a_list_that_is_far_too_long_marks_the_conductor_too(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.answers["job.list"] = [{"job_id": f"j{n}", "status": "x"} for n in range(10_001)]
    async with relaying(conductor):
        await eventually(lambda: has("conductor.unreachable"))
    assert (await in_thread(lambda: Conductor.objects.get())).unreachable_cause == "too_long"
    assert await in_thread(lambda: Job.objects.count()) == 0


async def test_a_checkpoint_that_cannot_be_read_harms_no_other_run(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row("bad"), row("good")]
    scripted.checkpoints = {"bad": {"total_sheets": "many"}, "good": checkpoint("good")}
    async with relaying(conductor):
        await eventually(lambda: has("sheet.started"))
    assert (await stored(event="sheet.started"))[0].job_id == "good"


async def test_a_second_relay_stands_by_and_takes_over(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    async with relaying(conductor) as first:
        await eventually(lambda: has("job.adopted"))
        again = await in_thread(lambda: Conductor.objects.get())
        async with relaying(again) as second:
            owner = await in_thread(lambda: RelayLease.objects.get().owner)
            assert owner == first.lease.owner
            first.stop()
            await eventually(
                lambda: in_thread(
                    lambda: RelayLease.objects.filter(owner=second.lease.owner).exists()
                )
            )


async def test_standby_that_takes_over_goes_by_the_row_as_it_is_now(
    scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.rows = [row()]
    stale = await in_thread(lambda: Conductor.objects.get())
    async with relaying(conductor) as first:
        await eventually(lambda: has("job.adopted"))
        async with relaying(stale):
            assert stale.last_answer_at is None
            first.stop()
            await eventually(lambda: stale.last_answer_at is not None)
            assert stale.is_reachable


async def test_reconciling_is_asked_for_while_the_conductor_answers(
    scripted: ScriptedConductor, conductor: Conductor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("jobs.live.relay._RECONCILE_EVERY_S", 0.05)
    asked: list[str] = []

    async def reconcile(which: Conductor) -> None:
        asked.append(which.slug)
        raise RuntimeError("even so the relay goes on")

    async with relaying(conductor, reconcile=reconcile):
        await eventually(lambda: len(asked) > 2)
        scripted.rows = [row()]
        await eventually(lambda: has("job.adopted"))


async def test_old_events_are_pruned_in_portions(conductor: Conductor, settings: Any) -> None:
    from jobs.live.events import EventDraft, store
    from jobs.live.retention import prune_some

    settings.PODIUM_EVENT_KEEP = 100
    drafts = [EventDraft("scripted", None, "", "x") for _ in range(1_300)]

    def work() -> list[int]:
        store(drafts)
        return [prune_some() for _ in range(4)]

    assert await in_thread(work) == [500, 500, 200, 0]
    assert await in_thread(lambda: Event.objects.count()) == 100
