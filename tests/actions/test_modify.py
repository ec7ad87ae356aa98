"""Another score for a run: written once, and taken when the conductor says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection
from django.utils import timezone

from jobs import actions
from jobs.access import policy
from jobs.actions import InlineScore, reconcile_open
from jobs.actions.evidence import Open, weigh
from jobs.actions.judges import CHECKS
from jobs.actions.models import ScoreReplacement
from jobs.actions.running_scores import adopt, expect, forget_over
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.conductor.messages import JobRow
from jobs.errors import PodiumBusy, ScoreError
from jobs.management.run_scores import altered_runs
from jobs.management.score_texts import altered_texts
from jobs.registry.models import Conductor, Job, ScoreVersion
from jobs.registry.scores import kept_version
from jobs.terms import Outcome, Verb, Verdict
from tests.actions.fixtures import known
from tests.actions.judges import busy_judges, places_taken
from tests.actions.records import intent_of, kinds_of, records
from tests.actions.scripted import ScriptedConductor, answering, closing, score_text
from tests.factories import make_user

modify = async_to_sync(actions.modify)
NEW = score_text("new")


def test_new_score_is_a_file_of_its_own_that_has_the_jobs_name(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, folders: Path
) -> None:
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    assert result.outcome is Outcome.SUCCEEDED
    path = Path(scripted.asked("job.modify")[0]["config_path"])
    assert path == folders / "submissions" / result.action_id / "nightly.yaml"
    assert path.read_text() == NEW


def test_record_proves_which_text_it_was_and_never_holds_it(
    running: Job, operator: User, origin: Origin
) -> None:
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    intent = intent_of(result)
    assert intent.arguments["bytes"] == len(NEW)
    assert len(intent.arguments["sha256"]) == 64
    assert "echo" not in str(intent.arguments)


def test_modify_while_podium_is_busy_is_recorded_as_refused(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    with busy_judges(), pytest.raises(PodiumBusy):
        modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    record = records().get()
    assert (record.kind, record.verb, record.job_pk) == ("refused", "modify", running.pk)
    assert scripted.asked("job.modify") == []


def test_full_place_of_checks_holds_no_modify_back(
    running: Job, operator: User, origin: Origin
) -> None:
    with places_taken(CHECKS, CHECKS.slots.most):
        result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    assert result.outcome is Outcome.SUCCEEDED


def test_refused_score_leaves_neither_file_nor_expectation(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, folders: Path
) -> None:
    no = {"job_id": "nightly", "status": "rejected", "message": "not now"}
    scripted.manners["job.modify"] = answering(no)
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    assert (result.outcome, result.message) == (Outcome.REFUSED, "not now")
    assert list((folders / "submissions").iterdir()) == []
    assert not ScoreReplacement.objects.exists()


def test_version_follows_only_once_the_list_names_the_file(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    waits = {"job_id": "nightly", "status": "accepted", "message": "Will resume when paused."}
    scripted.manners["job.modify"] = answering(waits)
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    assert result.job is not None
    assert result.job.score_version is None
    assert actions.replacement_waiting(running) is not None
    path = scripted.asked("job.modify")[0]["config_path"]
    Job.objects.filter(pk=running.pk).update(config_path=path)
    assert adopt(running.conductor) == 1
    assert adopt(running.conductor) == 0
    running.refresh_from_db()
    assert running.score_version is not None
    assert running.score_version.text == NEW
    assert actions.replacement_waiting(running) is None
    assert not [*altered_texts(), *altered_runs()]


def taken(job: Job, actor: User) -> tuple[ScoreVersion, ScoreReplacement]:
    """The version that a run began with, and a new one whose file its conductor names by now."""
    first, new = (kept_version("nightly", text, actor) for text in (score_text("first"), NEW))
    Job.objects.filter(pk=job.pk).update(score_version=first, config_path="/new.yaml")
    expect(job, new, "/new.yaml", uuid4())
    return first, ScoreReplacement.objects.get()


def test_version_that_was_replaced_is_told_by_whoever_adopts_first(
    running: Job, operator: User
) -> None:
    first, replacement = taken(running, operator)
    Job.objects.filter(pk=running.pk).update(score_version=replacement.version)
    was_slower = False

    def told_before(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal was_slower
        if sql.startswith("UPDATE") and not was_slower:
            was_slower = True
            ScoreReplacement.objects.update(adopted_at=timezone.now(), replaced=first)
        return execute(sql, *rest)

    with connection.execute_wrapper(told_before):
        assert adopt(running.conductor) == 0
    replacement.refresh_from_db()
    assert (was_slower, replacement.replaced) == (True, first)


@pytest.mark.parametrize("table", ["jobs_job", "jobs_scorereplacement"])
def test_adoption_that_breaks_off_leaves_nothing_of_it(
    running: Job, operator: User, table: str
) -> None:
    first, replacement = taken(running, operator)

    def breaking(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(f'UPDATE "{table}"'):
            raise DatabaseError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(breaking), pytest.raises(DatabaseError):
        adopt(running.conductor)
    assert adopt(running.conductor) == 1
    replacement.refresh_from_db()
    running.refresh_from_db()
    assert (replacement.replaced, running.score_version) == (first, replacement.version)


def test_text_that_was_not_the_one_compared_with_sends_nothing(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result = modify(
        actor=operator, job=running, origin=origin, source=InlineScore(NEW), replaces="0" * 64
    )
    assert (result.outcome, result.is_stale) == (Outcome.REFUSED, True)
    assert scripted.asked("job.modify") == []


def test_unacceptable_score_is_one_record_and_may_be_tried_again_with_its_key(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    for _ in range(2):
        with pytest.raises(ScoreError):
            modify(
                actor=operator, job=running, origin=origin, source=InlineScore("odd: 1"), key="k"
            )
    assert {record.kind for record in records()} == {"refused"}
    assert scripted.requests == []


def test_whoever_may_only_control_may_not_bring_new_code(
    running: Job, origin: Origin, scripted: ScriptedConductor
) -> None:
    person = make_user("viewer", username="carl")
    person.user_permissions.add(Permission.objects.get(codename="control_job"))
    assert policy.may(person, Verb.PAUSE)
    assert not policy.may(person, Verb.MODIFY)
    result = modify(actor=person, job=running, origin=origin, source=InlineScore(NEW))
    assert (result.outcome, kinds_of(result)) == (Outcome.DENIED, ["denied"])
    assert scripted.requests == []


def test_lost_answer_is_unknown_and_judged_by_the_file_that_the_list_names(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.manners["job.modify"] = closing
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    assert result.outcome is Outcome.UNKNOWN
    scripted.rows["nightly"]["config_path"] = scripted.asked("job.modify")[0]["config_path"]
    later = timezone.now() + timedelta(hours=1)
    async_to_sync(reconcile_open)(conductor, now=later)
    assert Action.objects.get(pk=result.id).verdict == Verdict.HAPPENED
    async_to_sync(reconcile_open)(conductor, now=later)
    running.refresh_from_db()
    assert running.score_version is not None


def test_new_score_without_an_answer_is_not_told_as_accepted_and_forgotten_once_judged(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.manners["job.modify"] = closing
    modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    waiting = actions.replacement_waiting(running)
    assert waiting is not None
    assert not waiting.is_accepted
    scripted.rows["nightly"]["config_path"] = "/old.yaml"
    later = timezone.now() + timedelta(hours=1)
    async_to_sync(reconcile_open)(conductor, now=later)
    assert Action.objects.get(verb="modify").verdict == Verdict.DID_NOT_HAPPEN
    assert actions.replacement_waiting(running) is None
    assert forget_over(conductor) == 1
    assert not ScoreReplacement.objects.exists()


def test_new_score_is_forgotten_once_its_run_is_over(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, conductor: Conductor
) -> None:
    waits = {"job_id": "nightly", "status": "accepted", "message": "Will resume when paused."}
    scripted.manners["job.modify"] = answering(waits)
    modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    assert forget_over(conductor) == 0
    waiting = actions.replacement_waiting(running)
    assert waiting is not None
    assert waiting.is_accepted
    Job.objects.filter(pk=running.pk).update(status="cancelled", moved_at=timezone.now())
    assert forget_over(conductor) == 1


@pytest.mark.parametrize(
    ("status", "path", "verdict"),
    [
        ("running", "/new.yaml", Verdict.HAPPENED),
        ("paused", "/new.yaml", Verdict.HAPPENED),
        ("running", "/old.yaml", Verdict.DID_NOT_HAPPEN),
        ("paused", "/old.yaml", Verdict.CANNOT_BE_KNOWN),
        ("running", None, Verdict.CANNOT_BE_KNOWN),
    ],
)
def test_evidence_of_a_swap_is_the_file_alone(
    running: Job, status: str, path: str | None, verdict: Verdict
) -> None:
    row = JobRow.from_wire(
        {
            "job_id": "nightly",
            "status": status,
            "config_path": path,
            "submitted_at": running.submitted_at,
        }
    )
    attempt = Open(
        verb=Verb.MODIFY,
        intended_at=timezone.now(),
        job=running,
        job_id="nightly",
        config_path="/new.yaml",
    )
    assert weigh(attempt, [row]).verdict == verdict


def test_dry_run_without_an_answer_needs_nobodys_attention(
    conductor: Conductor, scripted: ScriptedConductor, operator: User, origin: Origin
) -> None:
    job = known(conductor, scripted, "failed")
    scripted.manners["job.recover"] = closing
    trial = async_to_sync(actions.try_recover)(actor=operator, job=job, origin=origin)
    assert (trial.result.outcome, trial.sheets) == (Outcome.UNKNOWN, None)
    later = timezone.now() + timedelta(hours=1)
    async_to_sync(reconcile_open)(conductor, now=later)
    action = Action.objects.get(pk=trial.result.id)
    assert (action.verdict, action.needs_attention) == (Verdict.DID_NOT_HAPPEN, False)


def test_accepted_score_that_never_came_into_use_is_recorded_once_and_stays_succeeded(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, conductor: Conductor
) -> None:
    waits = {"job_id": "nightly", "status": "accepted", "message": "Will resume when paused."}
    scripted.manners["job.modify"] = answering(waits)
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    Job.objects.filter(pk=running.pk).update(status="cancelled", moved_at=timezone.now())
    kept = ScoreReplacement.objects.get()
    assert forget_over(conductor) == 1
    asked_at = kept.asked_at
    kept.save(force_insert=True)  # as if it had ended before the note was taken away
    ScoreReplacement.objects.update(asked_at=asked_at)
    assert forget_over(conductor) == 1
    assert kinds_of(result) == ["intent", "outcome", "reconciled"]
    told = records().get(kind="reconciled")
    assert "never came into use: the job ended (cancelled)" in told.message
    action = Action.objects.get(pk=result.id)
    assert (action.outcome, action.verdict) == ("succeeded", "")


def test_lost_answer_without_a_verdict_is_left_to_be_judged_when_its_run_is_over(
    running: Job, operator: User, origin: Origin, scripted: ScriptedConductor, conductor: Conductor
) -> None:
    scripted.manners["job.modify"] = closing
    result = modify(actor=operator, job=running, origin=origin, source=InlineScore(NEW))
    Job.objects.filter(pk=running.pk).update(status="cancelled", moved_at=timezone.now())
    assert forget_over(conductor) == 1
    assert "reconciled" not in kinds_of(result)
