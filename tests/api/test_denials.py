"""What a program asked for in vain is recorded with what it was, and why."""

from __future__ import annotations

import pytest

from jobs.registry.models import Conductor, Job
from jobs.registry.scores import sha256_of
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor
from tests.api.caller import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def test_submit_without_any_right_says_what_was_to_be_run_and_why(nemo: Caller) -> None:
    body = {"score_content": "name: x", "name": "x2", "reason": "why not", "fresh": True}
    assert nemo.post("/jobs", body).status == 403
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("denied", "submit", "why not")
    assert record.arguments == {
        "score_sha256": sha256_of("name: x"),
        "name": "x2",
        "workspace": "",
        "start_sheet": 1,
        "self_healing": False,
        "fresh": True,
    }


def test_long_path_of_a_denied_submit_is_kept_within_bounds(nemo: Caller) -> None:
    assert nemo.post("/jobs", {"config_path": "/x" * 100_000}).status == 403
    assert len(records().get().arguments["config_path"]) <= 5_000


def test_modify_of_a_job_that_one_may_not_see_says_with_what(nemo: Caller, running: Job) -> None:
    body = {"score_content": "name: x", "reason": "let me"}
    assert nemo.post(f"/jobs/{running.pk}/modify", body).status == 404
    assert records().get().arguments == {
        "job": running.pk,
        "exists": True,
        "score_sha256": sha256_of("name: x"),
    }


@pytest.mark.parametrize("role", ["vera", "nemo"])
def test_denied_judgement_is_no_denied_submit(request: pytest.FixtureRequest, role: str) -> None:
    caller: Caller = request.getfixturevalue(role)
    assert caller.post("/scores/validate", {"score_content": "name: x"}).status == 403
    record = records().get()
    assert (record.kind, record.verb) == ("denied", "judge_score")
    assert record.arguments["score_sha256"] == sha256_of("name: x")


def test_batch_with_a_used_key_is_refused_with_what_was_asked_and_why(
    olga: Caller, running: Job
) -> None:
    first = {"verb": "pause", "jobs": [running.pk], "reason": "one"}
    assert olga.post("/batches", first, key="k-1").status == 202
    other = {"verb": "cancel", "jobs": [running.pk, 77], "reason": "two"}
    assert olga.post("/batches", other, key="k-1").status == 422
    refused = records().get(kind="refused")
    assert (refused.verb, refused.reason) == ("bulk cancel", "two")
    assert refused.arguments == {"count": 2, "jobs": [running.pk, 77], "idempotency_key": "k-1"}


@pytest.mark.parametrize("role", ["olga", "vera", "nemo"])
def test_reason_of_a_dry_run_is_recorded(
    request: pytest.FixtureRequest, role: str, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    caller: Caller = request.getfixturevalue(role)
    job = known(conductor, scripted, "failed")
    caller.post(f"/jobs/{job.pk}/recover/dry-run", {"reason": "to see"})
    assert records().filter(verb="try_recover")[0].reason == "to see"


def test_dry_run_of_a_job_that_was_seen_otherwise_is_refused(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    reply = olga.post(f"/jobs/{job.pk}/recover/dry-run", {"seen": "running"})
    assert (reply.status, scripted.asked("job.recover")) == (409, [])


def test_unknown_key_in_the_body_of_a_dry_run_is_422(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    assert olga.post(f"/jobs/{job.pk}/recover/dry-run", {"foo": 1}).status == 422
    assert not records().exists()
