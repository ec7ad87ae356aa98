"""Attempts without an answer, and what the conductor's state says of them later."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from jobs import actions, audit
from jobs.actions import ActionResult, InlineScore, UnfitText
from jobs.actions import reconcile as reconciling
from jobs.actions.deadlines import ACTION_S, GIVE_UP_S, RECONCILE_MARGIN_S
from jobs.actions.refresh import learn, listing_now
from jobs.audit import Draft, Origin
from jobs.audit.models import Action
from jobs.errors import AccessDenied, AuditUnavailable, IdempotencyConflict
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import JobOrigin, Verdict
from tests.actions.records import attempts, kinds_of, records
from tests.actions.scripted import ScriptedConductor, closing, closing_after_doing, score_text
from tests.factories import make_user

reconcile = async_to_sync(actions.reconcile_open)
give_up = async_to_sync(reconciling.give_up)
settle = async_to_sync(actions.settle)


def later() -> datetime:
    return timezone.now() + timedelta(seconds=ACTION_S + RECONCILE_MARGIN_S + 1)


def unanswered(
    verb: str, manner: Any, job: Job, actor: User, origin: Origin, scripted: ScriptedConductor
) -> ActionResult:
    scripted.manners[f"job.{verb}"] = manner
    act = async_to_sync(getattr(actions, verb))
    return act(actor=actor, job=job, origin=origin)  # type: ignore[no-any-return]


def verdict_of(result: ActionResult) -> tuple[str, bool]:
    action = Action.objects.get(pk=result.id)
    return action.verdict, action.needs_attention


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
    look = async_to_sync(listing_now)(client_for(conductor))
    async_to_sync(learn)(conductor, None, look)
    scripted.rows.clear()
    reconcile(conductor, now=later())
    job = Job.objects.get()
    assert verdict_of(result) == (Verdict.HAPPENED, False)
    assert (job.submitted_by, job.gone_at is not None) == (operator, True)
    assert Action.objects.get(pk=result.id).job_pk == job.pk


def test_submit_whose_file_was_never_written_did_not_happen(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, file = submitted_into_silence(conductor, operator, origin, scripted, closing)
    file.unlink()
    reconcile(conductor, now=later())
    assert verdict_of(result) == (Verdict.DID_NOT_HAPPEN, False)


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
    running: Job, operator: User, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = audit.aappend

    async def full_after_the_intent(draft: Draft, **rest: object) -> object:
        if draft.kind == "outcome":
            raise AuditUnavailable("no space left on device")
        return await real(draft, **rest)  # type: ignore[arg-type]  # passed on as it came

    cancel = async_to_sync(actions.cancel)
    with monkeypatch.context() as bad_times:
        bad_times.setattr(audit, "aappend", full_after_the_intent)
        cancel(actor=operator, job=running, origin=origin, key="k1")
    Conductor.objects.update(is_enabled=False)
    with pytest.raises(IdempotencyConflict):
        cancel(actor=operator, job=running, origin=origin, key="k1")
    give_up(now=later())
    again = cancel(actor=operator, job=running, origin=origin, key="k1")
    assert (again.outcome, again.verdict) == ("unknown", Verdict.CANNOT_BE_KNOWN)


def test_run_that_was_seen_counts_although_its_conductor_is_down(
    conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result, _ = submitted_into_silence(conductor, operator, origin, scripted, closing_after_doing)
    async_to_sync(learn)(conductor, None, async_to_sync(listing_now)(client_for(conductor)))
    Conductor.objects.update(is_enabled=False)
    give_up(now=later())
    assert verdict_of(result) == (Verdict.HAPPENED, False)
    assert Job.objects.get().submitted_by == operator


def test_person_need_not_wait_for_the_verdict(
    unheard: ActionResult, operator: User, origin: Origin
) -> None:
    action = Action.objects.get(pk=unheard.id)
    settle(
        actor=operator,
        action=action,
        conclusion=Verdict.DID_NOT_HAPPEN,
        reason="it still runs",
        origin=origin,
    )
    assert verdict_of(unheard) == (Verdict.DID_NOT_HAPPEN, False)
    assert give_up(now=much_later()) == 0


def test_attempt_that_may_still_be_answered_cannot_be_settled() -> None:
    running = Action(verb="pause", outcome="open", deadline_at=timezone.now())
    known = Action(verb="pause", outcome="refused", deadline_at=timezone.now())
    abandoned = Action(verb="pause", outcome="open", deadline_at=timezone.now() - timedelta(1))
    assert [actions.may_be_settled(a) for a in (running, known, abandoned)] == [False, False, True]


@pytest.fixture
def undecided(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> Action:
    """An attempt that cannot be known: the run has gone."""
    result = unanswered("cancel", closing, running, operator, origin, scripted)
    scripted.rows.clear()
    reconcile(conductor, now=later())
    return Action.objects.get(pk=result.id)


def test_what_cannot_be_known_waits_for_a_person(undecided: Action) -> None:
    assert (undecided.verdict, undecided.needs_attention) == (Verdict.CANNOT_BE_KNOWN, True)


def test_person_settles_it_with_a_reason(undecided: Action, operator: User, origin: Origin) -> None:
    result = settle(
        actor=operator,
        action=undecided,
        conclusion=Verdict.HAPPENED,
        reason="the log says so",
        origin=origin,
    )
    assert (result.verdict, kinds_of(result)[-1]) == (Verdict.HAPPENED, "settled")
    undecided.refresh_from_db()
    assert not undecided.needs_attention


def test_second_person_finds_it_settled(undecided: Action, operator: User, origin: Origin) -> None:
    ask: dict[str, Any] = {"actor": operator, "action": undecided, "origin": origin}
    settle(**ask, conclusion=Verdict.HAPPENED, reason="the log")
    with pytest.raises(UnfitText):
        settle(**ask, conclusion=Verdict.DID_NOT_HAPPEN, reason="a hunch")


@pytest.mark.parametrize(
    ("conclusion", "reason"), [(Verdict.HAPPENED, " "), (Verdict.CANNOT_BE_KNOWN, "because")]
)
def test_conclusion_without_reason_or_meaning_is_not_recorded(
    undecided: Action, operator: User, origin: Origin, conclusion: Verdict, reason: str
) -> None:
    with pytest.raises(UnfitText):
        settle(
            actor=operator, action=undecided, conclusion=conclusion, reason=reason, origin=origin
        )
    assert records().filter(kind="settled").count() == 0


def test_viewer_may_not_settle_and_the_attempt_stays_as_it_is(
    undecided: Action, viewer: User, origin: Origin
) -> None:
    with pytest.raises(AccessDenied):
        settle(
            actor=viewer,
            action=undecided,
            conclusion=Verdict.HAPPENED,
            reason="I think",
            origin=origin,
        )
    undecided.refresh_from_db()
    assert (undecided.outcome, undecided.needs_attention) == ("unknown", True)
    assert Action.objects.filter(verb="settle", outcome="denied").count() == 1


def test_submit_on_a_conductor_that_is_hidden_may_not_be_settled(
    conductor: Conductor, origin: Origin, operator: User, scripted: ScriptedConductor
) -> None:
    result, _ = submitted_into_silence(conductor, operator, origin, scripted, closing)
    submitter = make_user("nobody")
    submitter.user_permissions.add(Permission.objects.get(codename="submit_job"))
    with pytest.raises(AccessDenied):
        settle(
            actor=User.objects.get(pk=submitter.pk),
            action=Action.objects.get(pk=result.id),
            conclusion=Verdict.HAPPENED,
            reason="I think",
            origin=origin,
        )
