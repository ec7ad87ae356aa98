"""What earlier runs let expect of one that goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.registry.estimates import Earlier, Estimate, earlier_runs, estimate
from jobs.registry.models import Job
from tests.factories import make_job

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def expected(*earlier: Earlier, **fields: Any) -> Estimate | None:
    defaults: dict[str, Any] = {
        "total": 10,
        "done": 0,
        "at_work_s": 0.0,
        "last_done_s": None,
        "now": NOW,
        "is_running": True,
    }
    return estimate(earlier, **defaults | fields)


def test_without_an_earlier_run_nothing_is_expected() -> None:
    assert expected() is None


def test_the_median_of_earlier_runs_is_expected() -> None:
    found = expected(Earlier(100, 10), Earlier(120, 10), Earlier(900, 10), at_work_s=20)
    assert found is not None
    assert (found.runs, found.left_s) == (3, 100)
    assert found.ends_at == NOW + timedelta(seconds=100)
    assert (found.least_s, found.most_s) == (100, 900)


def test_sheets_that_are_done_count_for_more_than_the_clock() -> None:
    found = expected(Earlier(100, 10), done=8, at_work_s=300, last_done_s=295)
    assert found is not None
    assert found.left_s == 15


def test_runs_with_another_number_of_sheets_count_by_the_sheet() -> None:
    found = expected(Earlier(50, 5), total=10)
    assert found is not None
    assert found.is_scaled
    assert found.whole_s == 100


def test_runs_with_as_many_sheets_are_preferred() -> None:
    found = expected(Earlier(50, 5), Earlier(300, 10))
    assert found is not None
    assert (found.runs, found.whole_s, found.is_scaled) == (1, 300, False)


def test_a_run_that_takes_longer_is_overdue_and_not_negative() -> None:
    found = expected(Earlier(100, 10), at_work_s=500)
    assert found is not None
    assert found.is_overdue
    assert found.ends_at == NOW


def test_a_run_that_stands_has_work_left_and_no_end() -> None:
    found = expected(Earlier(100, 10), is_running=False, at_work_s=40)
    assert found is not None
    assert (found.left_s, found.ends_at) == (60, None)


@pytest.mark.django_db
def test_only_completed_earlier_whole_runs_of_the_same_score_count() -> None:
    def run(**fields: Any) -> None:
        defaults = {
            "score_name": "nightly",
            "status": "completed",
            "started_at": NOW,
            "completed_at": NOW + timedelta(seconds=60),
        }
        make_job(**defaults | fields)

    run()
    run(worked_s=30.0)
    run(status="failed")
    run(score_name="weekly")
    run(requested_start_sheet=2)
    run(completed_at=None)
    this = make_job(score_name="nightly")
    run()
    assert earlier_runs(this, Job.objects.all()) == [Earlier(30, 3), Earlier(60, 3)]


@pytest.mark.django_db
def test_history_is_read_with_one_question() -> None:
    for _ in range(5):
        make_job(score_name="n", status="completed", completed_at=datetime(2026, 1, 2, tzinfo=UTC))
    this = make_job(score_name="n")
    with CaptureQueriesContext(connection) as queries:
        assert len(earlier_runs(this, Job.objects.all())) == 5
    assert len(queries) == 1
