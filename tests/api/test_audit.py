"""The audit log through the API."""

from __future__ import annotations

import json

import pytest

from jobs.api import exporting
from jobs.audit.models import Action, AuditRecord
from jobs.audit.verbs import VERB_WORDS
from jobs.registry.models import Job
from tests.actions.records import records
from tests.api.caller import Caller


@pytest.fixture
def _history(olga: Caller, vera: Caller, running: Job) -> None:
    olga.post(f"/jobs/{running.pk}/pause", {"reason": "first"})
    olga.post(f"/jobs/{running.pk}/pause", {"reason": "second"})
    vera.post(f"/jobs/{running.pk}/cancel", {"reason": "third"})


@pytest.mark.usefixtures("_history")
def test_list_has_a_line_for_every_attempt(audra: Caller, running: Job) -> None:
    items = audra.get("/audit", job=running.pk).json["items"]
    assert [(item["actor"], item["verb"], item["outcome"]) for item in items] == [
        ("vera", "cancel", "denied"),
        ("olga", "pause", "refused"),
        ("olga", "pause", "succeeded"),
    ]


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize(
    ("query", "reasons"),
    [
        ({"actor": "vera"}, ["third"]),
        ({"verb": "pause"}, ["second", "first"]),
        ({"outcome": "refused"}, ["second"]),
        ({"verb": "pause", "outcome": "denied"}, []),
        ({"job_id": "nightly"}, ["third", "second", "first"]),
        ({"until": "2000-01-01T00:00:00Z"}, []),
    ],
)
def test_filters_narrow_the_list(audra: Caller, query: dict[str, str], reasons: list[str]) -> None:
    items = audra.get("/audit", **query).json["items"]
    assert [item["reason"] for item in items if item["reason"]] == reasons


@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
@pytest.mark.parametrize("name", ["verb", "outcome", "channel", "since"])
def test_value_that_cannot_be_is_422(audra: Caller, path: str, name: str) -> None:
    reply = audra.get(path, **{name: "garbage"})
    assert (reply.status, reply.media_type) == (422, "application/problem+json")
    assert name in reply.content.decode()


@pytest.mark.parametrize("verb", VERB_WORDS)
def test_every_verb_of_the_log_can_be_asked_for(audra: Caller, verb: str) -> None:
    assert audra.get("/audit", verb=verb, channel="cli", outcome="open").status == 200


@pytest.mark.usefixtures("_history")
def test_attempt_opens_to_its_records(audra: Caller) -> None:
    action = Action.objects.filter(outcome="succeeded", verb="pause").get()
    shown = audra.get(f"/audit/{action.pk}").json
    assert [record["kind"] for record in shown["records"]] == ["intent", "outcome"]
    assert shown["records"][1]["prev_hash"] == shown["records"][0]["hash"]


def test_attempt_that_is_not_there_is_404(audra: Caller) -> None:
    assert audra.get("/audit/4711").status == 404


@pytest.mark.parametrize("path", ["/audit", "/audit/1", "/audit/export"])
def test_reading_without_the_right_is_403_and_recorded(vera: Caller, path: str) -> None:
    reply = vera.get(path)
    assert (reply.status, reply.media_type) == (403, "application/problem+json")
    denial = records().get()
    assert (denial.kind, denial.actor_name, denial.path) == ("denied", "vera", f"/api{path}")


@pytest.mark.usefixtures("_history")
def test_export_is_json_lines_of_the_whole_records(audra: Caller) -> None:
    reply = audra.get("/audit/export")
    lines = [json.loads(line) for line in reply.content.decode().splitlines()]
    assert reply.status == 200
    assert reply.media_type.startswith("application/x-ndjson")
    assert lines[0]["is_whole"] is True
    assert [line["n"] for line in lines if "n" in line] == list(
        AuditRecord.objects.order_by("n").values_list("n", flat=True)
    )


@pytest.mark.usefixtures("_history")
def test_one_export_too_many_is_refused_and_not_recorded(audra: Caller) -> None:
    slots = exporting._exports
    taken = [slots.take(audra.user.pk) for _ in range(slots.most_of_person)]
    before = AuditRecord.objects.count()
    reply = audra.get("/audit/export")
    for give_back in taken:
        give_back()
    assert (reply.status, reply.headers["Retry-After"]) == (503, "10")
    assert "exports of yours" in reply.json["detail"]
    assert AuditRecord.objects.count() == before
    assert audra.get("/audit/export").status == 200
    assert slots.taken == 0


@pytest.mark.usefixtures("_history")
def test_export_is_recorded_itself(audra: Caller) -> None:
    audra.get("/audit/export", verb="pause")
    note = AuditRecord.objects.latest("n")
    assert (note.kind, note.verb, note.actor_name) == ("note", "export audit log", "audra")
    assert note.arguments == {"verb": "pause"}
