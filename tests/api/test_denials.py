"""What a program asked for in vain is recorded with what it was, and why."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jobs.api import rights, site
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


# What is wrong with each is for those who may make the call to hear.
UNFIT: list[Any] = [{"foo": 1}, {"reason": "x" * 2_001}, {"reason": 7}, b"{", [1]]
CALLS = [
    ("POST", "/jobs", "submit"),
    ("POST", "/jobs/{job}/pause", "pause"),
    ("POST", "/jobs/{job}/resume", "resume"),
    ("POST", "/jobs/{job}/cancel", "cancel"),
    ("POST", "/jobs/{job}/modify", "modify"),
    ("POST", "/jobs/{job}/recover", "recover"),
    ("POST", "/jobs/{job}/recover/dry-run", "try_recover"),
    ("POST", "/conductors/main/clear-rate-limits", "clear_rate_limits"),
    ("POST", "/scores/validate", "judge_score"),
    ("POST", "/batches", "bulk pause"),
]


@pytest.mark.parametrize("body", UNFIT)
@pytest.mark.parametrize(("method", "path", "verb"), CALLS)
def test_unfit_call_without_the_right_is_a_recorded_denial(
    vera: Caller, running: Job, method: str, path: str, verb: str, body: Any
) -> None:
    reply = vera.send(method, path.format(job=running.pk), body=body)
    record = records().get()
    assert (reply.status, record.kind, record.verb) == (403, "denied", verb)
    assert record.arguments == {"unfit": True}


@pytest.mark.parametrize("query", [{"foo": "1"}, {"reason": "x" * 2_001}])
def test_unfit_clear_without_the_right_is_a_recorded_denial(
    vera: Caller, running: Job, query: dict[str, str]
) -> None:
    assert vera.delete(f"/jobs/{running.pk}", **query).status == 403
    record = records().get()
    assert (record.kind, record.verb, record.job_pk) == ("denied", "clear", running.pk)


def test_odd_key_without_the_right_is_a_recorded_denial(vera: Caller, running: Job) -> None:
    bodies = {"/jobs": {"score_content": "name: x"}, "/batches": {"verb": "pause", "jobs": [1]}}
    for path in (f"/jobs/{running.pk}/pause", "/jobs", "/batches"):
        assert vera.post(path, bodies.get(path), key="a b").status == 403
    assert {record.verb for record in records()} == {"pause", "submit", "bulk pause"}


def test_too_long_a_reason_of_a_denial_is_cut_and_says_so(vera: Caller, running: Job) -> None:
    vera.post(f"/jobs/{running.pk}/cancel", {"reason": "why not " * 1_000})
    reason = records().get().reason
    assert len(reason) <= 2_000
    assert reason.startswith("why not why not")
    assert "more characters" in reason


def test_unfit_call_about_what_one_may_not_see_is_one_in_vain(nemo: Caller, running: Job) -> None:
    assert nemo.post(f"/jobs/{running.pk}/cancel", b"{").status == 404
    assert nemo.post("/conductors/main/clear-rate-limits", {"foo": 1}).status == 404
    told = [record.arguments for record in records()]
    assert told == [
        {"job": running.pk, "exists": True, "unfit": True},
        {"conductor": "main", "exists": True},
    ]


def test_unfit_call_of_who_may_make_it_is_told_what_is_wrong(olga: Caller, running: Job) -> None:
    calls = [call for call in CALLS if call[0] == "POST"]
    replies = [olga.post(path.format(job=running.pk), {"foo": 1}) for _, path, _ in calls]
    assert {reply.status for reply in replies} == {422}
    assert not records().exists()


def test_every_call_that_acts_has_its_verb() -> None:
    documented = {
        (method.upper(), path.removeprefix("/api/"))
        for path, methods in site.api.get_openapi_schema()["paths"].items()
        for method in methods
    }
    named = {
        (m, re.sub("<(?:int:)?(.*?)>", r"{\1}", r)) for m, r in (*rights.VERBS, rights.BATCHES)
    }
    assert {call for call in documented if call[0] != "GET"} == named
