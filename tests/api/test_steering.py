"""Modify, recover, rate limits, and what a caller is told when a job has moved."""

from __future__ import annotations

import pytest

from jobs.audit.models import Action
from jobs.registry.models import Conductor, Job
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor, answering, score_text
from tests.api.caller import Caller
from tests.factories import make_user


def test_modify_gives_the_job_its_new_score(
    olga: Caller, running: Job, scripted: ScriptedConductor
) -> None:
    text = score_text("other", sheet={"size": 1, "total_items": 5})
    reply = olga.post(f"/jobs/{running.pk}/modify", {"score_content": text, "reason": "more"})
    assert (reply.status, reply.outcome) == (200, "succeeded")
    assert scripted.texts["nightly"] == text
    job = reply.json["job"]
    assert job["config_path"].endswith("/nightly.yaml")
    assert job["score_version"]["sha256"] == records().get(kind="intent").arguments["sha256"]


def test_modify_with_a_score_that_is_not_acceptable_is_422_and_sends_nothing(
    olga: Caller, running: Job, scripted: ScriptedConductor
) -> None:
    reply = olga.post(f"/jobs/{running.pk}/modify", {"score_content": "name: x\nodd: y\n"})
    assert (reply.status, bool(reply.json["findings"])) == (422, True)
    assert records().get().kind == "refused"
    assert scripted.requests == []


@pytest.mark.parametrize("body", [{}, {"score_content": "x", "score_id": 1}])
def test_modify_takes_exactly_one_score(
    olga: Caller, running: Job, body: dict[str, object]
) -> None:
    assert olga.post(f"/jobs/{running.pk}/modify", body).status == 422


def test_recover_says_which_sheets_count_as_completed(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    scripted.passing["nightly"] = [2, 3]
    tried = olga.post(f"/jobs/{job.pk}/recover/dry-run")
    assert [sheet["number"] for sheet in tried.json["sheets"]] == [2, 3]
    reply = olga.post(f"/jobs/{job.pk}/recover", {"reason": "made by hand"})
    assert (reply.status, "2, 3" in reply.json["action"]["message"]) == (200, True)
    assert [one["dry_run"] for one in scripted.asked("job.recover")] == [True, False]
    verbs = list(records().filter(kind="intent").values_list("verb", flat=True))
    assert verbs == ["try_recover", "recover"]


def test_recover_in_a_form_that_nobody_knows_is_unknown(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    scripted.manners["job.recover"] = answering({"done": "perhaps"})
    reply = olga.post(f"/jobs/{job.pk}/recover")
    assert (reply.status, reply.outcome) == (202, "unknown")
    assert olga.post(f"/jobs/{job.pk}/recover/dry-run").json["sheets"] is None


def test_rate_limits_are_listed_and_cleared(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.limits = {"claude": {"seconds_remaining": 40}, "codex": {}}
    listed = olga.get(f"/conductors/{conductor.slug}/rate-limits").json
    assert (listed["active_limits"], sorted(listed["backends"])) == (2, ["claude", "codex"])
    path = f"/conductors/{conductor.slug}/clear-rate-limits"
    reply = olga.post(path, {"instrument": "claude", "reason": "new key"})
    assert (reply.status, reply.json["action"]["message"]) == (200, "Cleared 1 rate limit.")
    assert list(scripted.limits) == ["codex"]
    action = Action.objects.get(verb="clear_rate_limits")
    assert (action.reason, action.conductor) == ("new key", conductor.slug)


def test_viewer_may_not_clear_rate_limits(
    vera: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    reply = vera.post(f"/conductors/{conductor.slug}/clear-rate-limits")
    assert (reply.status, reply.outcome) == (403, "denied")
    assert scripted.requests == []


def test_conductor_without_rate_limits_says_so(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.manners["daemon.rate_limits"] = lambda _, request: (
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}\n'
    )
    reply = olga.get(f"/conductors/{conductor.slug}/rate-limits")
    assert (reply.status, "not available" in reply.json["detail"]) == (501, True)


def test_unknown_conductor_has_no_rate_limits(olga: Caller) -> None:
    assert olga.get("/conductors/elsewhere/rate-limits").status == 404
    assert olga.post("/conductors/elsewhere/clear-rate-limits").status == 404


def test_state_that_was_seen_is_compared_and_whoever_moved_the_job_is_named(
    olga: Caller, running: Job, scripted: ScriptedConductor
) -> None:
    from tests.api.caller import caller_for

    other = caller_for(make_user("operator", username="otto"))
    other.post(f"/jobs/{running.pk}/pause", {"reason": "the disk is full"})
    reply = olga.post(f"/jobs/{running.pk}/cancel", {"seen": "running"})
    assert (reply.status, len(scripted.asked("job.cancel"))) == (409, 0)
    (moved,) = reply.json["moved_by"]
    assert (moved["verb"], moved["actor"]) == ("pause", "otto")
    assert moved["reason"] == "the disk is full"


def test_submit_passes_fresh_on(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    olga.post("/jobs", {"score_content": score_text(), "fresh": True})
    olga.post("/jobs", {"score_content": score_text("other")})
    asked = [one.get("fresh", False) for one in scripted.asked("job.submit")]
    assert asked == [True, False]
    recorded = records().filter(kind="intent").values_list("arguments__fresh", flat=True)
    assert list(recorded) == [True, False]


def test_clearing_limits_of_a_conductor_that_is_not_there_is_recorded(olga: Caller) -> None:
    for _ in range(2):
        assert olga.post("/conductors/nope/clear-rate-limits", {"reason": "why"}).status == 404
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("denied", "clear_rate_limits", "why")
    assert record.arguments == {"conductor": "nope", "exists": False}
