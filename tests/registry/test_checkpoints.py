"""What a checkpoint makes of a run and its sheets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.conductor import CheckpointState
from jobs.registry.models import Job, Sheet
from jobs.registry.refresh import apply_checkpoint, summary_differs
from tests.factories import make_job

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


def checkpoint(
    status: str = "running", sheets: list[dict[str, Any]] | None = None, **fields: Any
) -> CheckpointState:
    sheets = sheets if sheets is not None else [{"status": "dispatched"}, {"status": "pending"}]
    return CheckpointState.from_wire(
        {
            "job_id": "nightly",
            "job_name": "Nightly",
            "status": status,
            "total_sheets": len(sheets),
            "sheets": {str(n): {"sheet_num": n, **sheet} for n, sheet in enumerate(sheets, 1)},
            **fields,
        }
    )


def told(job: Job, state: CheckpointState, at: datetime = NOW) -> list[tuple[str, int | None]]:
    return [(change.event, change.sheet) for change in apply_checkpoint(job, state, at)]


def test_sheets_are_kept_and_their_changes_told() -> None:
    job = make_job(total_sheets=None)
    assert told(job, checkpoint()) == [("sheet.started", 1), ("job.progress", None)]
    done = checkpoint(sheets=[{"status": "completed", "exit_code": 0}, {"status": "dispatched"}])
    assert told(job, done, LATER) == [
        ("sheet.completed", 1),
        ("sheet.started", 2),
        ("job.progress", None),
    ]
    job.refresh_from_db()
    assert (job.completed_sheets, job.failed_sheets, job.current_sheet) == (1, 0, 2)


def test_sheets_that_a_shorter_score_has_no_place_for_are_forgotten() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(sheets=[{"status": "completed"}, {"status": "failed"}]), NOW)
    apply_checkpoint(job, checkpoint("completed", sheets=[{"status": "completed"}]), LATER)
    assert list(job.sheets.values_list("number", flat=True)) == [1]


def test_sheets_that_were_left_over_are_forgotten_though_nothing_else_differs() -> None:
    job = make_job()
    state = checkpoint("completed", sheets=[{"status": "completed"}])
    apply_checkpoint(job, state, NOW)
    job.sheets.create(number=2, status="pending")
    assert summary_differs(job, state)
    apply_checkpoint(job, state, LATER)
    assert job.sheets.count() == 1


def test_checkpoint_that_contradicts_itself_takes_no_sheet_away() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(), NOW)
    apply_checkpoint(job, checkpoint("completed", total_sheets=1), LATER)
    apply_checkpoint(job, checkpoint("completed", sheets=[], total_sheets=0), LATER)
    assert job.sheets.count() == 2


def test_the_same_checkpoint_again_tells_nothing() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(), NOW)
    assert told(job, checkpoint(), LATER) == []


def test_the_status_of_the_run_is_the_lists_to_tell() -> None:
    job = make_job(status="running")
    apply_checkpoint(job, checkpoint("paused"), NOW)
    job.refresh_from_db()
    assert job.status == "running"


def test_defaults_of_the_recorded_conductor_are_not_taken_for_reports() -> None:
    recorded = Path(__file__).parents[1] / "conductor" / "wire" / "happy.jsonl"
    documents = [
        message["msg"]["result"]
        for message in map(json.loads, recorded.read_text().splitlines())
        if message["dir"] == "<" and isinstance(message["msg"].get("result"), dict)
        and "sheets" in message["msg"]["result"]
    ]  # fmt: skip
    job = make_job()
    apply_checkpoint(job, CheckpointState.from_wire(documents[-1]), NOW)
    sheet = Sheet.objects.get(job=job, number=1)
    assert sheet.status == "completed"
    assert (sheet.attempts, sheet.exit_code, sheet.stdout_tail) == (None, None, "")
    assert not {"cost_usd", "cost_confidence", "input_tokens"} & sheet.details.keys()


def test_a_sheet_under_way_when_its_job_ended_was_stopped() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(), NOW)
    assert told(job, checkpoint("cancelled"), LATER)[0] == ("sheet.stopped", 1)
    assert Sheet.objects.get(job=job, number=1).status == "stopped"
    again = told(job, checkpoint("running"), LATER + timedelta(seconds=1))
    assert again[0] == ("sheet.started", 1)


def test_a_retry_is_told_although_the_status_is_the_same() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(sheets=[{"status": "dispatched", "attempt_count": 1}]), NOW)
    second = checkpoint(sheets=[{"status": "dispatched", "attempt_count": 2}])
    assert told(job, second, LATER) == [("sheet.started", 1)]


def test_that_a_conductor_ended_under_a_sheet_is_told_although_it_runs_again() -> None:
    job = make_job()
    told(job, checkpoint())
    again = checkpoint(sheets=[{"status": "dispatched", "interruptions": 1}, {"status": "pending"}])
    assert told(job, again, LATER) == [("sheet.interrupted", 1)]
    done = checkpoint(sheets=[{"status": "completed", "interruptions": 2}, {"status": "pending"}])
    assert told(job, done, LATER + timedelta(seconds=1))[:2] == [
        ("sheet.interrupted", 1),
        ("sheet.completed", 1),
    ]


def test_an_older_checkpoint_changes_nothing() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(sheets=[{"status": "completed"}]), LATER)
    assert told(job, checkpoint(sheets=[{"status": "dispatched"}]), NOW) == []
    assert Sheet.objects.get(job=job).status == "completed"


def test_a_run_that_has_gone_is_left_as_it_was() -> None:
    job = make_job(gone_at=NOW, gone_reason="replaced")
    assert told(job, checkpoint()) == []
    assert not Sheet.objects.filter(job=job).exists()


def test_five_thousand_sheets_are_written_once_and_then_only_what_changed() -> None:
    job = make_job()
    sheets: list[dict[str, Any]] = [{"status": "pending"} for _ in range(5_000)]
    apply_checkpoint(job, checkpoint(sheets=sheets), NOW)
    assert Sheet.objects.filter(job=job).count() == 5_000
    sheets[2_499] = {"status": "completed"}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        changes = told(job, checkpoint(sheets=sheets), LATER)
    assert changes == [("sheet.completed", 2_500), ("job.progress", None)]
    assert len(queries) < 10


def test_hostile_values_are_made_fit() -> None:
    job = make_job()
    sheet = {
        "status": "failed",
        "stdout_tail": "nul \0 byte " + "x" * 50_000,
        "error_message": "m" * 50_000,
        "error_code": "C" * 500,
        "validation_details": [{"deep": [[[[[[[[1]]]]]]]]}] * 1_000,
    }
    apply_checkpoint(job, checkpoint(sheets=[sheet]), NOW)
    kept = Sheet.objects.get(job=job)
    assert len(kept.stdout_tail) == 10_000
    assert len(kept.error_code) == 50
    assert len(kept.details["validation_details"]) == 100


def test_numbers_that_no_sheet_has_are_passed_over() -> None:
    job = make_job()
    state = CheckpointState.from_wire(
        {
            "job_id": "n",
            "job_name": "n",
            "total_sheets": 1,
            "sheets": {"0": {"sheet_num": 0}, "-3": {"sheet_num": -3}, "1": {"sheet_num": 1}},
        }
    )
    apply_checkpoint(job, state, NOW)
    assert list(Sheet.objects.values_list("number", flat=True)) == [1]


def test_the_end_is_kept_when_it_ended_and_taken_back_when_it_goes_on() -> None:
    job = make_job()
    end = "2026-11-24T11:30:38.222268Z"
    apply_checkpoint(job, checkpoint("completed", completed_at=end), NOW)
    job.refresh_from_db()
    assert job.completed_at == datetime.fromisoformat(end)
    apply_checkpoint(job, checkpoint("running", completed_at=end), LATER)
    job.refresh_from_db()
    assert job.completed_at is None


def test_every_field_that_a_sheet_fills_is_kept() -> None:
    job = make_job()
    sheet = {
        "status": "completed",
        "model": "opus",
        "agent_feedback": {"mood": "good"},
        "preflight_warnings": ["long prompt"],
        "healing_attempts": 2,
        "max_completion": 5,
        "sheet_timeout_seconds": 1800.0,
        "of_tomorrow": [1],
        "next_retry_at": 12.5,
    }
    apply_checkpoint(job, checkpoint(sheets=[sheet]), NOW)
    details = Sheet.objects.get(job=job).details
    assert details == {
        "model": "opus",
        "agent_feedback": {"mood": "good"},
        "preflight_warnings": ["long prompt"],
        "healing_attempts": 2,
        "sheet_timeout_seconds": 1800.0,
        "of_tomorrow": [1],
    }


def test_a_zero_and_a_no_that_are_no_defaults_are_reports() -> None:
    job = make_job()
    sheet = {"status": "failed", "last_pass_percentage": 0.0, "grounding_passed": False}
    apply_checkpoint(job, checkpoint(sheets=[sheet]), NOW)
    details = Sheet.objects.get(job=job).details
    assert details == {"last_pass_percentage": 0.0, "grounding_passed": False}


def test_details_of_a_sheet_are_bounded_as_a_whole() -> None:
    job = make_job()
    sheet = {
        "status": "failed",
        "agent_feedback": {f"k{n}": {f"i{m}": "x" * 5_000 for m in range(90)} for n in range(90)},
        "model": "opus",
    }
    apply_checkpoint(job, checkpoint(sheets=[sheet]), NOW)
    details = Sheet.objects.get(job=job).details
    assert len(json.dumps(details)) < 70_000
    assert details["model"] == "opus"


def test_sums_are_of_what_sheets_told_and_a_zero_is_a_true_one() -> None:
    job = make_job()
    sheets: list[dict[str, Any]] = [
        {"status": "completed", "attempt_count": 1, "input_tokens": 10, "estimated_cost": 3.0,
         "cost_confidence": 0.9},
        {"status": "completed", "attempt_count": 1, "input_tokens": 5, "estimated_cost": 1.0,
         "cost_confidence": 0.5},
        {"status": "pending"},
    ]  # fmt: skip
    apply_checkpoint(job, checkpoint(sheets=sheets), NOW)
    job.refresh_from_db()
    told = {name: job.details.get(name) for name in ("retries", "input_tokens", "output_tokens")}
    assert told == {"retries": 0, "input_tokens": 15, "output_tokens": None}
    assert job.cost_usd == 4.0
    assert job.details["cost_sheets"] == 2
    assert job.details["cost_confidence"] == pytest.approx(0.8)


def test_without_counted_attempts_retries_are_not_reported() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint(), NOW)
    job.refresh_from_db()
    assert "retries" not in job.details


def test_secrets_in_what_sheets_wrote_are_not_kept() -> None:
    job = make_job()
    sheet = {
        "status": "failed",
        "stdout_tail": "connecting\npassword=hunter2-hunter2\ndone\n",
        "stderr_tail": "Authorization: Bearer abcdef0123456789abcdef\n",
        "error_message": "refused: api_key=ABCDEFGHIJKL",
        "error_history": [{"message": "token: s3cr3t-value-of-mine"}],
    }
    apply_checkpoint(job, checkpoint("failed", [sheet]), NOW)
    kept = str(Sheet.objects.filter(job=job).values().get())
    assert "connecting" in kept
    assert "done" in kept
    for secret in ("hunter2", "abcdef0123456789", "ABCDEFGHIJKL", "s3cr3t-value"):
        assert secret not in kept
