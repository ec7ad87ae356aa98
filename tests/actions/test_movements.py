"""Who is told to have moved a run."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import actions
from jobs.actions import ActionResult
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.registry.models import Job
from jobs.terms import Verdict
from tests.actions.lost import unanswered
from tests.actions.scripted import ScriptedConductor, closing
from tests.factories import make_user

pause = async_to_sync(actions.pause)


@pytest.fixture
def auditor(transactional_db: None) -> User:
    """Somebody who sees what everybody did."""
    return make_user("auditor", username="audra")


@pytest.fixture
def lost(running: Job, operator: User, origin: Origin, scripted: ScriptedConductor) -> ActionResult:
    """A pause whose answer never came."""
    return unanswered("pause", closing, running, operator, origin, scripted)


def movers(user: User, job: Job) -> list[int]:
    return [action.pk for action in actions.movements(user, job)]


@pytest.mark.parametrize("verdict", ["", Verdict.CANNOT_BE_KNOWN, Verdict.HAPPENED])
def test_attempt_that_may_have_moved_it_is_told_where_none_did(
    lost: ActionResult, running: Job, auditor: User, verdict: str
) -> None:
    Action.objects.update(verdict=verdict)
    assert movers(auditor, running) == [lost.id]


def test_attempt_that_did_not_happen_moved_nothing(
    lost: ActionResult, running: Job, auditor: User
) -> None:
    Action.objects.update(verdict=Verdict.DID_NOT_HAPPEN)
    assert movers(auditor, running) == []


@pytest.mark.parametrize("verdict", ["", Verdict.CANNOT_BE_KNOWN])
def test_where_another_moved_it_the_lost_attempt_is_told_to_its_own_person_too(
    lost: ActionResult,
    running: Job,
    operator: User,
    auditor: User,
    origin: Origin,
    verdict: str,
) -> None:
    Action.objects.update(verdict=verdict)
    done = pause(actor=make_user("operator", username="otto"), job=running, origin=origin)
    running.status = "paused"
    assert movers(auditor, running) == [done.id]
    assert movers(operator, running) == [done.id, lost.id]


@pytest.mark.parametrize(
    ("verb", "status", "is_told"),
    [
        ("pause", "paused", False),
        ("cancel", "paused", True),
        ("pause", "running", True),
        ("cancel", "cancelled", True),
        ("pause", "a new status", True),
    ],
)
def test_lost_attempt_after_a_known_one_is_told_unless_that_did_the_same_and_explains(
    running: Job,
    operator: User,
    auditor: User,
    origin: Origin,
    scripted: ScriptedConductor,
    verb: str,
    status: str,
    is_told: bool,
) -> None:
    ask: dict[str, Any] = {"actor": operator, "job": running, "origin": origin}
    done = pause(**ask)
    lost = unanswered(verb, closing, scripted=scripted, **ask)
    running.status = status
    assert movers(auditor, running) == ([lost.id] if is_told else []) + [done.id]


def attempt(job: Job, verb: str, outcome: str, actor: User | None = None) -> int:
    """One in the list, without records."""
    return Action.objects.create(
        action_id=uuid4(),
        verb=verb,
        actor_id=actor.pk if actor else None,
        actor_name=actor.get_username() if actor else "bob",
        channel="page",
        conductor=job.conductor.slug,
        job_id=job.job_id,
        outcome=outcome,
        started_at=timezone.now(),
    ).pk


@pytest.mark.parametrize(
    ("lost", "done", "status", "explains"),
    [
        ("cancel", "resume", "cancelled", False),  # carried out late
        ("cancel", "resume", "running", True),
        ("cancel", "resume", "completed", True),
        ("pause", "resume", "paused", False),
        ("resume", "pause", "running", False),
        ("resume", "pause", "paused_at_chain", True),
        ("pause", "cancel", "cancelled", True),
        ("pause", "modify", "paused", True),
        ("cancel", "modify", "cancelled", False),
        ("clear", "recover", "failed", True),
        ("pause", "resume", "a new status", False),
    ],
)
def test_later_success_explains_only_what_its_verb_leads_to(
    running: Job, auditor: User, lost: str, done: str, status: str, explains: bool
) -> None:
    unheard, later = attempt(running, lost, "unknown"), attempt(running, done, "succeeded")
    running.status = status
    assert movers(auditor, running) == [later] + ([] if explains else [unheard])


@pytest.mark.parametrize(
    ("lost", "done", "reason", "explains"),
    [
        ("cancel", "clear", "cleared", True),
        ("clear", "submit", "cleared", False),
        ("clear", "submit", "replaced", True),
        ("submit", "clear", "replaced", False),
    ],
)
def test_job_that_is_gone_is_explained_by_what_took_it_away(
    running: Job, auditor: User, lost: str, done: str, reason: str, explains: bool
) -> None:
    unheard, later = attempt(running, lost, "unknown"), attempt(running, done, "succeeded")
    running.gone_at, running.gone_reason = timezone.now(), reason
    assert movers(auditor, running) == [later] + ([] if explains else [unheard])


def test_ones_own_lost_attempt_is_told_however_many_came_later(
    running: Job, operator: User
) -> None:
    unheard = attempt(running, "cancel", "unknown", operator)
    later = [attempt(running, "resume", "succeeded", operator) for _ in range(4)]
    assert movers(operator, running) == [*later[:0:-1], unheard]
