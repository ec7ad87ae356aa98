"""Many jobs at once: begun, asked after, and told one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.actions import batches
from jobs.actions.batches import beginning
from jobs.actions.idempotency import RequestKey
from jobs.actions.models import Batch
from jobs.audit.models import Action
from jobs.registry.models import Conductor, Job
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor, closing
from tests.api.caller import Caller
from tests.waiting import wait_until


@pytest.fixture
def three(conductor: Conductor, scripted: ScriptedConductor) -> list[Job]:
    """Two that run and one that is over."""
    statuses = {"one": "running", "two": "running", "three": "completed"}
    return [known(conductor, scripted, status, job_id=name) for name, status in statuses.items()]


def ended(pk: int) -> None:
    wait_until(lambda: batches.wait_for(pk, 0.1), what="the batch to end")


def test_batch_is_begun_and_tells_what_came_of_each(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    body = {"verb": "pause", "jobs": [job.pk for job in three], "reason": "backup"}
    reply = olga.post("/batches", body)
    assert (reply.status, reply.json["total"]) == (202, 2)
    assert reply.json["left_out"] == [three[2].pk]
    ended(reply.json["id"])
    after = olga.get(f"/batches/{reply.json['id']}").json
    assert (after["state"], after["counts"]) == ("finished", {"succeeded": 2})
    items = olga.get(f"/batches/{reply.json['id']}/jobs", outcome="succeeded").json["items"]
    assert {item["job_id"] for item in items} == {"one", "two"}
    assert records().filter(verb="bulk pause").count() == 2
    assert set(records().filter(verb="pause").values_list("channel", flat=True)) == {"api"}


def test_repeated_request_gets_the_first_batch_again(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    body = {"verb": "pause", "jobs": [job.pk for job in three], "reason": "backup"}
    first = olga.post("/batches", body, key="k1")
    ended(first.json["id"])
    again = olga.post("/batches", body, key="k1")
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    assert again.json["left_out"] == [three[2].pk]
    assert len(scripted.asked("job.pause")) == 2
    assert records().filter(verb="bulk pause").count() == 2


@pytest.mark.parametrize("status", ["running", "completed"])
def test_request_that_loses_the_race_for_its_key_gets_the_first_batch(
    olga: Caller, three: list[Job], monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    body = {"verb": "pause", "jobs": [three[0].pk]}
    first = olga.post("/batches", body, key="k1").json["id"]
    ended(first)
    looks: Iterator[None] = iter([None])
    look = beginning._first_batch

    def late(key: RequestKey) -> Batch | None:
        return next(looks, look(key))

    monkeypatch.setattr(beginning, "_first_batch", late)
    Job.objects.update(status=status)
    again = olga.post("/batches", body, key="k1")
    assert (again.status, again.json["id"]) == (202, first)
    assert not Batch.objects.filter(state=Batch.State.RUNNING).exists()


def test_request_that_is_sent_twice_at_once_gets_the_batch_under_way(
    olga: Caller, three: list[Job], scripted: ScriptedConductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"verb": "pause", "jobs": [three[0].pk]}
    gate = scripted.gate("job.pause")
    first = olga.post("/batches", body, key="k1").json["id"]
    looks: Iterator[None] = iter([None])
    look = beginning._first_batch
    monkeypatch.setattr(beginning, "_first_batch", lambda key: next(looks, look(key)))
    again = olga.post("/batches", body, key="k1")
    gate.set()
    ended(first)
    assert (again.status, again.json["id"]) == (202, first)
    assert len(scripted.asked("job.pause")) == 1


def test_key_of_another_batch_is_refused_and_recorded(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    ended(olga.post("/batches", {"verb": "pause", "jobs": [three[0].pk]}, key="k1").json["id"])
    other = olga.post("/batches", {"verb": "cancel", "jobs": [three[0].pk]}, key="k1")
    assert other.status == 422
    assert records().get(verb="bulk cancel").kind == "refused"
    assert scripted.asked("job.cancel") == []


def test_odd_key_is_400(olga: Caller, three: list[Job]) -> None:
    body = {"verb": "pause", "jobs": [three[0].pk]}
    assert olga.post("/batches", body, key="a b").status == 400


def test_batch_of_none_is_422_and_names_what_was_left_out(olga: Caller, three: list[Job]) -> None:
    reply = olga.post("/batches", {"verb": "pause", "jobs": [three[2].pk]})
    assert (reply.status, reply.json["left_out"]) == (422, [three[2].pk])
    record = records().get()
    assert (record.kind, record.verb) == ("refused", "bulk pause")
    assert record.arguments["left_out"] == [three[2].pk]


def test_second_batch_at_the_same_time_is_429(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    gate = scripted.gate("job.pause")
    first = olga.post("/batches", {"verb": "pause", "jobs": [three[0].pk]}).json["id"]
    second = olga.post("/batches", {"verb": "pause", "jobs": [three[1].pk]})
    gate.set()
    ended(first)
    assert second.status == 429
    assert second.headers["Retry-After"] == "5"


def test_ended_jobs_are_cleared_by_status_and_age(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    now = timezone.now()
    for name, days in (("old", 9), ("young", 1)):
        ended_at = now - timedelta(days=days)
        known(conductor, scripted, "completed", job_id=name, completed_at=ended_at)
    match = {"status": ["completed"], "ended_before_s": 7 * 86_400}
    reply = olga.post("/batches", {"verb": "clear", "match": match})
    ended(reply.json["id"])
    assert list(scripted.rows) == ["young"]
    assert scripted.asked("job.clear") == [{"job_ids": ["old"]}]


@pytest.mark.parametrize(
    "body",
    [
        {"verb": "pause"},
        {"verb": "pause", "jobs": []},
        {"verb": "pause", "jobs": [1], "match": {"status": ["running"]}},
        {"verb": "pause", "jobs": list(range(1_001))},
        {"verb": "modify", "jobs": [1]},
        {"verb": "clear", "match": {"status": []}},
        {"verb": "clear", "match": {"status": ["failed"], "older": 1}},
    ],
)
def test_unclear_batch_is_422(olga: Caller, body: dict[str, object]) -> None:
    assert olga.post("/batches", body).status == 422


def test_viewer_is_denied_once_and_nothing_is_sent(
    vera: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    body = {"verb": "pause", "jobs": [three[0].pk], "reason": "why not"}
    reply = vera.post("/batches", body)
    record = records().get()
    assert (reply.status, reply.json["action"]["outcome"]) == (403, "denied")
    assert reply.json["action"]["id"] == Action.objects.get(action_id=record.action_id).pk
    assert (record.verb, record.kind, record.reason) == ("bulk pause", "denied", "why not")
    assert record.arguments == {"count": 1, "jobs": [three[0].pk]}
    assert not Batch.objects.exists()
    assert scripted.requests == []
    again = vera.post("/batches", body).json["action"]
    assert "counted with an earlier record" in again["message"]


def test_batch_of_somebody_else_is_not_there(
    olga: Caller, vera: Caller, audra: Caller, three: list[Job]
) -> None:
    pk = olga.post("/batches", {"verb": "pause", "jobs": [three[0].pk]}).json["id"]
    ended(pk)
    assert vera.get(f"/batches/{pk}").status == 404
    assert audra.get(f"/batches/{pk}").status == 200


def test_verdict_on_a_lost_answer_is_told_by_its_batch(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    scripted.manners["job.pause"] = closing
    pk = olga.post("/batches", {"verb": "pause", "jobs": [three[0].pk, three[1].pk]}).json["id"]
    ended(pk)
    Action.objects.filter(job_id="one").update(verdict="happened", message="It is paused.")
    assert olga.get(f"/batches/{pk}").json["counts"] == {"happened": 1, "unknown": 1}
    [item] = olga.get(f"/batches/{pk}/jobs", verdict="happened", outcome="unknown").json["items"]
    assert (item["job_id"], item["outcome"]) == ("one", "unknown")
    assert (item["verdict"], item["message"]) == ("happened", "It is paused.")


def test_jobs_that_are_not_there_stand_in_the_intent_and_have_a_record(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    asked = [three[0].pk, three[2].pk, 900_001, 900_002]
    reply = olga.post("/batches", {"verb": "pause", "jobs": asked})
    ended(reply.json["id"])
    assert (reply.json["total"], sorted(reply.json["left_out"])) == (1, sorted(asked[1:]))
    intent = records().get(verb="bulk pause", kind="intent")
    assert intent.arguments["jobs"] == asked[:1]
    assert intent.arguments["left_out"] == asked[1:]
    vain = records().get(kind="denied")
    assert (vain.verb, vain.arguments["jobs"]) == ("bulk pause", asked[2:])
    assert (vain.arguments["exists"], vain.arguments["existing"]) == (False, [])


def test_batch_of_jobs_that_are_all_not_there_leaves_what_was_asked_within_bounds(
    olga: Caller, three: list[Job], scripted: ScriptedConductor
) -> None:
    reply = olga.post("/batches", {"verb": "clear", "jobs": list(range(900_000, 900_400))})
    assert (reply.status, len(reply.json["left_out"])) == (422, 400)
    for record in (records().get(kind="refused"), records().get(kind="denied")):
        name = "left_out" if record.kind == "refused" else "jobs"
        assert len(record.arguments[name]) == 150
        assert record.arguments[f"{name}_not_named_here"] == 250
    assert scripted.requests == []


def test_unknown_conductor_in_match_is_422_and_recorded(olga: Caller, three: list[Job]) -> None:
    match = {"status": ["running"], "conductor": "nowhere"}
    reply = olga.post("/batches", {"verb": "pause", "match": match})
    assert (reply.status, reply.json["findings"][0]["path"]) == (422, "match.conductor")
    assert records().get().arguments == {"conductor": "nowhere", "exists": False}
    assert not Batch.objects.exists()
