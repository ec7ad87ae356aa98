"""Everything that is not an answer is a problem document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from jobs import audit
from jobs.access import policy
from jobs.errors import AuditUnavailable
from jobs.registry.models import Conductor, Job
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor, score_text
from tests.api.caller import Caller, Reply


def assert_problem(reply: Reply, status: int) -> dict[str, Any]:
    document: dict[str, Any] = reply.json
    assert (reply.status, reply.media_type) == (status, "application/problem+json")
    assert document["status"] == status
    assert document.keys() >= {"type", "title", "detail", "instance", "request_id"}
    return document


@pytest.mark.parametrize(
    "path", ["/", "/nosuch", "/jobs/", "/jobs/x", "/jobs/-1", "/jobs/1/nosuch"]
)
def test_unknown_address_is_404(olga: Caller, path: str) -> None:
    assert_problem(olga.get(path), 404)


@pytest.mark.parametrize("pk", [4_711, 2**63, 10**30, "9" * 5_000])
def test_job_that_is_not_there_is_404(olga: Caller, pk: object) -> None:
    assert_problem(olga.get(f"/jobs/{pk}"), 404)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/jobs"), ("DELETE", "/audit"), ("PATCH", "/jobs/1")]
)
def test_other_method_is_405_and_names_the_right_ones(olga: Caller, method: str, path: str) -> None:
    reply = olga.send(method, path)
    assert_problem(reply, 405)
    assert reply.headers["Allow"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"reason": "\\ud800"}',
        b'{"reason": NaN}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    ],
    ids=["half", "list", "text", "bytes", "surrogate", "nan", "deep-list", "deep-object"],
)
def test_body_that_cannot_be_read_is_400(olga: Caller, running: Job, body: bytes) -> None:
    assert_problem(olga.post(f"/jobs/{running.pk}/pause", body), 400)


@pytest.mark.parametrize(
    "body", [{"reasn": "typo"}, {"reason": 5}, {"reason": None}, {"reason": "x" * 2_001}]
)
def test_body_of_another_shape_is_422_without_the_value(
    olga: Caller, running: Job, scripted: ScriptedConductor, body: dict[str, Any]
) -> None:
    document = assert_problem(olga.post(f"/jobs/{running.pk}/pause", body), 422)
    assert document["errors"][0].keys() == {"path", "message"}
    assert scripted.requests == []


def test_other_media_type_is_415(olga: Caller, running: Job) -> None:
    reply = olga.send(
        "POST", f"/jobs/{running.pk}/pause", body=b"reason=x", content_type="text/plain"
    )
    assert_problem(reply, 415)


def test_too_large_body_is_413(olga: Caller, conductor: Conductor) -> None:
    assert_problem(olga.post("/jobs", {"score_content": "x" * 4_200_000}), 413)


def test_two_mebibytes_of_yaml_are_a_finding(olga: Caller, conductor: Conductor) -> None:
    document = assert_problem(olga.post("/jobs", {"score_content": "x" * 2_097_152}), 422)
    assert "too large" in document["findings"][0]["message"]


def test_audit_log_that_cannot_be_written_is_503_and_nothing_is_sent(
    olga: Caller, running: Job, scripted: ScriptedConductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> object:
        raise AuditUnavailable("/secret/path: no space left on device")

    monkeypatch.setattr(audit, "aappend", full)
    document = assert_problem(olga.post(f"/jobs/{running.pk}/pause"), 503)
    assert "nothing was sent" in document["detail"]
    assert "/secret/path" not in json.dumps(document)
    assert scripted.requests == []


def test_crash_is_500_and_says_nothing_of_its_cause(
    olga: Caller, running: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("the secret cause")

    monkeypatch.setattr(policy, "visible_jobs", broken)
    with capture_logs() as logs:
        document = assert_problem(olga.get("/jobs"), 500)
    assert "secret" not in json.dumps(document)
    assert "the secret cause" in [str(entry.get("exc_info")) for entry in logs]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
        {"cursor": "x"},
        {"cursor": "9" * 30},
        {"status": "a\0b"},
        {"nosuch": "1"},
        {"since": "yesterday"},
    ],
)
def test_odd_query_is_422(olga: Caller, query: dict[str, str]) -> None:
    assert_problem(olga.get("/jobs", **query), 422)


def test_reason_with_what_no_database_keeps_is_recorded_readable(
    olga: Caller, running: Job
) -> None:
    olga.post(f"/jobs/{running.pk}/pause", {"reason": "nul\0 and <b>\x1b[31m"})
    assert records().get(kind="intent").reason == "nul\ufffd and <b>\ufffd[31m"


def test_problem_is_not_for_a_browser_to_sniff(transactional_db: None) -> None:
    response = Client().get("/api/<script>alert(1)</script>")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/problem+json"


def test_markup_in_a_score_stays_text(olga: Caller, conductor: Conductor) -> None:
    reply = olga.post("/jobs", {"score_content": score_text("<img src=x>"), "name": "ok"})
    assert (reply.status, reply.media_type) == (201, "application/json")


@pytest.mark.parametrize("path", ["/jobs", "/jobs/999", "/audit", "/audit/export", "/nowhere"])
def test_no_answer_is_kept_by_a_cache(audra: Caller, path: str) -> None:
    assert "no-store" in audra.get(path).headers["Cache-Control"]
