"""Lists: pages, filters, and only what the caller may see."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.live.events import EventDraft, store
from jobs.registry.models import Conductor
from tests.api.caller import Caller, caller_for
from tests.factories import EPOCH, make_conductor, make_job, make_sheet, make_user


@pytest.fixture
def _five(transactional_db: None) -> list[int]:
    where = make_conductor(slug="main")
    return [make_job(conductor=where, job_id=f"job-{n}").pk for n in range(5)]


@pytest.mark.usefixtures("_five")
def test_pages_follow_one_another_without_gap_or_repeat(olga: Caller) -> None:
    seen, cursor, pages = [], None, 0
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = olga.get("/jobs", **query).json
        seen += [job["job_id"] for job in page["items"]]
        pages += 1
        cursor = page["next"]
        if cursor is None:
            break
    assert (seen, pages) == ([f"job-{n}" for n in (4, 3, 2, 1, 0)], 3)


@pytest.mark.usefixtures("_five")
def test_job_that_is_added_meanwhile_does_not_shift_the_pages(olga: Caller) -> None:
    first = olga.get("/jobs", limit=2).json
    make_job(job_id="new")
    second = olga.get("/jobs", limit=2, cursor=first["next"]).json
    assert [job["job_id"] for job in second["items"]] == ["job-2", "job-1"]


def test_filters_hold_together(olga: Caller) -> None:
    here, there = make_conductor(slug="here"), make_conductor(slug="there")
    make_job(conductor=here, job_id="a", status="failed", submitted_by_name="ann")
    make_job(conductor=here, job_id="b", status="completed", submitted_by_name="bob")
    make_job(conductor=there, job_id="c", status="failed", origin="outside", gone_at=EPOCH)

    def found(**query: object) -> list[str]:
        return [job["job_id"] for job in olga.get("/jobs", **query).json["items"]]

    assert found(status=["failed", "cancelled"]) == ["c", "a"]
    assert found(status="failed", conductor="here") == ["a"]
    assert found(submitted_by="bob") == ["b"]
    assert found(origin="outside") == ["c"]
    assert found(is_gone="false") == ["b", "a"]
    assert found(job_id="a") == ["a"]
    assert found(since=(EPOCH + timedelta(days=365)).isoformat()) == []


@pytest.mark.usefixtures("_five")
def test_list_of_jobs_takes_a_fixed_number_of_queries(olga: Caller) -> None:
    olga.get("/jobs")  # the first use of a token is noted
    counts = []
    for limit in (1, 5):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(olga.get("/jobs", limit=limit).json["items"]) == limit
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nobody_sees_nothing(nemo: Caller) -> None:
    make_job()
    assert nemo.get("/jobs").json == {"items": [], "next": None}
    assert nemo.get("/conductors").json["items"] == []


def test_what_was_not_reported_is_null_and_never_zero(olga: Caller) -> None:
    job = make_job(total_sheets=None, completed_sheets=None, started_at=None)
    shown = olga.get(f"/jobs/{job.pk}").json
    assert (shown["total_sheets"], shown["completed_sheets"], shown["started_at"]) == (
        None,
        None,
        None,
    )
    make_sheet(job)
    sheet = olga.get(f"/jobs/{job.pk}/sheets").json["items"][0]
    assert (sheet["attempts"], sheet["exit_code"], sheet["stdout_tail"]) == (None, None, None)


def test_times_of_a_resumed_job_are_those_of_its_page(olga: Caller) -> None:
    resumed_at, ended_at = EPOCH + timedelta(seconds=69), EPOCH + timedelta(seconds=72.6)
    job = make_job(
        status="completed",
        started_at=resumed_at,
        completed_at=ended_at,
        first_started_at=EPOCH,
        worked_s=8.5,
    )
    shown = olga.get(f"/jobs/{job.pk}").json
    assert datetime.fromisoformat(shown["started_at"]) == resumed_at
    assert datetime.fromisoformat(shown["first_started_at"]) == EPOCH
    assert shown["worked_s"] == 8.5


def test_times_that_nobody_knows_are_null(olga: Caller) -> None:
    job = make_job(status="failed", started_at=None)
    shown = olga.get(f"/jobs/{job.pk}").json
    assert (shown["first_started_at"], shown["worked_s"]) == (None, None)
    make_sheet(job)
    sheet = olga.get(f"/jobs/{job.pk}/sheets").json["items"][0]
    assert (sheet["duration_s"], sheet["total_duration_s"]) == (None, None)


def test_a_sheet_has_the_time_of_its_last_attempt_and_of_all(olga: Caller) -> None:
    job = make_job()
    make_sheet(job, attempts=3, duration_s=1.3, details={"total_duration_seconds": 3.8})
    sheet = olga.get(f"/jobs/{job.pk}/sheets").json["items"][0]
    assert (sheet["duration_s"], sheet["total_duration_s"]) == (1.3, 3.8)


def test_sheets_come_by_number(olga: Caller) -> None:
    job = make_job()
    for number in (3, 1, 2):
        make_sheet(job, number)
    first = olga.get(f"/jobs/{job.pk}/sheets", limit=2).json
    assert [sheet["number"] for sheet in first["items"]] == [1, 2]
    rest = olga.get(f"/jobs/{job.pk}/sheets", cursor=first["next"]).json
    assert ([sheet["number"] for sheet in rest["items"]], rest["next"]) == ([3], None)


def test_events_come_in_order_after_the_last_that_is_known(olga: Caller) -> None:
    job, other = make_job(), make_job()
    store(
        [
            EventDraft("main", which.pk, which.job_id, f"sheet.{n}", n, {"n": n}, timezone.now())
            for n, which in enumerate([job, other, job, job], start=1)
        ]
    )
    page = olga.get(f"/jobs/{job.pk}/events", limit=2).json
    assert [event["event"] for event in page["items"]] == ["sheet.1", "sheet.3"]
    last = page["items"][-1]["seq"]
    rest = olga.get(f"/jobs/{job.pk}/events", cursor=last).json["items"]
    assert [(event["sheet"], event["data"], event["job"]) for event in rest] == [
        (4, {"n": 4}, job.pk)
    ]


def test_conductors_show_what_was_last_heard(vera: Caller, conductor: Conductor) -> None:
    [shown] = vera.get("/conductors").json["items"]
    assert (shown["slug"], shown["is_reachable"]) == ("main", None)
    assert "socket_path" not in shown


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "moment"),
    [("since", "0001-01-01T00:00:00+23:59"), ("until", "9999-12-31T23:59:59-23:59")],
)
@pytest.mark.parametrize("path", ["/jobs", "/audit", "/audit/export"])
def test_moment_at_the_edge_of_the_calendar_is_a_problem_of_the_caller(
    path: str, name: str, moment: str
) -> None:
    assert caller_for(make_user("admin")).get(path, **{name: moment}).status == 422
