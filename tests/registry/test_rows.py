"""What a conductor's list makes of the runs that are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from jobs.conductor import JobRow
from jobs.registry.models import Conductor, Job
from jobs.registry.refresh import apply_rows, claim, mark_cleared
from jobs.terms import JobOrigin
from tests.factories import make_conductor, make_user

pytestmark = pytest.mark.django_db

SUBMITTED = 1795519835.1553707
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(job_id: str = "nightly", **fields: Any) -> JobRow:
    defaults = {
        "job_id": job_id,
        "status": "running",
        "config_path": f"/srv/{job_id}.yaml",
        "workspace": f"/srv/ws/{job_id}",
        "submitted_at": SUBMITTED,
        "started_at": SUBMITTED + 0.001,
        "progress_completed": 0,
        "progress_total": 3,
    }
    return JobRow.from_wire({k: v for k, v in {**defaults, **fields}.items() if v is not None})


def names(conductor: Conductor, rows: list[JobRow], at: datetime = NOW) -> list[str]:
    return [change.event for change in apply_rows(conductor, rows, at)]


def test_a_job_that_podium_did_not_submit_is_adopted() -> None:
    conductor = make_conductor()
    assert names(conductor, [row()]) == ["job.adopted"]
    job = Job.objects.get()
    assert job.origin == JobOrigin.OUTSIDE
    assert job.status == "running"
    assert (job.completed_sheets, job.total_sheets) == (0, 3)
    assert job.submitted_at == datetime.fromtimestamp(SUBMITTED, UTC)


def test_the_same_list_again_changes_nothing() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row()], NOW)
    assert names(conductor, [row()], NOW + timedelta(seconds=1)) == []
    assert Job.objects.count() == 1


def test_a_later_submit_of_the_name_is_a_new_run_and_the_old_one_keeps_its_history() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row(status="completed")], NOW)
    later = row(submitted_at=SUBMITTED + 100, started_at=SUBMITTED + 101)
    events = names(conductor, [later], NOW + timedelta(minutes=2))
    assert events == ["job.gone", "job.adopted"]
    old, new = Job.objects.order_by("id")
    assert (old.status, old.gone_reason) == ("completed", "replaced")
    assert (new.status, new.gone_at) == ("running", None)


def test_runs_of_one_name_a_microsecond_apart_are_two_runs() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row(submitted_at=SUBMITTED)], NOW)
    apply_rows(conductor, [row(submitted_at=SUBMITTED + 0.000001)], NOW + timedelta(seconds=1))
    assert Job.objects.count() == 2


def test_a_row_that_is_no_longer_listed_has_vanished() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row(), row("other")], NOW)
    later = NOW + timedelta(seconds=1)
    assert names(conductor, [row("other")], later) == ["job.gone"]
    assert Job.objects.get(job_id="nightly").gone_reason == "vanished"
    assert names(conductor, [row(), row("other")], later + timedelta(seconds=1)) == ["job.returned"]
    assert Job.objects.get(job_id="nightly").gone_at is None


def test_a_job_cleared_by_us_says_so_even_when_the_relay_noticed_first() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row()], NOW)
    apply_rows(conductor, [], NOW + timedelta(seconds=1))
    job = Job.objects.get()
    assert not mark_cleared(job, NOW + timedelta(seconds=1))
    job.refresh_from_db()
    assert job.gone_reason == "cleared"


def test_an_answer_to_an_earlier_question_does_not_overwrite_a_later_one() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row()], NOW)
    apply_rows(conductor, [row(status="completed")], NOW + timedelta(seconds=2))
    assert names(conductor, [row()], NOW + timedelta(seconds=1)) == []
    assert names(conductor, [], NOW + timedelta(seconds=1)) == []
    assert Job.objects.get().status == "completed"


def test_an_older_list_does_not_bring_a_replaced_run_back() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row()], NOW)
    apply_rows(conductor, [row(submitted_at=SUBMITTED + 9)], NOW + timedelta(seconds=2))
    assert names(conductor, [row()], NOW + timedelta(seconds=1)) == []
    assert Job.objects.get(gone_at=None).submitted_at == datetime.fromtimestamp(SUBMITTED + 9, UTC)


def test_status_changes_are_told_under_the_protocols_names() -> None:
    conductor = make_conductor()
    told = []
    statuses = ["pending", "running", "paused", "running", "cancelled", "running", "completed"]
    for second, status in enumerate(statuses):
        told += names(conductor, [row(status=status)], NOW + timedelta(seconds=second))
    assert told == [
        "job.adopted",
        "job.started",
        "job.paused",
        "job.resuming",
        "job.cancelled",
        "job.resuming",
        "job.completed",
    ]


def test_a_run_that_was_resumed_and_failed_again_between_two_looks_tells_both() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row(status="failed")], NOW)
    again = row(status="failed", started_at=SUBMITTED + 60)
    assert names(conductor, [again], NOW + timedelta(minutes=2)) == ["job.resuming", "job.failed"]


def test_an_unknown_status_is_kept_as_it_is() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row()], NOW)
    told = names(conductor, [row(status="hibernating")], NOW + timedelta(seconds=1))
    assert told == ["job.status"]
    assert Job.objects.get().status == "hibernating"


def test_what_a_row_leaves_out_stays_unknown() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [JobRow(job_id="bare", status="running")], NOW)
    job = Job.objects.get()
    assert (job.completed_sheets, job.total_sheets, job.started_at) == (None, None, None)


def test_our_own_submit_is_matched_by_its_file_and_not_doubled() -> None:
    conductor = make_conductor()
    user = make_user("nobody")
    job, _ = claim(
        conductor, "nightly", "/srv/nightly.yaml", since=NOW, submitted_by=user,
        submitted_by_name=user.username,
    )  # fmt: skip
    assert names(conductor, [row()]) == ["job.submitted", "job.started", "job.progress"]
    job.refresh_from_db()
    assert job.origin == JobOrigin.CONSOLE
    assert job.submitted_at is not None
    assert Job.objects.count() == 1


def test_a_run_that_the_relay_saw_first_becomes_ours() -> None:
    conductor = make_conductor()
    sent = datetime.fromtimestamp(SUBMITTED, UTC) - timedelta(milliseconds=5)
    apply_rows(conductor, [row()], NOW)
    job, changes = claim(
        conductor, "nightly", "/srv/nightly.yaml", since=sent, submitted_by_name="ann"
    )
    assert [change.event for change in changes] == ["job.submitted"]
    assert job == Job.objects.get()
    assert Job.objects.get().origin == JobOrigin.CONSOLE


def test_a_file_that_this_console_wrote_is_not_taken_for_an_outsiders() -> None:
    conductor = make_conductor()
    path = Path(settings.PODIUM_SUBMISSIONS) / "some-uuid" / "nightly.yaml"
    assert names(conductor, [row(config_path=str(path))]) == ["job.submitted"]
    assert Job.objects.get().origin == JobOrigin.CONSOLE


def test_a_fresh_submit_is_not_given_up_when_the_list_does_not_show_it_yet() -> None:
    conductor = make_conductor()
    job, _ = claim(conductor, "nightly", "/srv/nightly.yaml", since=NOW)
    assert names(conductor, [], job.first_seen_at + timedelta(seconds=5)) == []
    assert names(conductor, [], job.first_seen_at + timedelta(seconds=90)) == ["job.gone"]


def test_rows_that_cannot_be_stored_are_passed_over_and_counted() -> None:
    conductor = make_conductor()
    rows = [row("a\0b"), row("x" * 300), row("good", error_message="bad \0 byte", status="failed")]
    changes = apply_rows(conductor, rows, NOW)
    assert changes.unreadable == 2
    assert Job.objects.get().error_message == "bad \ufffd byte"


def test_the_error_of_a_failed_run_goes_when_it_runs_again() -> None:
    conductor = make_conductor()
    apply_rows(conductor, [row(status="failed", error_message="it broke")], NOW)
    apply_rows(conductor, [row(status="running")], NOW + timedelta(seconds=1))
    assert Job.objects.get().error_message == ""


def test_two_conductors_may_have_the_same_job() -> None:
    for conductor in (make_conductor(), make_conductor()):
        apply_rows(conductor, [row()], NOW)
    assert Job.objects.filter(job_id="nightly", gone_at=None).count() == 2
