"""Conductors that are down, hang up, babble or break, and an audit log that cannot be written."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing as closing_at_end
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from jobs import actions, audit
from jobs.actions import ActionResult
from jobs.audit import Draft, Origin, appending
from jobs.audit.models import Action
from jobs.conductor import wire
from jobs.errors import AuditUnavailable
from jobs.registry.models import Conductor, Job
from jobs.terms import Outcome, RecordKind
from tests.actions.records import attempts, kinds_of, records
from tests.actions.scripted import (
    Manner,
    ScriptedConductor,
    answering,
    babbling,
    closing,
    closing_after_doing,
    refusing,
)

pause = async_to_sync(actions.pause)


def attempt(job: Job, actor: User, origin: Origin) -> ActionResult:
    return pause(actor=actor, job=job, origin=origin)


def test_conductor_that_is_down_means_failed_and_nothing_sent(
    running: Job, conductor: Conductor, operator: User, origin: Origin
) -> None:
    conductor.socket_path += ".gone"
    running.conductor = conductor
    result = attempt(running, operator, origin)
    assert (result.outcome, kinds_of(result)) == (Outcome.FAILED, ["intent", "outcome"])
    assert "not running" in result.message
    assert "Nothing was sent" in result.message


@pytest.mark.parametrize("manner", [closing, closing_after_doing, babbling])
def test_no_answer_after_the_write_is_unknown_and_never_sent_again(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, manner: Manner
) -> None:
    scripted.manners["job.pause"] = manner
    result = attempt(running, operator, origin)
    assert result.outcome is Outcome.UNKNOWN
    assert result.message.count("The request may have arrived.") == 1
    assert len(scripted.asked("job.pause")) == 1


@pytest.mark.parametrize("manner", [closing, babbling, refusing(wire.INTERNAL, "broke")])
def test_list_that_cannot_be_read_stops_the_change_before_it_is_sent(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, manner: Manner
) -> None:
    scripted.manners["job.list"] = manner
    assert attempt(running, operator, origin).outcome is Outcome.FAILED
    assert scripted.asked("job.pause") == []


@pytest.mark.parametrize(
    ("manner", "outcome"),
    [
        (refusing(wire.SHUTTING_DOWN, "shutting down"), Outcome.REFUSED),
        (refusing(wire.METHOD_NOT_FOUND, "Method not found: job.pause"), Outcome.REFUSED),
        (refusing(wire.INTERNAL, "broke in the middle"), Outcome.UNKNOWN),
        (answering({"paused": "perhaps"}), Outcome.UNKNOWN),
        (answering(None), Outcome.UNKNOWN),
    ],
)
def test_error_is_recorded_as_what_it_proves(
    running: Job,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    manner: Manner,
    outcome: Outcome,
) -> None:
    scripted.manners["job.pause"] = manner
    assert attempt(running, operator, origin).outcome is outcome


def test_intent_that_cannot_be_written_sends_nothing(
    running: Job,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full(*_: object, **__: object) -> object:
        raise AuditUnavailable("no space left on device")

    monkeypatch.setattr(audit, "aappend", full)
    with pytest.raises(AuditUnavailable):
        attempt(running, operator, origin)
    assert scripted.requests == []


def test_outcome_that_cannot_be_written_is_told_and_stays_open(
    running: Job,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = audit.aappend

    async def full_after_the_intent(draft: Draft, **rest: object) -> object:
        if draft.kind == RecordKind.OUTCOME:
            raise AuditUnavailable("no space left on device")
        return await real(draft, **rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(audit, "aappend", full_after_the_intent)
    result = attempt(running, operator, origin)
    assert result.outcome is Outcome.SUCCEEDED
    assert "could not be recorded" in result.message
    assert Action.objects.get(pk=result.id).outcome == "open"
    assert len(scripted.asked("job.pause")) == 1


@pytest.mark.vendor("sqlite")
def test_locked_database_sends_nothing(
    running: Job,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(appending, "WAIT_S", 0.3)
    with closing_at_end(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditUnavailable, match="locked"):
            attempt(running, operator, origin)
        other.rollback()
    assert scripted.requests == []
    assert attempt(running, operator, origin).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("times", [1, 3])
async def test_caller_that_hangs_up_leaves_a_whole_record(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, times: int
) -> None:
    gate = scripted.gate("job.pause")
    task = asyncio.create_task(actions.pause(actor=operator, job=running, origin=origin))
    await scripted.reached("job.pause")
    for _ in range(times):  # a server that waits for a request to end cancels it each second
        task.cancel()
        await asyncio.wait({task}, timeout=0.05)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    kinds = [record.kind async for record in records()]
    assert kinds == ["intent", "outcome"]


async def test_crash_between_intent_and_outcome_leaves_the_intent_open(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    gate = scripted.gate("job.pause")
    before = asyncio.all_tasks()
    task = asyncio.create_task(actions.pause(actor=operator, job=running, origin=origin))
    await scripted.reached("job.pause")
    for inner in asyncio.all_tasks() - before:  # what the end of a loop does
        inner.cancel()
    await asyncio.wait({task})
    gate.set()
    action = await attempts().aget()
    assert action.outcome == "open"
    assert action.deadline_at is not None
    assert action.deadline_at > timezone.now() - timedelta(seconds=1)
