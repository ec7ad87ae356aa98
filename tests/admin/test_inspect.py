"""What the tabs of a run say of it, of its failure and of its sheets."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.admin import questions
from jobs.audit.models import Action
from jobs.conductor import CheckpointState
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job
from jobs.registry.refresh import apply_checkpoint
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor, answering, closing
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor, make_job, make_sheet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    questions.forget()


def tab(visitor: Visitor, job: Job, name: str = "change", **query: Any) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/{name}/", **query)


def part(visitor: Visitor, job: Job, name: str) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/parts/{name}/")


def act_on(job: Job, by: str, verb: str = "pause", **fields: Any) -> Action:
    defaults: dict[str, Any] = {
        "action_id": uuid.uuid4(),
        "verb": verb,
        "actor_name": by,
        "channel": "page",
        "job_pk": job.pk,
        "job_id": job.job_id,
        "outcome": "succeeded",
        "started_at": timezone.now(),
    }
    return Action.objects.create(**defaults | fields)


def happened(job: Job, event: str, sheet: int | None = None, **data: Any) -> Event:
    return Event.objects.create(
        seq=Event.objects.count() + 1,
        at=timezone.now(),
        conductor=job.conductor.slug,
        job_pk=job.pk,
        job_id=job.job_id,
        event=event,
        sheet=sheet,
        data=data,
    )


# -- who may look ----------------------------------------------------------------------------

TABS = ("change", "sheets", "sheets/1", "events", "audit", "parts/health", "parts/history")


@pytest.mark.parametrize("name", TABS)
def test_a_tab_of_a_run_that_one_may_not_see_is_not_there(
    nemo: Visitor, olga: Visitor, name: str
) -> None:
    job = make_job()
    make_sheet(job, 1)
    assert tab(olga, job, name).status == 200
    assert tab(nemo, job, name).status in (302, 403, 404)
    assert olga.get(f"/jobs/job/{job.pk + 1}/{name}/").status == 404


# -- figures ---------------------------------------------------------------------------------


def test_progress_counts_every_kind_of_sheet(olga: Visitor) -> None:
    job = make_job(total_sheets=7)
    for number, status in enumerate(
        ("completed", "completed", "failed", "skipped", "dispatched", "pending"), 1
    ):
        make_sheet(job, number, status=status)
    text = tab(olga, job).part("tally")
    assert "2 done 1 running 1 failed 1 skipped 2 left" in text


def test_elapsed_time_goes_on_over_a_resume(olga: Visitor) -> None:
    now = timezone.now()
    job = make_job(
        status="paused",
        first_started_at=now - timedelta(hours=5),
        started_at=now - timedelta(hours=1),
        worked_s=3_725.0,
    )
    text = tab(olga, job).part("job-elapsed")
    assert "1 h 02 min" in text
    assert "pauses left out" in text


def test_without_history_the_expected_end_is_unknown(olga: Visitor) -> None:
    text = tab(olga, make_job(score_name="new")).part("expected-end")
    assert "unknown no earlier run of this score was completed" in text


def test_the_expected_end_says_from_how_many_runs_it_is(olga: Visitor) -> None:
    now = timezone.now()
    for seconds in (100.0, 200.0, 300.0):
        make_job(score_name="nightly", status="completed", worked_s=seconds)
    job = make_job(score_name="nightly", started_at=now, running_since=now)
    text = tab(olga, job).part("expected-end")
    assert "in about 3 min" in text
    assert "from 3 earlier runs of this score: median 3 min 20 s, 1 min 40 s to 5 min 00 s" in text


def test_a_run_from_a_later_sheet_is_not_measured_by_whole_ones(olga: Visitor) -> None:
    make_job(score_name="nightly", status="completed", worked_s=100.0, total_sheets=40)
    job = make_job(score_name="nightly", requested_start_sheet=36, total_sheets=40)
    text = tab(olga, job).part("expected-end")
    assert "unknown no earlier run of this score from sheet 36 on was completed" in text
    fields: dict[str, Any] = {"requested_start_sheet": 36, "total_sheets": 40}
    make_job(score_name="weekly", status="completed", worked_s=60.0, **fields)
    job = make_job(score_name="weekly", running_since=timezone.now(), **fields)
    assert "from 1 earlier run of this score: 1 min 00 s" in tab(olga, job).part("expected-end")


def test_no_end_is_expected_before_a_known_retry(olga: Visitor) -> None:
    now = timezone.now()
    make_job(score_name="nightly", status="completed", worked_s=2.0)
    job = make_job(score_name="nightly", started_at=now, running_since=now)
    details = {"fire_at": (now + timedelta(seconds=90)).isoformat()}
    make_sheet(job, 3, status="retry_scheduled", attempts=1, details=details)
    text = tab(olga, job).part("expected-end")
    assert "unknown after the next attempt, which may fail as well" in text


def test_an_ended_run_has_no_expected_end(olga: Visitor) -> None:
    assert not tab(olga, make_job(status="completed")).has("expected-end")


def test_cost_is_told_with_its_confidence_and_whose_it_is(olga: Visitor) -> None:
    job = make_job(
        cost_usd=1.2345,
        details={"cost_confidence": 0.8, "cost_sheets": 2, "input_tokens": 12_000, "retries": 0},
    )
    page = tab(olga, job)
    assert "$1.23 told by 2 sheets, confidence 80%" in page.part("job-cost")
    assert "12,000 in, ? out" in page.part("job-tokens")
    assert page.part("job-retries").lstrip("> ").startswith("0 ")


def test_what_was_not_told_is_not_a_zero(olga: Visitor) -> None:
    page = tab(olga, make_job())
    for name in ("job-cost", "job-tokens", "job-retries"):
        assert page.part(name).lstrip("> ").startswith("not reported")


# -- waiting ---------------------------------------------------------------------------------


def test_who_paused_and_why_is_told_to_whoever_may_act_on_it_or_read_the_log(
    audra: Visitor, olga: Visitor, vera: Visitor
) -> None:
    job = make_job(status="paused")
    record = f"/jobs/auditrecord/{act_on(job, 'otto', reason='the disk is full').pk}/change/"
    for visitor, may_open in ((audra, True), (olga, False)):
        page = tab(visitor, job)
        assert "Paused by otto, just now : “the disk is full”" in page.part("waiting")
        assert (record in page.links()) is may_open
    assert "otto" not in tab(vera, job).part("waiting")
    assert "You may not see by whom" in tab(vera, job).part("waiting")


def test_a_pause_before_the_last_resume_explains_nothing(audra: Visitor) -> None:
    job = make_job(status="paused", started_at=timezone.now())
    act_on(job, "olga", started_at=timezone.now() - timedelta(hours=1))
    assert "not from this console" in tab(audra, job).part("waiting")


def test_a_rate_limit_is_told_with_its_end(olga: Visitor) -> None:
    until = timezone.now() + timedelta(minutes=10)
    job = make_job()
    make_sheet(job, 4, status="waiting", details={"rate_limit_expires_at": until.isoformat()})
    assert "Sheet 4 waits for a rate limit in 9 min" in tab(olga, job).part("waiting")


def test_a_cost_limit_that_was_reached_is_told(olga: Visitor) -> None:
    job = make_job(status="failed", details={"cost_limit_reached": True})
    assert "has reached the cost limit" in tab(olga, job).part("waiting")


def test_what_else_was_told_of_a_run_is_shown(olga: Visitor) -> None:
    job = make_job(details={"worktree_branch": "night", "hook_results": [{"ok": "<b>"}]})
    text = tab(olga, job).part("job-others")
    assert "Worktree branch night" in text
    assert "Hook results" in text


def test_a_run_that_waits_for_nothing_says_nothing_of_waiting(olga: Visitor) -> None:
    assert not tab(olga, make_job()).has("waiting")


# -- diagnosis -------------------------------------------------------------------------------


def failed_at(number: int, **fields: Any) -> Job:
    job = make_job(status="failed", total_sheets=number + 2, error_message="Exit code 1")
    for before in range(1, number):
        make_sheet(job, before, status="completed")
    defaults = {"status": "failed", "error_message": "Exit code 1", "error_code": "E999"}
    make_sheet(job, number, **defaults | fields)
    make_sheet(job, number + 1, status="pending")
    return job


def test_a_failure_is_told_once(olga: Visitor) -> None:
    page = tab(olga, failed_at(3))
    assert page.text.count("Exit code 1") == 1
    assert page.text.count("Failed at sheet 3") == 1


def test_a_failure_is_explained_and_says_what_helps(olga: Visitor) -> None:
    text = tab(olga, failed_at(3)).part("failure")
    assert "Failed at sheet 3 of 4" in text
    assert "ended with an error" in text
    assert "What usually helps" in text
    assert "1 other sheet did not run because of it." in text


def test_an_unknown_code_is_shown_as_it_is(olga: Visitor) -> None:
    text = tab(olga, failed_at(1, error_code="E777", error_category="astral")).part("failure")
    assert "E777, astral , which this console has no words for" in text


def test_a_validation_that_failed_is_told_with_expected_and_found(olga: Visitor) -> None:
    check = {"description": "is there", "passed": False, "expected": "a file", "actual": "none"}
    job = failed_at(1, error_code="E201", details={"validation_details": [check]})
    text = tab(olga, job).part("failed-checks")
    assert "is there a file none" in text


def test_what_was_tried_is_told(olga: Visitor) -> None:
    tries = [{"attempt_number": n, "error_code": "E999", "error_message": "m"} for n in (1, 2)]
    text = tab(olga, failed_at(1, details={"error_history": tries})).part("failure")
    assert "2 attempts failed" in text
    assert "Attempt 2, E999" in text


def test_remedies_are_those_that_this_person_may_use(olga: Visitor, vera: Visitor) -> None:
    job = failed_at(3)
    remedies = tab(olga, job).part("remedies")
    assert "Runs sheet 3 again and goes on from there. 2 done sheets stay so." in remedies
    assert tab(olga, job).has("remedy-resume")
    assert not tab(vera, job).has("remedies")
    assert "nothing here that you may do" in tab(vera, job).text


@pytest.mark.parametrize(
    ("code", "advised"), [("E304", "modify"), ("E999", "resume"), ("E001", "modify")]
)
def test_the_first_remedy_is_what_the_advice_says(olga: Visitor, code: str, advised: str) -> None:
    page = tab(olga, failed_at(2, error_code=code))
    remedies = [one for one in page.all("a") if one.get("data-testid", "").startswith("remedy-")]
    primary = [one["data-testid"] for one in remedies if "primary" in one["class"]]
    assert primary == [f"remedy-{advised}"]
    assert remedies[0]["data-testid"] == f"remedy-{advised}"


def test_a_run_that_goes_on_tells_of_a_sheet_that_failed(olga: Visitor) -> None:
    job = make_job()
    make_sheet(job, 1, status="failed")
    assert "Failed at sheet 1 of 1; the job goes on" in tab(olga, job).part("failure")


def test_an_ended_run_with_a_failed_sheet_does_not_go_on(olga: Visitor) -> None:
    job = make_job(status="cancelled")
    make_sheet(job, 1, status="failed")
    page = tab(olga, job)
    assert "Failed at sheet 1 of 1" in page.part("failure")
    assert "the job goes on" not in page.part("failure")


def test_a_completed_run_can_be_submitted_again(olga: Visitor, vera: Visitor) -> None:
    job = make_job(status="completed", config_path="/srv/nightly.yaml")
    assert f"/jobs/job/add/?from={job.pk}" in tab(olga, job).links()
    assert f"/jobs/job/add/?from={job.pk}" not in tab(vera, job).links()


# -- sheets ----------------------------------------------------------------------------------


def five_thousand(job: Job) -> None:
    from jobs.registry.models import Sheet

    Sheet.objects.bulk_create(
        Sheet(job=job, number=n, status="failed" if n % 1_000 == 0 else "completed")
        for n in range(1, 5_001)
    )


def test_many_sheets_are_paged_by_number_and_narrowed_by_status(olga: Visitor) -> None:
    job = make_job(status="failed")
    five_thousand(job)
    first = tab(olga, job, "sheets")
    assert first.has("sheet-100")
    assert not first.has("sheet-101")
    assert "?from=101" in first.links()
    assert tab(olga, job, "sheets", **{"from": "4999"}).has("sheet-5000")
    failed = tab(olga, job, "sheets", status="failed")
    assert failed.has("sheet-5000")
    assert not failed.has("sheet-1")
    assert "5 failed" in failed.part("sheet-filter")


def test_the_overview_of_many_sheets_shows_those_that_matter(olga: Visitor) -> None:
    job = make_job(status="failed")
    five_thousand(job)
    page = tab(olga, job)
    assert page.has("sheet-1000")
    assert 20 < len(page.all("a", class_="sheet-line")) <= 30
    assert f"/jobs/job/{job.pk}/sheets/" in page.links()


@pytest.mark.parametrize("query", [{"from": "x"}, {"from": "99999999999"}, {"status": "\0"}])
def test_nonsense_in_the_address_of_sheets_breaks_nothing(
    olga: Visitor, query: dict[str, str]
) -> None:
    job = make_job()
    make_sheet(job, 1)
    assert tab(olga, job, "sheets", **query).status == 200


def test_a_sheet_s_page_groups_what_was_told_and_names_what_was_not(olga: Visitor) -> None:
    job = make_job()
    make_sheet(
        job,
        2,
        status="completed",
        attempts=2,
        max_retries=3,
        details={
            "cost_usd": 0.02,
            "cost_confidence": 0.5,
            "instrument_model": "opus",
            "agent_feedback": {"mood": "good"},
            "validation_details": [{"description": "b", "passed": True, "expected": "x"}],
            "error_history": [{"attempt_number": 1, "error_message": "first"}],
        },
    )
    make_sheet(job, 1)
    make_sheet(job, 5)
    page = tab(olga, job, "sheets/2")
    for words in ("Attempts 2 of 3", "Model opus", "Cost $0.0200", "Agent feedback"):
        assert words in page.text
    assert "How sure the cost is 50%" in page.text
    assert "Exit code not reported" in page.text
    assert "b passed x not reported" in page.part("validations").replace("  ", " ")
    assert "first" in page.part("attempts")
    assert f"/jobs/job/{job.pk}/sheets/1/" in page.links()
    assert f"/jobs/job/{job.pk}/sheets/5/" in page.links()
    assert "{'" not in page.text


def test_a_sheet_that_was_tried_again_is_never_called_one_without_a_retry(olga: Visitor) -> None:
    job = make_job()
    history = [{"attempt_number": number, "error_message": "no"} for number in (1, 2, 3)]
    details = {"success_without_retry": True, "error_history": history}
    make_sheet(job, 1, status="completed", attempts=4, max_retries=3, details=details)
    make_sheet(job, 2, status="completed", attempts=1, details={"success_without_retry": True})
    resumed = tab(olga, job, "sheets/1").text
    assert "Without a retry" not in resumed
    assert "Attempts 4 " in resumed
    assert "Without a retry yes" in tab(olga, job, "sheets/2").text


def test_a_sheet_that_was_interrupted_says_so(olga: Visitor) -> None:
    job = make_job()
    make_sheet(job, 1, status="completed", attempts=1, details={"interruptions": 2})
    make_sheet(job, 2, status="completed", attempts=1)
    sheets = tab(olga, job, "sheets")
    assert "Its conductor ended while it ran" in sheets.part("sheet-1")
    assert "Its conductor ended while it ran" not in sheets.part("sheet-2")
    assert "Interrupted 2 times, by the end of its conductor" in tab(olga, job, "sheets/1").text
    happened(job, "sheet.interrupted", 1, status="pending", was="dispatched", interruptions=2)
    assert "its conductor ended while it ran (2×)" in tab(olga, job, "events").text


def test_a_pause_says_that_the_sheet_under_way_runs_to_its_end(olga: Visitor) -> None:
    since = timezone.now() - timedelta(seconds=20)
    job = make_job(status="paused", started_at=since, running_since=since)
    make_sheet(job, 4, status="in_progress", started_at=since)
    page = tab(olga, job)
    assert "It is pausing: sheet 4 runs to its end." in page.part("waiting")
    assert "pausing" in page.part("job-status")
    assert "pausing" in olga.get("/jobs/job/").text


def test_sheets_left_out_by_the_start_are_no_victims_of_the_failure(olga: Visitor) -> None:
    job = make_job(status="failed", total_sheets=6, requested_start_sheet=4)
    for number, status in enumerate(("skipped", "skipped", "skipped", "failed", "skipped"), 1):
        make_sheet(job, number, status=status, error_message="Exit code 3", exit_code=3)
    text = tab(olga, job).part("failure")
    assert "1 other sheet did not run because of it." in text
    assert "3 sheets before the start sheet 4 were left out." in text
    assert text.lower().count("exit code 3") == 1


def test_an_ended_job_can_be_submitted_again_from_its_head(olga: Visitor, vera: Visitor) -> None:
    job = make_job(status="completed", config_path="/scores/a.yaml")
    assert "Submit again" in tab(olga, job, "events").part("job-actions")
    assert not tab(vera, job, "events").has("submit-again")
    assert not tab(olga, make_job(), "events").has("submit-again")


def test_events_say_when_they_were_to_the_second(olga: Visitor) -> None:
    job = make_job()
    event = happened(job, "job.paused")
    assert f"{event.at:%H:%M:%S}" in tab(olga, job, "events").part("event")


def test_a_sheet_that_used_up_its_tries_shows_no_try_left(olga: Visitor) -> None:
    job = make_job(status="failed")
    make_sheet(job, 1, status="failed", attempts=2, max_retries=2)
    page = tab(olga, job)
    assert "attempts: 2 of 2" in page.part("failure")
    assert "2 / 2" in tab(olga, job, "sheets").part("sheet-1")


def test_hostile_details_are_shown_as_text(olga: Visitor) -> None:
    job = make_job()
    evil = "<script>alert(1)</script>\x1b[2J"
    details: dict[str, Any] = {
        "validation_details": [{"description": evil, "passed": "x", "expected": [evil]}],
        "error_history": [{"error_message": evil, "timestamp": evil}, 7],
        "fire_at": evil,
        "preflight_warnings": [evil, {"a": evil}],
        "attempt_results": {"a": 1},
        "cost_usd": evil,
        evil: evil,
    }
    make_sheet(job, 1, status="failed", error_message=evil, error_code=evil, details=details)
    for name in ("change", "sheets", "sheets/1"):
        page = tab(olga, job, name)
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert "\x1b" not in page.html


# -- a big and an odd checkpoint -------------------------------------------------------------


def test_a_checkpoint_of_eight_megabytes_makes_pages_of_bounded_size(olga: Visitor) -> None:
    job = make_job(status="failed")
    sheet = {
        "status": "failed",
        "stdout_tail": "x" * 3_000,
        "error_history": [{"attempt_number": n, "error_message": "m" * 500} for n in range(8)],
    }
    raw = {
        "job_id": job.job_id,
        "job_name": "n",
        "status": "failed",
        "total_sheets": 1_150,
        "sheets": {str(n): {"sheet_num": n, **sheet} for n in range(1, 1_151)},
    }
    assert len(json.dumps(raw)) > 8_000_000
    apply_checkpoint(job, CheckpointState.from_wire(raw), timezone.now())
    for name in ("change", "sheets", "sheets/7"):
        assert len(tab(olga, job, name).html) < 300_000


def test_a_checkpoint_without_keys_and_with_wrong_types_is_shown(olga: Visitor) -> None:
    job = make_job()
    sheets = {
        "1": {"sheet_num": 1},
        "2": {"sheet_num": 2, "status": 7, "attempt_count": "many", "error_history": "none"},
        "3": {"sheet_num": 3, "status": "failed", "validation_details": {"a": 1}},
        "x": {"sheet_num": "x"},
    }
    raw = {"job_id": job.job_id, "job_name": "n", "total_sheets": 3, "sheets": sheets}
    apply_checkpoint(job, CheckpointState.from_wire(raw), timezone.now())
    assert job.sheets.count() >= 2
    for name in ("change", "sheets", "sheets/1", "sheets/3"):
        assert tab(olga, job, name).status == 200


# -- events and audit ------------------------------------------------------------------------


def test_events_are_listed_newest_first_and_narrowed_by_kind(olga: Visitor) -> None:
    job = make_job()
    happened(job, "job.started")
    happened(job, "sheet.failed", 3, exit_code=7, error_message="no <b>luck</b>")
    happened(job, "sheet.output", 3, preview="a line")
    happened(make_job(), "job.paused")
    page = tab(olga, job, "events")
    assert page.text.index("sheet.failed") < page.text.index("job.started")
    assert "exit code 7, no <b>luck</b>" in page.text
    assert "a line" not in page.text
    assert "job.paused" not in page.text
    assert "a line" in tab(olga, job, "events", kind="output").text
    assert "sheet.failed" not in tab(olga, job, "events", kind="job").text


def test_events_are_paged_by_their_number(olga: Visitor) -> None:
    job = make_job()
    for _ in range(150):
        happened(job, "job.progress")
    first = tab(olga, job, "events")
    assert len(first.all("li", data_testid="event")) == 100
    assert "?before=51" in first.links()
    older = tab(olga, job, "events", before="51")
    assert len(older.all("li", data_testid="event")) == 50
    assert "?after=50" in older.links()
    assert tab(olga, job, "events", after="50").has("event")


def test_a_rare_kind_in_a_long_log_is_looked_for_piece_by_piece(
    olga: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.admin.job.events.LOOKED_THROUGH", 20)
    job = make_job()
    happened(job, "observer.file_created")
    for _ in range(30):
        happened(job, "job.progress")
    first = tab(olga, job, "events", kind="process")
    assert not first.has("event")
    link = next(link for link in first.links() if "before=" in link)
    assert olga.get(f"/jobs/job/{job.pk}/events/{link}").has("event")


@pytest.mark.parametrize("query", ["before=x", "after=%00", "before=9" + "9" * 30, "kind=x"])
def test_nonsense_in_the_address_of_events_breaks_nothing(olga: Visitor, query: str) -> None:
    assert olga.get(f"/jobs/job/{make_job().pk}/events/?{query}").status == 200


def test_the_audit_tab_says_when_it_shows_only_one_s_own(audra: Visitor, olga: Visitor) -> None:
    job = make_job()
    action = act_on(job, "otto", reason="why not")
    page = tab(audra, job, "audit")
    assert "otto" in page.part("trail-row")
    assert f"/jobs/auditrecord/{action.pk}/change/" in page.links()
    assert not page.has("only-own")
    assert "otto" not in tab(olga, job, "audit").part("audit-trail")
    assert tab(olga, job, "audit").has("only-own")


# -- what the conductor is asked for ---------------------------------------------------------


def test_the_page_itself_asks_no_conductor(olga: Visitor, running: Job) -> None:
    running.conductor.socket_path = "/nonexistent/and/never/asked"
    running.conductor.save()
    for name in ("change", "sheets", "events", "audit"):
        assert tab(olga, running, name).status == 200


def test_a_process_s_health_is_told(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    document = {
        "job_id": "nightly",
        "job_name": "n",
        "status": "running",
        "total_sheets": 1,
        "pid": 2**31 - 2,
        "started_at": timezone.now().isoformat(),
    }
    scripted.manners["job.status"] = answering(document)
    page = part(olga, running, "health")
    assert "its process is gone" in page.text
    assert "CPU not reported" in page.text


def test_a_conductor_without_a_method_says_that_it_is_not_available(
    olga: Visitor, running: Job
) -> None:
    assert "Not available on this conductor." in part(olga, running, "history").text


def test_a_conductor_that_does_not_answer_breaks_only_its_part(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.history"] = closing
    page = part(olga, running, "history")
    assert page.status == 200
    assert "No answer from" in page.part("no-answer")


def test_many_who_look_ask_the_conductor_once(
    olga: Visitor, vera: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.history"] = answering({"job_id": "nightly", "records": []})
    for visitor in (olga, vera, olga):
        assert "remembers no attempt" in part(visitor, running, "history").text
    assert len(scripted.asked("job.history")) == 1


def test_records_of_any_shape_are_shown(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    records: list[dict[str, Any]] = [
        {"sheet_num": 1, "attempt_num": 2, "status": "failed", "duration_seconds": 3.0},
        {"weather": "<b>fine</b>", "duration_seconds": "long", "started_at": 7},
    ]
    scripted.manners["job.history"] = answering({"job_id": "nightly", "records": records})
    page = part(olga, running, "history")
    assert "1 2 failed – 3.0 s" in page.text
    assert "<b>fine" not in page.html


def test_the_conductor_s_own_diagnosis_is_told(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    state = {
        "job_id": "nightly",
        "job_name": "n",
        "status": "failed",
        "total_sheets": 1,
        "error_message": "it broke",
        "sheets": {"1": {"sheet_num": 1, "status": "failed", "error_message": "<i>boo"}},
    }
    scripted.manners["job.diagnose"] = answering({"state": state, "workspace": "/srv/ws"})
    page = part(olga, job, "diagnose")
    assert "/srv/ws" in page.text
    assert "it broke" in page.text
    assert "<i>boo" in page.text
    assert "This is newer than what the page shows" in page.text


@pytest.mark.parametrize("name", ["nonsense", "HEALTH", "x" * 200])
def test_a_part_that_does_not_exist_is_not_there(olga: Visitor, name: str) -> None:
    assert part(olga, make_job(), name).status == 404


def test_a_run_whose_name_was_taken_leads_to_the_later_one(olga: Visitor) -> None:
    job = make_job(job_id="nightly", gone_at=timezone.now(), gone_reason="replaced")
    later = make_job(conductor=job.conductor, job_id="nightly")
    assert f"/jobs/job/{later.pk}/change/" in tab(olga, job).links()


def test_a_run_that_has_gone_is_not_asked_about(olga: Visitor) -> None:
    job = make_job(status="failed", gone_at=timezone.now(), gone_reason="cleared")
    assert "/parts/" not in tab(olga, job).html


def test_a_switched_off_conductor_is_not_asked(olga: Visitor) -> None:
    job = make_job(conductor=make_conductor(is_enabled=False))
    assert "/parts/" not in tab(olga, job).html
