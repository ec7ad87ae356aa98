"""What a person concludes of attempts that nobody answered, and contradicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from jobs import actions
from jobs.actions import ActionResult, InlineScore, UnfitText
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.errors import AccessDenied
from jobs.registry.models import Conductor, Job
from jobs.terms import Verdict
from tests.actions.lost import later, reconcile, unanswered, verdict_of
from tests.actions.records import kinds_of, records
from tests.actions.scripted import (
    ScriptedConductor,
    answering,
    closing,
    closing_after_doing,
    score_text,
)
from tests.factories import make_user

Settle = Callable[..., ActionResult]


@pytest.fixture
def settle(origin: Origin) -> Settle:
    """Concludes as a person does: `settle(person, action, conclusion, reason)`."""

    def concluded(
        actor: User, action: Action, conclusion: Verdict, reason: str, **seen: Any
    ) -> ActionResult:
        return async_to_sync(actions.settle)(
            actor=actor, action=action, conclusion=conclusion, reason=reason, origin=origin, **seen
        )

    return concluded


def test_person_need_not_wait_for_the_verdict(
    running: Job,
    conductor: Conductor,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    settle: Settle,
) -> None:
    result = unanswered("pause", closing, running, operator, origin, scripted)
    action = Action.objects.get(pk=result.id)
    settle(operator, action, Verdict.DID_NOT_HAPPEN, "it still runs")
    assert verdict_of(result) == (Verdict.DID_NOT_HAPPEN, False)
    assert reconcile(conductor, now=later()) == 0


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


def test_person_settles_it_with_a_reason(undecided: Action, operator: User, settle: Settle) -> None:
    result = settle(operator, undecided, Verdict.HAPPENED, "the log says so")
    assert (result.verdict, kinds_of(result)[-1]) == (Verdict.HAPPENED, "settled")
    undecided.refresh_from_db()
    assert not undecided.needs_attention


@pytest.fixture
def judged(
    running: Job, conductor: Conductor, operator: User, origin: Origin, scripted: ScriptedConductor
) -> Action:
    """An attempt of which the relay concluded that it happened."""
    result = unanswered("pause", closing_after_doing, running, operator, origin, scripted)
    reconcile(conductor, now=later())
    return Action.objects.get(pk=result.id)


def conclusions_of(action: Action) -> list[tuple[str, str]]:
    found = records().filter(action_id=action.action_id, kind__in=("reconciled", "settled"))
    return [(record.kind, record.outcome) for record in found]


def test_verdict_of_the_relay_is_contradicted_by_a_further_record(
    judged: Action, operator: User, settle: Settle
) -> None:
    [relays] = records().filter(kind="reconciled")
    result = settle(operator, judged, Verdict.DID_NOT_HAPPEN, "a cron job paused it")
    assert (result.verdict, conclusions_of(judged)) == (
        Verdict.DID_NOT_HAPPEN,
        [("reconciled", Verdict.HAPPENED), ("settled", Verdict.DID_NOT_HAPPEN)],
    )
    told = records().get(kind="settled")
    assert (told.arguments, told.reason) == ({"contradicts": relays.n}, "a cron job paused it")
    assert "Until then it was: happened." in told.message


def test_conclusion_of_a_person_may_be_contradicted_as_often_as_need_be(
    undecided: Action, operator: User, settle: Settle
) -> None:
    said = [Verdict.HAPPENED, Verdict.DID_NOT_HAPPEN, Verdict.HAPPENED]
    for conclusion in said:
        settle(make_user("operator"), undecided, conclusion, "I looked")
    assert [outcome for _, outcome in conclusions_of(undecided)][1:] == said
    undecided.refresh_from_db()
    assert (undecided.verdict, undecided.needs_attention) == (Verdict.HAPPENED, False)


@pytest.mark.parametrize("reason", ["", " "])
def test_contradiction_needs_a_reason(
    judged: Action, operator: User, settle: Settle, reason: str
) -> None:
    with pytest.raises(UnfitText, match="concluded from"):
        settle(operator, judged, Verdict.DID_NOT_HAPPEN, reason)


def test_what_is_concluded_already_is_not_recorded_again(
    judged: Action, operator: User, settle: Settle
) -> None:
    with pytest.raises(UnfitText, match="already"):
        settle(operator, judged, Verdict.HAPPENED, "so it is")


def test_second_person_who_did_not_see_the_conclusion_is_told_of_it(
    undecided: Action, operator: User, settle: Settle
) -> None:
    settle(operator, undecided, Verdict.HAPPENED, "the log", seen=Verdict.CANNOT_BE_KNOWN)
    with pytest.raises(UnfitText, match="in the meantime: happened"):
        settle(operator, undecided, Verdict.DID_NOT_HAPPEN, "a hunch", seen=Verdict.CANNOT_BE_KNOWN)
    assert len(conclusions_of(undecided)) == 2


@pytest.mark.parametrize("fixture", ["undecided", "judged"])
async def test_of_two_persons_at_once_one_concludes(
    request: pytest.FixtureRequest, operator: User, origin: Origin, fixture: str
) -> None:
    action = await sync_to_async(request.getfixturevalue)(fixture)
    outcomes = await asyncio.gather(
        *(
            actions.settle(
                actor=operator,
                action=action,
                conclusion=Verdict.DID_NOT_HAPPEN,
                reason="the log",
                origin=origin,
            )
            for _ in range(3)
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == [
        "ActionResult",
        "UnfitText",
        "UnfitText",
    ]
    assert await records().filter(kind="settled").acount() == 1


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_answer_of_the_conductor_itself_may_not_be_contradicted(
    running: Job,
    operator: User,
    origin: Origin,
    scripted: ScriptedConductor,
    verb: str,
    settle: Settle,
) -> None:
    refused = answering({"paused": False, "error": "no", "cancelled": False})
    for manner in (refused, None):
        scripted.manners |= {f"job.{verb}": manner} if manner else {}
        act = async_to_sync(getattr(actions, verb))
        result = act(actor=operator, job=running, origin=origin)
        scripted.manners.clear()
        with pytest.raises(UnfitText, match="does not wait"):
            settle(operator, Action.objects.get(pk=result.id), Verdict.HAPPENED, "I think")


def test_viewer_may_not_contradict(judged: Action, viewer: User, settle: Settle) -> None:
    with pytest.raises(AccessDenied):
        settle(viewer, judged, Verdict.DID_NOT_HAPPEN, "I think")
    judged.refresh_from_db()
    assert judged.verdict == Verdict.HAPPENED


@pytest.mark.parametrize(
    ("conclusion", "reason"), [(Verdict.HAPPENED, " "), (Verdict.CANNOT_BE_KNOWN, "because")]
)
def test_conclusion_without_reason_or_meaning_is_not_recorded(
    undecided: Action, operator: User, settle: Settle, conclusion: Verdict, reason: str
) -> None:
    with pytest.raises(UnfitText):
        settle(operator, undecided, conclusion, reason)
    assert records().filter(kind="settled").count() == 0


@pytest.mark.parametrize("reason", ["", "x" * 2_001])
def test_viewer_may_not_settle_whatever_the_reason(
    undecided: Action, viewer: User, settle: Settle, reason: str
) -> None:
    with pytest.raises(AccessDenied):
        settle(viewer, undecided, Verdict.CANNOT_BE_KNOWN, reason)
    denied = records().get(kind="denied")
    assert (denied.verb, denied.reason[:9]) == ("settle", reason[:9])


def test_viewer_may_not_settle_and_the_attempt_stays_as_it_is(
    undecided: Action, viewer: User, settle: Settle
) -> None:
    with pytest.raises(AccessDenied):
        settle(viewer, undecided, Verdict.HAPPENED, "I think")
    undecided.refresh_from_db()
    assert (undecided.outcome, undecided.needs_attention) == ("unknown", True)
    assert Action.objects.filter(verb="settle", outcome="denied").count() == 1


def test_submit_on_a_conductor_that_is_hidden_may_not_be_settled(
    conductor: Conductor,
    origin: Origin,
    operator: User,
    scripted: ScriptedConductor,
    settle: Settle,
) -> None:
    scripted.manners["job.submit"] = closing
    result = async_to_sync(actions.submit)(
        actor=operator, origin=origin, source=InlineScore(score_text()), conductor=conductor
    )
    submitter = make_user("nobody")
    submitter.user_permissions.add(Permission.objects.get(codename="submit_job"))
    with pytest.raises(AccessDenied):
        settle(
            User.objects.get(pk=submitter.pk),
            Action.objects.get(pk=result.id),
            Verdict.HAPPENED,
            "I think",
        )
