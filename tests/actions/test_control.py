"""Pause, resume, cancel, clear: one click, its record, and the truth about it."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import transaction

from jobs import actions
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.errors import InsideTransaction
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job
from jobs.terms import Outcome
from tests.actions.fixtures import known
from tests.actions.records import intent_of, kinds_of, outcomes, records
from tests.actions.scripted import ScriptedConductor

pause = async_to_sync(actions.pause)
resume = async_to_sync(actions.resume)
cancel = async_to_sync(actions.cancel)
clear = async_to_sync(actions.clear)


def test_pause_is_recorded_before_and_after(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result = pause(actor=operator, job=running, origin=origin, reason="too hot in here")
    assert (result.outcome, kinds_of(result)) == (Outcome.SUCCEEDED, ["intent", "outcome"])
    intent = intent_of(result)
    assert (intent.reason, intent.actor_name, intent.ip) == (
        "too hot in here",
        "olga",
        "192.0.2.7",
    )
    assert intent.deadline_at is not None
    assert Action.objects.get(pk=result.id).job_pk == running.pk


def test_read_model_follows_the_conductor_and_an_event_tells_of_it(
    running: Job, operator: User, origin: Origin
) -> None:
    result = pause(actor=operator, job=running, origin=origin)
    assert result.job is not None
    assert result.job.status == "paused"
    assert "job.paused" in Event.objects.filter(job_pk=running.pk).values_list("event", flat=True)


def test_refused_pause_shows_the_conductors_own_words(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    job = known(conductor, scripted, "paused")
    result = pause(actor=operator, job=job, origin=origin)
    assert result.outcome is Outcome.REFUSED
    assert result.message == "Job 'nightly' is paused, not running"


def test_resume_is_accepted_from_paused(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    job = known(conductor, scripted, "paused")
    result = resume(actor=operator, job=job, origin=origin)
    assert (result.outcome, result.message) == (Outcome.SUCCEEDED, "Job resume queued")
    assert result.job is not None
    assert result.job.status == "running"


def test_cancel_of_a_finished_job_is_recorded_as_refused_with_what_podium_sees(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    job = known(conductor, scripted, "completed")
    result = cancel(actor=operator, job=job, origin=origin)
    assert result.outcome is Outcome.REFUSED
    assert "now completed" in result.message
    assert kinds_of(result) == ["intent", "outcome"]


def test_clear_leaves_podiums_history_with_its_reason(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    job = known(conductor, scripted, "completed")
    result = clear(actor=operator, job=job, origin=origin)
    assert result.outcome is Outcome.SUCCEEDED
    assert scripted.rows == {}
    job.refresh_from_db()
    assert job.gone_at is not None
    assert job.gone_reason == "cleared"


def test_clear_of_a_running_job_is_refused_and_explained(
    running: Job, operator: User, origin: Origin
) -> None:
    result = clear(actor=operator, job=running, origin=origin)
    assert result.outcome is Outcome.REFUSED
    assert "now running" in result.message


@pytest.mark.parametrize("act", [pause, resume, cancel, clear])
def test_denial_is_one_record_and_nothing_is_sent(
    running: Job, viewer: User, origin: Origin, scripted: ScriptedConductor, act: object
) -> None:
    assert callable(act)
    result = act(actor=viewer, job=running, origin=origin, reason="let me")
    assert (result.outcome, kinds_of(result)) == (Outcome.DENIED, ["denied"])
    assert scripted.requests == []
    assert Action.objects.get(pk=result.id).outcome == "denied"


def test_page_gone_stale_is_told_what_is_there_now(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    scripted.rows["nightly"]["status"] = "completed"
    result = pause(actor=operator, job=running, origin=origin, seen="running")
    assert result.outcome is Outcome.REFUSED
    assert "now completed; you saw it as running" in result.message
    assert scripted.asked("job.pause") == []
    assert result.job is not None
    assert result.job.status == "completed"


def test_later_run_of_the_name_is_never_touched(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    scripted.rows["nightly"]["submitted_at"] += 60
    result = cancel(actor=operator, job=running, origin=origin)
    assert result.outcome is Outcome.REFUSED
    assert "later run has the name" in result.message
    assert scripted.asked("job.cancel") == []


def test_run_that_the_conductor_lost_is_refused_by_podium(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    scripted.rows.clear()
    result = pause(actor=operator, job=running, origin=origin)
    assert "no longer has the job" in result.message
    assert scripted.asked("job.pause") == []


def test_action_inside_a_transaction_is_a_programming_error(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    with transaction.atomic(), pytest.raises(InsideTransaction):
        pause(actor=operator, job=running, origin=origin)
    assert (scripted.requests, records().count()) == ([], 0)


async def test_action_runs_on_an_event_loop_as_well(
    running: Job, operator: User, origin: Origin
) -> None:
    result = await actions.pause(actor=operator, job=running, origin=origin)
    assert result.outcome is Outcome.SUCCEEDED


def test_each_attempt_is_one_line_of_the_list(
    running: Job, operator: User, viewer: User, origin: Origin
) -> None:
    pause(actor=operator, job=running, origin=origin)
    pause(actor=operator, job=running, origin=origin)
    pause(actor=viewer, job=running, origin=origin)
    assert outcomes() == ["succeeded", "refused", "denied"]
