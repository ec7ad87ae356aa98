"""From when on a run deserves a look: written when it moves, asked for with one comparison."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.conductor import CheckpointState, JobRow
from jobs.registry.attention import LEAST_PATIENCE, UNKNOWN_PATIENCE, WAITING_PATIENCE
from jobs.registry.models import FAILURE_IS_NEWS, Job
from jobs.registry.refresh import apply_checkpoint, apply_rows
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def checkpoint(*sheets: dict[str, Any], status: str = "running", **facts: Any) -> CheckpointState:
    numbered = {str(n): {"sheet_num": n, **sheet} for n, sheet in enumerate(sheets, 1)}
    document = {
        "job_id": "x",
        "job_name": "nightly",
        "total_sheets": len(sheets),
        "status": status,
        "sheets": numbered,
        **facts,
    }
    return CheckpointState.from_wire(document)


def listed(job: Job, status: str, at: datetime) -> None:
    assert job.submitted_at is not None
    assert job.started_at is not None
    row = {
        "job_id": job.job_id,
        "status": status,
        "submitted_at": job.submitted_at.timestamp(),
        "started_at": job.started_at.timestamp(),
        "workspace": "/w",
    }
    apply_rows(job.conductor, [JobRow.from_wire(row)], at)


def test_job_of_an_unknown_score_is_given_an_hour() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint({"status": "in_progress"}), NOW)
    job.refresh_from_db()
    assert (job.moved_at, job.attention_at) == (NOW, NOW + UNKNOWN_PATIENCE)


def test_job_is_given_three_times_its_longest_sheet() -> None:
    job = make_job()
    done = {"status": "completed", "execution_duration_seconds": 400.0}
    apply_checkpoint(job, checkpoint(done, {"status": "in_progress"}), NOW)
    job.refresh_from_db()
    assert job.attention_at == NOW + timedelta(seconds=1200)


def test_job_is_measured_by_the_last_runs_of_its_score() -> None:
    make_job(score_name="nightly", longest_sheet_s=1000.0)
    job = make_job(score_name="nightly")
    apply_checkpoint(job, checkpoint({"status": "in_progress"}), NOW)
    job.refresh_from_db()
    assert job.attention_at == NOW + timedelta(seconds=3000)


def test_short_sheets_do_not_make_a_job_stall_within_minutes() -> None:
    job = make_job(score_name="quick", longest_sheet_s=0.2)
    apply_checkpoint(job, checkpoint({"status": "in_progress"}), NOW)
    job.refresh_from_db()
    assert job.attention_at == NOW + LEAST_PATIENCE


def test_job_stalls_once_nothing_moved_and_not_before() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint({"status": "in_progress"}), NOW)
    assert not Job.objects.stalled(NOW + UNKNOWN_PATIENCE - timedelta(seconds=1)).exists()
    assert Job.objects.stalled(NOW + UNKNOWN_PATIENCE).get() == job


def test_sheet_that_moves_ends_the_stall() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint({"status": "in_progress"}), NOW)
    later = NOW + 2 * UNKNOWN_PATIENCE
    apply_checkpoint(job, checkpoint({"status": "completed"}), later)
    assert not Job.objects.stalled(later).exists()


def test_sheet_that_waits_for_a_person_is_due_at_once() -> None:
    job = make_job()
    apply_checkpoint(job, checkpoint({"status": "fermata"}), NOW)
    assert Job.objects.stalled(NOW).get() == job


def test_failure_is_news_from_its_end_for_a_week() -> None:
    job = make_job(status="failed", attention_at=None)
    end = NOW - timedelta(days=1)
    state = checkpoint({"status": "failed"}, status="failed", completed_at=end.isoformat())
    apply_checkpoint(job, state, NOW)
    assert Job.objects.failed_lately(NOW).get() == job
    assert not Job.objects.failed_lately(end + FAILURE_IS_NEWS).exists()


def test_failure_that_is_resumed_is_no_news() -> None:
    job = make_job(status="failed", completed_at=NOW)
    listed(job, "running", NOW)
    assert not Job.objects.failed_lately(NOW).exists()


def test_old_failure_that_is_adopted_is_no_news() -> None:
    conductor = make_conductor()
    row = {
        "job_id": "old",
        "status": "failed",
        "submitted_at": (NOW - timedelta(days=90)).timestamp(),
        "workspace": "/w",
    }
    apply_rows(conductor, [JobRow.from_wire(row)], NOW)
    assert Job.objects.get().status == "failed"
    assert not Job.objects.failed_lately(NOW).exists()


@pytest.mark.parametrize("status", ["paused", "pending", "queued"])
def test_job_that_waits_is_due_after_the_patience_of_its_status(status: str) -> None:
    job = make_job()
    listed(job, status, NOW)
    due = NOW + WAITING_PATIENCE[status]
    assert not Job.objects.waiting_long(due - timedelta(seconds=1)).exists()
    assert Job.objects.waiting_long(due).get() == job


def test_completed_job_needs_nobody() -> None:
    job = make_job(attention_at=NOW)
    listed(job, "completed", NOW)
    job.refresh_from_db()
    assert job.attention_at is None


def test_cost_is_a_column_and_stays_unknown_where_none_is_reported() -> None:
    known, unknown = make_job(), make_job()
    apply_checkpoint(known, checkpoint({"status": "completed"}, total_estimated_cost=1.25), NOW)
    apply_checkpoint(unknown, checkpoint({"status": "completed"}), NOW)
    costs = dict(Job.objects.values_list("pk", "cost_usd"))
    assert costs == {known.pk: 1.25, unknown.pk: None}
