"""Two runs side by side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.admin.job import comparison
from jobs.registry.models import Job, Score, ScoreVersion, Sheet
from tests.admin.visitors import Page, Visitor, visitor_for
from tests.factories import EPOCH, make_job, make_sheet, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def compared(visitor: Visitor, a: Job | str, b: Job | str, **query: str) -> Page:
    pks = {name: str(run.pk) if isinstance(run, Job) else run for name, run in (("a", a), ("b", b))}
    return visitor.get("/jobs/job/compare/", **{k: v for k, v in pks.items() if v}, **query)


def run(**fields: Any) -> Job:
    return make_job(**{"score_name": "nightly", "status": "completed"} | fields)


def order_of(page: Page, *numbers: int) -> list[int]:
    """The sheets in the order in which their rows stand."""
    return sorted(numbers, key=lambda number: page.html.index(f'<th scope="row">{number}'))


def test_what_came_out_differently_stands_first(vera: Visitor) -> None:
    a, b = run(), run(status="failed")
    for number in range(1, 6):
        make_sheet(a, number, status="completed", validation_passed=True)
        make_sheet(
            b,
            number,
            status="failed" if number == 4 else "completed",
            validation_passed=number != 5,
        )
    make_sheet(b, 6, status="completed")
    page = compared(vera, a, b)
    assert order_of(page, 1, 2, 3, 4, 5, 6) == [4, 6, 5, 1, 2, 3]
    assert "3 of 6 came out differently" in page.part("compare-count")
    assert "no such sheet" in page.text


def test_times_and_costs_are_told_and_nothing_is_invented(vera: Visitor) -> None:
    a = run(cost_usd=None, completed_sheets=None)
    b = run(cost_usd=1.5)
    make_sheet(a, 1, status="completed", duration_s=10.0)
    make_sheet(b, 1, status="completed", duration_s=14.0, details={"cost_usd": 0.25})
    make_sheet(a, 2, status="completed")
    make_sheet(
        b, 2, status="completed", started_at=EPOCH, completed_at=EPOCH + timedelta(seconds=90)
    )
    page = compared(vera, a, b)
    assert "+4.0 s" in page.text
    assert "$1.50" in page.text
    assert "$0.25" in page.text
    assert "1 min 30 s" in page.text
    assert "$0.00" not in page.text
    facts = page.part("compare-facts")
    assert "Cost not reported $1.50" in facts


def test_odd_costs_of_a_conductor_are_not_shown(vera: Visitor) -> None:
    a, b = run(), run()
    make_sheet(a, 1, status="completed", details={"cost_usd": "<b>"})
    make_sheet(b, 1, status="completed", details={"cost_usd": None})
    assert compared(vera, a, b).status == 200


def test_arguments_that_differ_are_marked(vera: Visitor) -> None:
    page = compared(vera, run(workspace="/srv/<a>"), run(workspace="/srv/b"))
    assert "/srv/<a> /srv/b differs" in page.part("compare-facts")
    assert "<a>" not in page.html.replace("<a> ", "")


def test_the_scores_are_compared(vera: Visitor) -> None:
    score = Score.objects.create(name="nightly")
    one, two = (
        ScoreVersion.objects.create(
            score=score,
            number=number,
            sha256=str(number) * 64,
            text=f"x: {number}\n",
            author_name="o",
        )
        for number in (1, 2)
    )
    page = compared(vera, run(score_version=one), run(score_version=two))
    assert "− x: 1" in page.part("diff")
    assert "+ x: 2" in page.part("diff")
    assert "same text" in compared(vera, run(score_version=one), run(score_version=one)).text
    assert "does not keep the text of both" in compared(vera, run(), run(score_version=one)).text
    user = make_user("nobody")
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    withheld = compared(visitor_for(user), run(score_version=one), run(score_version=two))
    assert withheld.status == 200
    assert not withheld.has("diff")


def test_the_run_before_is_taken_where_only_one_is_named(vera: Visitor) -> None:
    run(score_name="other")
    before = run(job_id="the-one-before")
    run(score_name="other")
    page = compared(vera, "", run())
    assert "the-one-before" in page.part("compare-facts")
    assert page.all("option", value=str(before.pk))


def test_a_bad_run_is_compared_with_the_last_good_one(vera: Visitor) -> None:
    run(job_id="long-ago")
    run(job_id="the-good-one")
    run(job_id="also-bad", status="failed")
    facts = compared(vera, "", run(status="failed")).part("compare-facts")
    assert "the-good-one" in facts
    assert "also-bad" not in facts


def test_a_run_is_not_offered_as_its_own_earlier_one(vera: Visitor) -> None:
    job = make_job()
    page = vera.get("/jobs/job/compare/", b=job.pk)
    assert len(page.all("option", value=str(job.pk))) == 1


def test_there_is_something_to_choose_without_any(vera: Visitor) -> None:
    job = run(job_id='<b>"odd"')
    page = compared(vera, "", "")
    assert page.has("compare-none")
    assert page.all("option", value=str(job.pk))
    assert "<b>" not in page.html
    assert compared(vera, job, job).has("compare-same")
    assert "no earlier job" in compared(vera, "", job).text


@pytest.mark.parametrize("asked", ["4711", "x", "-1", "9" * 30, "²"])
def test_a_run_that_is_not_there_is_not_found(vera: Visitor, asked: str) -> None:
    assert compared(vera, run(), asked).status == 404
    assert compared(vera, asked, run()).status == 404


def test_runs_that_one_may_not_see_are_not_compared(nemo: Visitor) -> None:
    user = make_user("nobody")
    user.user_permissions.add(Permission.objects.get(codename="view_auditrecord"))
    assert compared(visitor_for(user), run(), run()).status == 404
    assert compared(nemo, run(), run()).status == 302


def grow(job: Job, count: int, status: str = "completed") -> None:
    start = job.sheets.count()
    Sheet.objects.bulk_create(
        Sheet(job=job, number=start + number + 1, status=status) for number in range(count)
    )


def test_many_sheets_are_paged(vera: Visitor) -> None:
    a, b = run(), run()
    grow(a, 5_000)
    grow(b, 4_999)
    grow(b, 1, "failed")
    page = compared(vera, a, b)
    assert "1 of 5000 came out differently" in page.part("compare-count")
    assert order_of(page, 5_000, 1) == [5_000, 1]
    assert len(page.html) < 300_000
    assert '<th scope="row">4999' in compared(vera, a, b, page="50").html


def test_beyond_the_bound_it_is_said_that_not_all_are_compared(
    vera: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MAX_SHEETS", 3)
    a, b = run(), run()
    grow(a, 4)
    grow(b, 4)
    page = compared(vera, a, b)
    assert "of 3 came out differently; only the first" in page.part("compare-count")


def test_queries_do_not_grow_with_the_sheets_or_runs(vera: Visitor) -> None:
    a, b = run(), run()

    def queries() -> int:
        compared(vera, a, b)
        with CaptureQueriesContext(connection) as captured:
            assert compared(vera, a, b).status == 200
        return len(captured)

    grow(a, 2)
    grow(b, 2)
    few = queries()
    grow(a, 150)
    grow(b, 150)
    for _ in range(8):
        run()
    assert queries() == few
    assert few <= 14
