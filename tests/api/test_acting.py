"""Submitting and acting: the fixed shapes and status codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.audit.models import Action
from jobs.registry.models import Conductor, Job, ScoreVersion
from tests.actions.fixtures import known
from tests.actions.records import attempts, records
from tests.actions.scripted import ScriptedConductor, closing, score_text
from tests.api.caller import Caller
from tests.factories import make_conductor


def test_submit_is_201_with_the_job_and_the_action(olga: Caller, conductor: Conductor) -> None:
    reply = olga.post("/jobs", {"score_content": score_text(), "reason": "because"})
    assert reply.status == 201
    action, job = reply.json["action"], reply.json["job"]
    assert (action["verb"], action["outcome"], action["message"]) == (
        "submit",
        "succeeded",
        "Job queued",
    )
    assert isinstance(job["id"], int)
    assert (job["job_id"], job["status"], job["total_sheets"]) == ("nightly", "running", 3)
    assert (job["submitted_by"], job["origin"]) == ("olga", "console")
    assert job["offers"] == ["cancel", "modify", "pause"]


def test_name_becomes_the_job_id(olga: Caller, conductor: Conductor) -> None:
    reply = olga.post("/jobs", {"score_content": score_text("Any thing"), "name": "weekly-1"})
    assert reply.json["job"]["job_id"] == "weekly-1"


def test_path_and_stored_score_are_submitted_too(
    olga: Caller, conductor: Conductor, folders: Path
) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text("weekly"))
    by_path = olga.post("/jobs", {"config_path": str(path)})
    score_id = ScoreVersion.objects.get().score_id
    by_id = olga.post("/jobs", {"score_id": score_id, "name": "again"})
    assert (by_path.status, by_id.status) == (201, 201)


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("pause", "running", "paused"),
        ("resume", "paused", "running"),
        ("cancel", "running", "cancelled"),
    ],
)
def test_action_is_200_with_the_state_that_followed(
    olga: Caller,
    conductor: Conductor,
    scripted: ScriptedConductor,
    verb: str,
    before: str,
    after: str,
) -> None:
    job = known(conductor, scripted, before)
    reply = olga.post(f"/jobs/{job.pk}/{verb}", {"reason": "why not"})
    assert (reply.status, reply.outcome) == (200, "succeeded")
    assert reply.json["job"]["status"] == after
    action = Action.objects.get(pk=reply.json["action"]["id"])
    assert (action.reason, action.channel, action.verb) == ("why not", "api", verb)


def test_action_needs_no_body(olga: Caller, running: Job) -> None:
    assert olga.post(f"/jobs/{running.pk}/pause").status == 200


def test_delete_clears_and_takes_its_reason_from_the_query(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "completed")
    reply = olga.delete(f"/jobs/{job.pk}", reason="tidy up")
    assert (reply.status, reply.json["job"]["gone_reason"]) == (200, "cleared")
    assert attempts().get().reason == "tidy up"


def test_refusal_is_409_with_the_same_body(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "paused")
    reply = olga.post(f"/jobs/{job.pk}/pause")
    assert reply.status == 409
    assert reply.json["action"]["message"] == "Job 'nightly' is paused, not running"
    assert reply.json["job"]["id"] == job.pk


def test_conductor_down_is_503_with_the_same_body(
    olga: Caller, conductor: Conductor, running: Job
) -> None:
    Conductor.objects.update(socket_path="/nonexistent/c.sock")
    reply = olga.post(f"/jobs/{running.pk}/pause")
    assert (reply.status, reply.outcome) == (503, "failed")
    assert reply.json["job"]["status"] == "running"


def test_no_answer_is_202_unknown(olga: Caller, running: Job, scripted: ScriptedConductor) -> None:
    scripted.manners["job.pause"] = closing
    reply = olga.post(f"/jobs/{running.pk}/pause")
    assert (reply.status, reply.outcome) == (202, "unknown")


def test_denial_is_403_with_its_action(
    vera: Caller, running: Job, scripted: ScriptedConductor
) -> None:
    reply = vera.post(f"/jobs/{running.pk}/pause", {"reason": "please"})
    assert (reply.status, reply.outcome) == (403, "denied")
    assert reply.json["job"]["offers"] == []
    assert attempts().get().reason == "please"
    assert scripted.requests == []


def test_denied_submit_has_no_job(vera: Caller, conductor: Conductor) -> None:
    reply = vera.post("/jobs", {"score_content": score_text()})
    assert (reply.status, reply.json["job"]) == (403, None)


def test_job_that_you_may_not_see_is_404_and_recorded_without_its_name(
    nemo: Caller, running: Job
) -> None:
    assert nemo.post(f"/jobs/{running.pk}/pause", {"reason": "let me"}).status == 404
    assert nemo.get(f"/jobs/{running.pk}").status == 404
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("denied", "pause", "let me")
    assert record.arguments == {"job": running.pk, "exists": True}
    assert (record.job_id, record.job_pk) == ("", None)


def test_job_that_does_not_exist_looks_the_same_and_is_recorded_once(olga: Caller) -> None:
    statuses = [olga.post("/jobs/77/cancel").status for _ in range(3)]
    assert statuses == [404, 404, 404]
    record = records().get()
    assert record.arguments == {"job": 77, "exists": False}
    assert "There is no job 77" in record.message


def test_invalid_score_is_422_with_findings(olga: Caller, conductor: Conductor) -> None:
    reply = olga.post("/jobs", {"score_content": "name: x\nflavour: y\n"})
    assert (reply.status, reply.media_type) == (422, "application/problem+json")
    finding = reply.json["findings"][0]
    assert finding.keys() >= {"severity", "line", "column", "path", "message"}
    record = records().get()
    assert (record.kind, record.outcome, record.verb) == ("refused", "refused", "submit")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "score_content"),
        ({"score_content": "x", "config_path": "/x.yaml"}, "config_path"),
        ({"config_path": "/x.yaml", "name": "n"}, "name"),
        ({"config_path": "/../x.yaml"}, "config_path"),
        ({"score_content": score_text(), "conductor": "elsewhere"}, "conductor"),
        ({"score_content": score_text(), "workspace": "/etc"}, "workspace"),
        ({"score_content": score_text(), "name": "a b"}, "name"),
        ({"score_content": score_text(), "start_sheet": 9}, "start_sheet"),
    ],
)
def test_unclear_submission_is_422_and_names_the_place(
    olga: Caller, conductor: Conductor, body: dict[str, object], place: str
) -> None:
    reply = olga.post("/jobs", body)
    assert reply.status == 422
    assert [finding["path"] for finding in reply.json["findings"]] == [place]


def test_several_conductors_have_to_be_chosen_from(olga: Caller, conductor: Conductor) -> None:
    make_conductor()
    assert olga.post("/jobs", {"score_content": score_text()}).status == 422
    named = {"score_content": score_text(), "conductor": conductor.slug}
    assert olga.post("/jobs", named).status == 201


def test_same_key_gets_the_same_answer(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    body = {"score_content": score_text()}
    first, again = (olga.post("/jobs", body, key="k-1") for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert first.json["action"] == again.json["action"]
    assert first.json["job"]["id"] == again.json["job"]["id"]
    assert len(scripted.asked("job.submit")) == 1


def test_same_key_with_another_body_is_422(olga: Caller, running: Job) -> None:
    olga.post(f"/jobs/{running.pk}/pause", {"reason": "one"}, key="k-1")
    reply = olga.post(f"/jobs/{running.pk}/pause", {"reason": "two"}, key="k-1")
    assert (reply.status, reply.media_type) == (422, "application/problem+json")
    refused = records().get(kind="refused")
    assert (refused.reason, refused.arguments["idempotency_key"]) == ("two", "k-1")


def test_refused_answer_is_stored_with_its_status(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "completed")
    statuses = [olga.post(f"/jobs/{job.pk}/pause", key="k-1").status for _ in range(2)]
    assert statuses == [409, 409]
    assert len(scripted.asked("job.pause")) == 1


def test_odd_key_is_400(olga: Caller, running: Job) -> None:
    assert olga.post(f"/jobs/{running.pk}/pause", key="x" * 201).status == 400


def test_origin_of_a_call_is_recorded(olga: Caller, running: Job) -> None:
    olga.post(f"/jobs/{running.pk}/pause")
    intent = records().get(kind="intent")
    assert (intent.channel, intent.ip) == ("api", "127.0.0.1")
    assert intent.path == f"/api/jobs/{running.pk}/pause"
    assert intent.token_id == olga.user.api_tokens.get().pk
    assert intent.request_id


def test_denied_submit_says_what_was_asked_for(vera: Caller, conductor: Conductor) -> None:
    assert vera.post("/jobs", {"score_content": "name: x\n", "name": "x2"}).status == 403
    record = records().get()
    assert (record.kind, record.arguments["name"]) == ("denied", "x2")
    assert len(record.arguments["score_sha256"]) == 64


def test_intent_names_its_idempotency_key(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    olga.post("/jobs", {"score_content": score_text("keyed")}, key="key-1")
    assert records().filter(kind="intent").get().arguments["idempotency_key"] == "key-1"


def test_submit_by_somebody_without_any_right_is_denied_and_recorded_once(nemo: Caller) -> None:
    for _ in range(3):
        assert nemo.post("/jobs", {"score_content": "name: x", "name": "x"}).status == 403
    assert [record.kind for record in records()] == ["denied"]
