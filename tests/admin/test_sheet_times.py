"""A sheet's time is the same on every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.registry.models import Job, Sheet
from jobs.registry.sheet_times import took_s
from tests.admin.scores_to_draw import kept, shaped
from tests.admin.visitors import Visitor
from tests.factories import EPOCH, make_job, make_sheet

PAGES = ("sheets", "graph", "timeline")


def run(**fields: Any) -> Job:
    return make_job(
        **{
            "status": "completed",
            "score_name": "nightly",
            "score_version": kept(shaped(1)),
            "started_at": EPOCH,
            "completed_at": EPOCH + timedelta(seconds=9),
        }
        | fields
    )


def tried(job: Job, number: int = 1, *, last_s: float = 1.3, total: Any = 3.8) -> Sheet:
    """A sheet that was tried three times."""
    return make_sheet(
        job,
        number,
        status="completed",
        attempts=3,
        duration_s=last_s,
        details={"total_duration_seconds": total},
        started_at=EPOCH,
        completed_at=EPOCH + timedelta(seconds=9),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tab", PAGES)
def test_a_tab_tells_the_time_of_all_attempts(vera: Visitor, tab: str) -> None:
    job = run()
    tried(job)
    text = vera.get(f"/jobs/job/{job.pk}/{tab}/").text
    assert "3.8 s" in text
    assert "1.3 s" not in text


@pytest.mark.django_db(transaction=True)
def test_a_comparison_tells_the_time_of_all_attempts(vera: Visitor) -> None:
    a, b = run(), run()
    tried(a)
    tried(b, total=2.6)
    row = vera.get("/jobs/job/compare/", a=str(a.pk), b=str(b.pk)).part("compare-sheets")
    assert "3.8 s 2.6 s −1.2 s" in row


@pytest.mark.django_db(transaction=True)
def test_a_sheet_s_page_names_the_last_attempt_as_such(vera: Visitor) -> None:
    job = run()
    tried(job)
    text = vera.get(f"/jobs/job/{job.pk}/sheets/1/").text
    assert "The last attempt took 1.3 s" in text
    assert "All attempts together 3.8 s" in text


@pytest.mark.django_db(transaction=True)
def test_a_sum_alone_is_not_called_the_last_attempt(vera: Visitor) -> None:
    job = run()
    tried(job, last_s=3.8)
    text = vera.get(f"/jobs/job/{job.pk}/sheets/1/").text
    assert "The last attempt took" not in text
    assert "All attempts together 3.8 s" in text


@pytest.mark.django_db(transaction=True)
def test_a_question_calls_the_sum_of_parallel_sheets_no_part_of_the_elapsed_time(
    olga: Visitor,
) -> None:
    job = run(status="failed", completed_at=EPOCH + timedelta(seconds=4.9))
    for number in (1, 2):
        tried(job, number, last_s=2.5)
    spent = olga.get(f"/jobs/job/{job.pk}/resume/").part("spent")
    assert "Time spent so far 4.9 s" in spent
    assert "Ended attempts of all sheets, added up 7.6 s" in spent
    assert "Of that" not in spent


@pytest.mark.parametrize("total", [None, 0, -1.0, True, "9", [9]])
def test_a_sum_that_is_none_leaves_what_was_reported(total: Any) -> None:
    assert took_s(2, total, 1.3, None, None) == 1.3


def test_an_end_before_the_start_took_no_time() -> None:
    assert took_s(1, None, None, EPOCH, EPOCH - timedelta(seconds=1)) == 0
