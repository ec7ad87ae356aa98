"""Attempts without an answer, and what the conductor's state says of them later."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import actions
from jobs.actions import ActionResult, InlineScore, ScorePath
from jobs.actions import reconcile as reconciling
from jobs.actions.deadlines import ACTION_S, GIVE_UP_S
from jobs.actions.models import ScoreReplacement
from jobs.actions.refresh import learn, listing_now
from jobs.actions.running_scores import forget_over
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.errors import IdempotencyConflict
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import JobOrigin, Verdict
from tests.actions.fixtures import known
from tests.actions.lost import later, outcomes_lost, reconcile, unanswered, verdict_of
from tests.actions.records import attempts, intent_of, kinds_of, records
from tests.actions.scripted import (
    Manner,
    ScriptedConductor,
    answering,
    closing,
    closing_after_doing,
    score_text,
)
from tests.factories import make_user

give_up = async_to_sync(reconciling.give_up)
modify = async_to_sync(actions.modify)


def look(conductor: Conductor) -> None:
    """See the conductor's list, as the relay does every second."""
    seen = async_to_sync(listing_now)(client_for(conductor))
    async_to_sync(learn)(conductor, None, seen)


@pytest.fixture
def otto(transactional_db: None) -> User:
    """A colleague."""
    return make_user("operator", username="otto")


@pytest.mark.parametrize("verb", ["pause", "cancel"])
@pytest.mark.parametrize(
    ("manner", "verdict"),
    [(closing_after_doing, Verdict.HAPPENED), (closing, Verdict.DID_NOT_HAPPEN)],
)
def test_state_decides_about_an_unanswered_call(
    running: Job,
    conductor: Conductor,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    verb: str,
    manner: Any,
    verdict: str,
) -> None:
    result = unanswered(verb, manner, running, operator, origin, scripted)
    assert reconcile(conductor, now=later()) == 1
    assert verdict_of(result) == (verdict, False)
    assert kinds_of(result) == ["intent", "outcome", "reconciled"]
    assert len(scripted.asked(f"job.{verb}")) == 1


def test_nothing_is_judged_before_its_deadline_and_margin(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    unanswered("pause", closing, running, operator, origin, scripted)
    asked = len(scripted.requests)
    assert reconcile(conductor, now=timezone.now() + timedelta(seconds=ACTION_S)) == 0
    assert len(scripted.requests) == asked  # nothing to judge, so the conductor is left alone


def test_attempt_is_judged_once(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result = unanswered("pause", closing, running, operator, origin, scripted)
    assert [reconcile(conductor, now=later()) for _ in range(2)] == [1, 0]
    assert kinds_of(result).count("reconciled") == 1


async def test_two_relays_at_once_write_one_verdict(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.pause"] = closing
    await actions.pause(actor=operator, job=running, origin=origin)
    judged = await asyncio.gather(
        *(actions.reconcile_open(conductor, now=later()) for _ in range(3))
    )
    assert sum(judged) == 1
    assert await records().filter(kind="reconciled").acount() == 1


def test_conductor_that_is_down_proves_nothing(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result = unanswered("pause", closing, running, operator, origin, scripted)
    conductor.socket_path += ".gone"
    assert reconcile(conductor, now=later()) == 0
    assert verdict_of(result) == ("", False)


def test_refused_and_finished_attempts_are_left_alone(
    running: Job, conductor: Conductor, operator: User, origin: Origin
) -> None:
    pause = async_to_sync(actions.pause)
    for _ in range(2):
        pause(actor=operator, job=running, origin=origin)
    assert reconcile(conductor, now=later()) == 0


async def test_intent_of_a_crashed_process_is_closed(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    gate = scripted.gate("job.pause")
    before = asyncio.all_tasks()
    task = asyncio.create_task(actions.pause(actor=operator, job=running, origin=origin))
    await scripted.reached("job.pause")
    for inner in asyncio.all_tasks() - before:
        inner.cancel()
    await asyncio.wait({task})
    gate.set()
    await actions.reconcile_open(conductor, now=later())
    action = await attempts().aget()
    assert action.verdict in {Verdict.HAPPENED, Verdict.DID_NOT_HAPPEN}
    assert action.outcome == "unknown"


def test_submit_that_arrived_becomes_the_submitters_run(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.submit"] = closing_after_doing
    result = async_to_sync(actions.submit)(
        actor=operator, origin=origin, source=InlineScore(score_text()), conductor=conductor
    )
    reconcile(conductor, now=later())
    job = Job.objects.get()
    assert verdict_of(result) == (Verdict.HAPPENED, False)
    assert (job.origin, job.submitted_by) == (JobOrigin.CONSOLE, operator)
    assert Action.objects.get(pk=result.id).job_pk == job.pk


def submitted_into_silence(
    conductor: Conductor, actor: User, origin: Origin, scripted: ScriptedConductor, manner: Any
) -> tuple[ActionResult, Path]:
    """A submit without an answer, and the file that was written for it."""
    scripted.manners["job.submit"] = manner
    result = async_to_sync(actions.submit)(
        actor=actor, origin=origin, source=InlineScore(score_text()), conductor=conductor
    )
    [params] = scripted.asked("job.submit")
    return result, Path(params["config_path"])


def test_submit_without_any_trace_cannot_be_known(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, file = submitted_into_silence(conductor, operator, origin, scripted, closing)
    assert file.exists()
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.CANNOT_BE_KNOWN, True)


def test_submit_whose_file_is_out_of_sight_is_found_in_the_list(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, file = submitted_into_silence(
        conductor, operator, origin, scripted, closing_after_doing
    )
    file.unlink()
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.HAPPENED, False)


def test_submit_whose_run_was_seen_and_cleared_happened(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, _ = submitted_into_silence(conductor, operator, origin, scripted, closing_after_doing)
    look(conductor)
    scripted.rows.clear()
    reconcile(conductor, now=later())
    job = Job.objects.get()
    assert verdict_of(result) == (Verdict.HAPPENED, False)
    assert (job.submitted_by, job.gone_at is not None) == (operator, True)
    assert Action.objects.get(pk=result.id).job_pk == job.pk


def test_submit_whose_file_was_never_written_did_not_happen(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    with outcomes_lost():
        result, file = submitted_into_silence(conductor, operator, origin, scripted, closing)
    file.unlink()
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.DID_NOT_HAPPEN, False)


def test_submit_that_was_sent_is_not_judged_by_a_file_that_is_no_longer_there(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, file = submitted_into_silence(conductor, operator, origin, scripted, closing)
    file.unlink()
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.CANNOT_BE_KNOWN, True)


def much_later() -> datetime:
    return later() + timedelta(seconds=GIVE_UP_S)


@pytest.fixture
def unheard(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> ActionResult:
    """A pause without an answer, on a conductor that is down since."""
    result = unanswered("pause", closing, running, operator, origin, scripted)
    Conductor.objects.update(is_reachable=False)
    return result


def test_conductor_that_stays_down_leaves_the_conclusion_to_a_person(
    unheard: ActionResult,
) -> None:
    assert [give_up(now=later()), give_up(now=much_later())] == [0, 1]
    assert verdict_of(unheard) == (Verdict.CANNOT_BE_KNOWN, True)
    assert kinds_of(unheard) == ["intent", "outcome", "reconciled"]


def test_conductor_that_answers_is_judged_by_its_answers_alone(unheard: ActionResult) -> None:
    Conductor.objects.update(is_reachable=True)
    assert give_up(now=much_later()) == 0


def test_nobody_waits_for_a_disabled_conductor(unheard: ActionResult) -> None:
    Conductor.objects.update(is_enabled=False, is_reachable=True)
    assert give_up(now=later()) == 1
    assert verdict_of(unheard) == (Verdict.CANNOT_BE_KNOWN, True)


def test_key_of_an_attempt_that_was_given_up_has_an_answer(
    running: Job, operator: User, origin: Origin
) -> None:
    cancel = async_to_sync(actions.cancel)
    with outcomes_lost():
        cancel(actor=operator, job=running, origin=origin, key="k1")
    Conductor.objects.update(is_enabled=False)
    with pytest.raises(IdempotencyConflict):
        cancel(actor=operator, job=running, origin=origin, key="k1")
    give_up(now=later())
    again = cancel(actor=operator, job=running, origin=origin, key="k1")
    assert (again.outcome, again.verdict) == ("unknown", Verdict.HAPPENED)


def test_run_that_was_seen_counts_although_its_conductor_is_down(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, _ = submitted_into_silence(conductor, operator, origin, scripted, closing_after_doing)
    look(conductor)
    Conductor.objects.update(is_enabled=False)
    give_up(now=later())
    assert verdict_of(result) == (Verdict.HAPPENED, False)
    assert Job.objects.get().submitted_by == operator


@pytest.mark.parametrize("seen", [None, "as it was"])
@pytest.mark.parametrize(("verb", "status"), [("pause", "paused"), ("cancel", "cancelled")])
def test_state_that_was_there_before_proves_nothing(
    conductor: Conductor,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    verb: str,
    status: str,
    seen: str | None,
) -> None:
    job = known(conductor, scripted, status)
    act = async_to_sync(getattr(actions, verb))
    with outcomes_lost():
        result = act(actor=operator, job=job, origin=origin, seen=seen and status)
    reconcile(conductor, now=later())
    assert (result.outcome, verdict_of(result)) == ("refused", (Verdict.CANNOT_BE_KNOWN, True))


def test_clear_of_what_had_left_before_cannot_be_known(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "completed")
    scripted.rows.clear()
    look(conductor)
    with outcomes_lost():
        result = async_to_sync(actions.clear)(actor=operator, job=job, origin=origin)
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.CANNOT_BE_KNOWN, True)


def test_first_start_is_not_taken_for_a_resume(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "pending")
    Job.objects.update(started_at=None)
    scripted.rows["nightly"]["started_at"] = None
    with outcomes_lost():
        result = async_to_sync(actions.resume)(actor=operator, job=job, origin=origin)
    scripted.rows["nightly"] |= {"status": "running", "started_at": later().timestamp()}
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.CANNOT_BE_KNOWN, True)


@pytest.mark.parametrize(
    ("verb", "status"),
    [("pause", "running"), ("cancel", "running"), ("clear", "completed"), ("resume", "failed")],
)
def test_what_another_attempt_brought_about_is_not_this_one_s(
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
    verb: str,
    status: str,
) -> None:
    job = known(conductor, scripted, status)
    lost = unanswered(verb, closing, job, otto, origin, scripted)
    done = async_to_sync(getattr(actions, verb))(actor=operator, job=job, origin=origin)
    reconcile(conductor, now=later())
    assert (done.outcome, verdict_of(lost)) == ("succeeded", (Verdict.CANNOT_BE_KNOWN, True))
    assert f"attempt {done.id} may have" in Action.objects.get(pk=lost.id).message


def test_of_two_lost_attempts_neither_is_told_to_have_done_it(
    running: Job,
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
) -> None:
    lost = [
        unanswered("pause", manner, running, actor, origin, scripted)
        for manner, actor in ((closing, otto), (closing_after_doing, operator))
    ]
    reconcile(conductor, now=later())
    assert {verdict_of(result)[0] for result in lost} == {Verdict.CANNOT_BE_KNOWN}


def test_lost_attempt_that_may_have_arrived_late_counts_as_another(
    running: Job,
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
) -> None:
    unanswered("pause", closing, running, otto, origin, scripted)
    Action.objects.update(concluded_at=timezone.now() - timedelta(minutes=1))
    lost = unanswered("pause", closing_after_doing, running, operator, origin, scripted)
    reconcile(conductor, now=later())
    assert verdict_of(lost) == (Verdict.CANNOT_BE_KNOWN, True)


@pytest.mark.parametrize(
    ("waits", "verdict"), [(True, Verdict.CANNOT_BE_KNOWN), (False, Verdict.HAPPENED)]
)
def test_score_that_waited_to_be_taken_may_have_paused_the_run(
    running: Job,
    conductor: Conductor,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    waits: bool,
    verdict: Verdict,
) -> None:
    scripted.manners["job.modify"] = answering({"job_id": "nightly", "status": "accepted"})
    modify(actor=operator, job=running, origin=origin, source=InlineScore(score_text()))
    before = timezone.now() - timedelta(hours=1)
    Action.objects.update(concluded_at=before)
    ScoreReplacement.objects.update(adopted_at=None if waits else before)
    lost = unanswered("pause", closing, running, operator, origin, scripted)
    scripted.rows["nightly"]["status"] = "paused"
    reconcile(conductor, now=later())
    assert verdict_of(lost)[0] == verdict


def test_attempt_that_began_after_the_pause_was_seen_did_not_bring_it_about(
    running: Job,
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
) -> None:
    lost = unanswered("pause", closing_after_doing, running, otto, origin, scripted)
    look(conductor)
    for verb in ("resume", "pause"):
        async_to_sync(getattr(actions, verb))(actor=operator, job=running, origin=origin)
    Action.objects.exclude(pk=lost.id).update(started_at=later())
    reconcile(conductor, now=later())
    assert verdict_of(lost) == (Verdict.HAPPENED, False)


@pytest.mark.parametrize(
    ("is_seen", "verdict"), [(True, Verdict.HAPPENED), (False, Verdict.CANNOT_BE_KNOWN)]
)
def test_cancel_that_a_resume_covered_is_known_by_its_event_alone(
    running: Job,
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
    is_seen: bool,
    verdict: Verdict,
) -> None:
    lost = unanswered("cancel", closing_after_doing, running, otto, origin, scripted)
    if is_seen:
        look(conductor)
    async_to_sync(actions.resume)(actor=operator, job=running, origin=origin)
    reconcile(conductor, now=later())
    assert verdict_of(lost)[0] == verdict


@pytest.mark.parametrize(
    ("manner", "verdict"),
    [(closing, Verdict.CANNOT_BE_KNOWN), (closing_after_doing, Verdict.HAPPENED)],
)
def test_run_that_another_submitted_by_the_same_path_is_theirs(
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
    folders: Path,
    manner: Manner,
    verdict: Verdict,
) -> None:
    file = folders / "scores" / "nightly.yaml"
    file.write_text(score_text())
    ask: dict[str, Any] = {
        "origin": origin,
        "source": ScorePath(str(file)),
        "conductor": conductor,
        "workspace": str(folders / "workspaces" / "nightly"),
    }
    submit = async_to_sync(actions.submit)
    scripted.manners["job.submit"] = manner
    lost = submit(actor=otto, **ask)
    scripted.manners.clear()
    if scripted.rows:
        look(conductor)
        scripted.rows.clear()
        look(conductor)
    done = submit(actor=operator, **ask)
    reconcile(conductor, now=later())
    assert (done.outcome, verdict_of(lost)[0]) == ("succeeded", verdict)
    assert Job.objects.get(gone_at=None).submitted_by == operator


@pytest.mark.parametrize(
    ("is_seen", "verdict"), [(True, Verdict.HAPPENED), (False, Verdict.CANNOT_BE_KNOWN)]
)
def test_score_that_a_later_one_replaced_is_judged_by_the_record_that_names_it(
    conductor: Conductor,
    operator: User,
    otto: User,
    origin: Origin,
    scripted: ScriptedConductor,
    is_seen: bool,
    verdict: Verdict,
) -> None:
    job = known(conductor, scripted, "failed")
    ask: dict[str, Any] = {"job": job, "origin": origin}
    scripted.manners["job.modify"] = closing_after_doing
    lost = modify(actor=otto, source=InlineScore(score_text()), **ask)
    del scripted.manners["job.modify"]
    scripted.rows["nightly"]["status"] = "failed"
    if is_seen:
        look(conductor)
    job.refresh_from_db()
    done = modify(actor=operator, source=InlineScore(score_text(description="x")), **ask)
    scripted.rows["nightly"]["status"] = "failed"
    reconcile(conductor, now=later())
    named = intent_of(done).arguments["running_config_path"]
    assert (named == intent_of(lost).arguments["config_path"], done.outcome) == (
        is_seen,
        "succeeded",
    )
    assert verdict_of(lost)[0] == verdict


def test_score_that_was_in_use_is_not_told_as_never_used_when_its_run_ends(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    ask: dict[str, Any] = {"actor": operator, "origin": origin}
    scripted.manners["job.modify"] = closing_after_doing
    lost = modify(job=job, source=InlineScore(score_text()), **ask)
    del scripted.manners["job.modify"]
    look(conductor)
    job.refresh_from_db()
    modify(job=job, source=InlineScore(score_text(description="x")), **ask)
    reconcile(conductor, now=later())
    Job.objects.update(status="failed", moved_at=later())
    forget_over(conductor)
    assert kinds_of(lost) == ["intent", "outcome", "reconciled"]
    assert ScoreReplacement.objects.filter(adopted_at=None).count() == 0
