"""Knocking often leaves few records, and each knock is pointed to one."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions, audit
from jobs.access import denials
from jobs.actions import denied
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.errors import AccessDenied, IdempotencyConflict
from jobs.registry.models import Conductor, Job
from jobs.terms import Outcome, RecordKind, Verb, Verdict
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor
from tests.audit.drafts import make_draft
from tests.waiting import patience, wait_until

pause = async_to_sync(actions.pause)


def test_repeated_denial_is_one_record_and_the_others_point_to_it(
    running: Job, viewer: User, origin: Origin
) -> None:
    results = [pause(actor=viewer, job=running, origin=origin) for _ in range(3)]
    assert [result.outcome for result in results] == [Outcome.DENIED] * 3
    assert len({result.id for result in results}) == 1
    assert len({result.action_id for result in results}) == 1
    assert f"earlier record, number {results[0].id}" in results[1].message
    assert records().count() == 1


async def test_denial_of_who_has_hung_up_is_recorded(
    viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def slow(*args: Any, **kwargs: Any) -> Any:
        asked.set()
        await released.wait()
        return await append(*args, **kwargs)

    append = audit.aappend
    monkeypatch.setattr(audit, "aappend", slow)
    draft = make_draft(RecordKind.DENIED, actor_id=viewer.pk, outcome=Outcome.DENIED)
    request = asyncio.create_task(denied.denial(draft, "hung up"))
    await asyncio.wait_for(asked.wait(), patience(5))
    request.cancel()
    await asyncio.sleep(0)
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await records().acount() == 1


def test_denials_on_different_jobs_each_have_a_record_up_to_a_bound(
    conductor: Conductor,
    scripted: ScriptedConductor,
    viewer: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(denials, "OF_ONE", 3)
    jobs = [known(conductor, scripted, job_id=f"job-{number}") for number in range(5)]
    results = [pause(actor=viewer, job=job, origin=origin) for job in jobs]
    assert records().count() == 4
    assert results[4].id == results[3].id
    assert "Others of this verb are counted" in records().get(job_pk=jobs[3].pk).message


def test_asking_for_what_is_not_there_hides_no_denial_of_what_is(
    conductor: Conductor,
    scripted: ScriptedConductor,
    viewer: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(denials, "OF_ONE", 3)
    first, second = (known(conductor, scripted, job_id=name) for name in ("one", "two"))
    for pk in range(70_001, 70_006):
        async_to_sync(actions.asked_in_vain)(actor=viewer, verb=Verb.PAUSE, pk=pk, origin=origin)
    cleared = async_to_sync(actions.clear)(actor=viewer, job=first, origin=origin)
    cancelled = async_to_sync(actions.cancel)(actor=viewer, job=second, origin=origin)
    told = {action.pk: (action.verb, action.job_pk) for action in Action.objects.all()}
    assert told[cleared.id] == ("clear", first.pk)
    assert told[cancelled.id] == ("cancel", second.pk)


def test_an_answer_never_gives_the_number_of_another_verbs_record(
    conductor: Conductor,
    scripted: ScriptedConductor,
    viewer: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(denials, "OF_ONE", 2)
    jobs = [known(conductor, scripted, job_id=f"job-{number}") for number in range(4)]
    for job in jobs:
        pause(actor=viewer, job=job, origin=origin)
    for job in jobs:
        result = async_to_sync(actions.cancel)(actor=viewer, job=job, origin=origin)
        assert Action.objects.get(pk=result.id).verb == "cancel"


def test_what_was_counted_is_written_by_name_though_nobody_knocks_again(
    conductor: Conductor,
    scripted: ScriptedConductor,
    viewer: User,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(denials, "OF_ONE", 0)
    jobs = [known(conductor, scripted, job_id=f"job-{number}") for number in range(3)]
    for job in (*jobs, jobs[2]):
        pause(actor=viewer, job=job, origin=origin)
    denied.record_left_over()
    assert records().count() == 1
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + denials.EVERY_S)
    denied.record_left_over()
    denied.record_left_over()
    left = records().order_by("-n")[0]
    assert (records().count(), left.kind, left.verb, left.job_pk) == (2, "denied", "pause", None)
    assert left.arguments == {
        "counted": 3,
        "counted_attempts": [f"pause job {jobs[1].pk}", f"pause job {jobs[2].pk} x 2"],
        "not_named_here": 0,
    }


def test_what_is_counted_is_written_by_a_thread_when_the_minute_is_up(
    running: Job, viewer: User, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denials, "EVERY_S", 0.5)
    for _ in range(2):
        pause(actor=viewer, job=running, origin=origin)
    wait_until(lambda: records().count() == 2, what="the counted one is written")


def test_what_was_counted_is_written_at_the_end_of_the_process(
    running: Job, viewer: User, origin: Origin
) -> None:
    for _ in range(2):
        pause(actor=viewer, job=running, origin=origin)
    denied._at_exit()
    assert records().order_by("-n")[0].arguments["counted"] == 1


@pytest.mark.parametrize(
    ("noun", "which", "verb", "member"),
    [
        ("conductor", "nope", "clear_rate_limits", "conductor"),
        ("score", 9999, "edit_score", "score_id"),
        ("attempt", 9999, "settle", "action"),
    ],
)
def test_looking_for_anything_else_that_is_not_there_is_recorded(
    noun: str, which: int | str, verb: str, member: str, viewer: User, origin: Origin
) -> None:
    for _ in range(2):
        async_to_sync(actions.looked_in_vain)(
            actor=viewer, verb=verb, noun=noun, which=which, origin=origin
        )
    record = records().get()
    assert (record.kind, record.verb) == ("denied", verb)
    assert record.arguments == {member: which, "exists": False}


def test_denied_settling_is_recorded_once(
    running: Job, operator: User, viewer: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    from tests.actions.scripted import closing

    scripted.manners["job.pause"] = closing
    unknown = pause(actor=operator, job=running, origin=origin)
    action = Action.objects.get(pk=unknown.id)
    for _ in range(3):
        with pytest.raises(AccessDenied):
            async_to_sync(actions.settle)(
                actor=viewer,
                action=action,
                conclusion=Verdict.HAPPENED,
                reason="I say so",
                origin=origin,
            )
    assert records().filter(verb="settle").count() == 1


def test_key_that_was_used_for_something_else_is_recorded_as_refused(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    pause(actor=operator, job=running, origin=origin, reason="one", key="k")
    for _ in range(2):
        with pytest.raises(IdempotencyConflict):
            pause(actor=operator, job=running, origin=origin, reason="two", key="k")
    refused = records().get(kind="refused")
    assert (refused.reason, refused.arguments["idempotency_key"]) == ("two", "k")
    assert len(scripted.asked("job.pause")) == 1


def test_asking_in_vain_is_recorded_without_the_jobs_name(
    running: Job, viewer: User, origin: Origin
) -> None:
    for pk in (running.pk, 77):
        async_to_sync(actions.asked_in_vain)(
            actor=viewer, verb=Verb.CANCEL, pk=pk, origin=origin, reason="hm"
        )
    found = list(records().values_list("arguments", "job_id", "outcome"))
    assert found == [
        ({"job": running.pk, "exists": True}, "", "denied"),
        ({"job": 77, "exists": False}, "", "denied"),
    ]
