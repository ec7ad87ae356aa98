"""How long a run has been at work, over pauses and resumes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.conductor import CheckpointState, JobRow
from jobs.registry.models import Conductor, Job
from jobs.registry.refresh import apply_checkpoint, apply_rows
from jobs.registry.stretches import is_pausing, worked_s
from tests.factories import make_conductor, make_job, make_sheet

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def tell(conductor: Conductor, status: str, at: float, started: float = 0, **fields: Any) -> Job:
    row: dict[str, Any] = {
        "job_id": "nightly",
        "status": status,
        "submitted_at": START.timestamp() - 1,
        "started_at": after(started).timestamp(),
    }
    apply_rows(conductor, [JobRow.from_wire(row | fields)], after(at))
    return Job.objects.get(job_id="nightly")


def test_a_run_that_goes_on_counts_from_its_start() -> None:
    job = tell(make_conductor(), "running", 1)
    assert worked_s(job, after(60)) == 60


def test_a_resume_does_not_begin_anew_and_the_pause_is_left_out() -> None:
    conductor = make_conductor()
    tell(conductor, "running", 1)
    job = tell(conductor, "paused", 100)
    assert worked_s(job, after(500)) == 100
    job = tell(conductor, "running", 1_001, started=1_000)
    assert worked_s(job, after(1_010)) == 110
    assert job.first_started_at == START


def test_a_failed_run_that_is_resumed_adds_up_to_its_end() -> None:
    conductor = make_conductor()
    tell(conductor, "running", 1)
    Job.objects.update(completed_at=after(90))  # as its checkpoint said
    assert worked_s(tell(conductor, "failed", 92), after(999)) == 90
    Job.objects.update(completed_at=None)
    tell(conductor, "running", 201, started=200)
    Job.objects.update(completed_at=after(210))
    assert worked_s(tell(conductor, "completed", 212, started=200), after(999)) == 100


def test_a_resume_that_no_look_saw_end_counts_up_to_the_last_movement() -> None:
    conductor = make_conductor()
    tell(conductor, "running", 1)
    Job.objects.update(moved_at=after(40))
    job = tell(conductor, "running", 101, started=100)
    assert worked_s(job, after(110)) == 50


def test_a_resume_that_was_over_again_between_two_looks_is_counted() -> None:
    conductor = make_conductor()
    tell(conductor, "running", 1)
    tell(conductor, "paused", 10)
    job = tell(conductor, "failed", 105, started=100)
    assert worked_s(job, after(999)) == 15


def test_a_conductor_whose_start_does_not_move_is_counted_from_when_it_went_on() -> None:
    conductor = make_conductor()
    tell(conductor, "running", 1)
    tell(conductor, "paused", 10)
    job = tell(conductor, "running", 100)
    assert worked_s(job, after(105)) == 15


def test_a_run_of_ours_counts_once_its_start_is_told() -> None:
    conductor = make_conductor()
    make_job(
        conductor=conductor, job_id="nightly", submitted_at=None, started_at=None, status="pending"
    )
    assert worked_s(tell(conductor, "running", 1), after(7)) == 7


def test_what_was_never_seen_running_counts_by_its_two_moments() -> None:
    job = tell(make_conductor(), "completed", 500)
    assert worked_s(job, after(999)) is None
    job.completed_at = after(30)
    assert worked_s(job, after(999)) == 30


def test_a_run_that_left_its_conductor_while_running_has_no_known_time() -> None:
    conductor = make_conductor()
    tell(conductor, "running", 1)
    apply_rows(conductor, [], after(20))
    assert worked_s(Job.objects.get(), after(999)) is None


def test_a_pause_lets_the_sheet_under_way_run_to_its_end_and_counts_it() -> None:
    conductor = make_conductor()
    job = tell(conductor, "running", 1)
    make_sheet(job, 4, status="in_progress", started_at=after(8))
    job = tell(conductor, "paused", 16)
    assert is_pausing(job)
    assert worked_s(job, after(18)) == 18
    sheet = {"sheet_num": 4, "status": "completed", "completed_at": after(20).isoformat()}
    told = {"job_id": "nightly", "job_name": "nightly", "total_sheets": 4, "status": "paused"}
    checkpoint = CheckpointState.from_wire(told | {"sheets": {"4": sheet}})
    apply_checkpoint(job, checkpoint, after(21))
    job = Job.objects.get()
    assert not is_pausing(job)
    assert worked_s(job, after(500)) == 20
    assert worked_s(tell(conductor, "running", 101, started=100), after(110)) == 30


def test_a_resume_while_it_still_pauses_goes_on_counting() -> None:
    conductor = make_conductor()
    job = tell(conductor, "running", 1)
    make_sheet(job, 4, status="in_progress", started_at=after(8))
    tell(conductor, "paused", 16)
    job = tell(conductor, "running", 18)
    assert worked_s(job, after(30)) == 30
