"""The tab that shows what the sheets of a run wait for."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.registry.models import Job, Sheet
from tests.admin.scores_to_draw import kept, shaped
from tests.admin.visitors import Page, Visitor, visitor_for
from tests.factories import make_job, make_sheet, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FAN = shaped(3, {2: 4}, {2: [1], 3: [2]})


def graph(visitor: Visitor, job: Job, **query: str) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/graph/", **query)


def nodes(page: Page) -> dict[str, dict[str, str]]:
    return {
        found["id"]: found
        for found in page.all("a")
        if found.get("class", "").startswith("node ") and "id" in found
    }


def make_sheets(job: Job, *statuses: str) -> None:
    Sheet.objects.bulk_create(
        Sheet(job=job, number=number, status=status)
        for number, status in enumerate(statuses, start=1)
    )


def test_whoever_may_see_a_job_sees_its_graph(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheets(job, "completed", "in_progress", "pending", "pending", "pending", "pending")
    page = graph(vera, job)
    assert page.status == 200
    assert list(nodes(page)) == ["n1", "n2", "n3", "n4", "n5", "n6"]


@pytest.mark.parametrize("tab", ["graph", "timeline"])
def test_whoever_may_not_see_jobs_is_told_that_there_is_none(nemo: Visitor, tab: str) -> None:
    job = make_job(score_version=kept(FAN))
    person = make_user("nobody")
    person.user_permissions.add(Permission.objects.get(codename="submit_job"))
    assert visitor_for(person).get(f"/jobs/job/{job.pk}/{tab}/").status == 404
    assert nemo.get(f"/jobs/job/{job.pk}/{tab}/").url.startswith("/login/")


NAMED = shaped(2, None, {2: [1]}, {1: "Gather secrets", 2: "Bury them"})
TABS = ("change/", "sheets/", "sheets/1/", "graph/", "timeline/", "log/", "log/?sheet=1")


@pytest.mark.parametrize("tab", TABS)
def test_names_of_sheets_are_withheld_like_the_score_that_they_stand_in(
    vera: Visitor, tab: str
) -> None:
    now = timezone.now()
    job = make_job(status="failed", score_version=kept(NAMED))
    for number in (1, 2):
        make_sheet(job, number=number, status="failed", started_at=now, completed_at=now)
    address = f"/jobs/job/{job.pk}/{tab}"
    assert "Gather secrets" in vera.get(address).html
    person = make_user("nobody")
    person.user_permissions.add(Permission.objects.get(codename="view_job"))
    page = visitor_for(person).get(address)
    assert page.status == 200
    assert "Gather secrets" not in page.html
    assert "Bury them" not in page.html
    assert not nodes(page)


def test_names_of_sheets_are_withheld_from_a_comparison_too(vera: Visitor) -> None:
    jobs = [make_job(status="failed", score_version=kept(NAMED)) for _ in range(2)]
    for job in jobs:
        make_sheet(job, number=1, status="failed")
    address = f"/jobs/job/compare/?a={jobs[0].pk}&b={jobs[1].pk}"
    assert "Gather secrets" in vera.get(address).html
    person = make_user("nobody")
    person.user_permissions.add(Permission.objects.get(codename="view_job"))
    page = visitor_for(person).get(address)
    assert page.status == 200
    assert "Gather secrets" not in page.html


def test_who_may_not_view_scores_is_told_why_there_is_no_picture() -> None:
    job = make_job(score_version=kept(NAMED))
    make_sheets(job, "completed", "completed")
    job.sheets.update(started_at=job.submitted_at, completed_at=timezone.now())
    person = make_user("nobody")
    person.user_permissions.add(Permission.objects.get(codename="view_job"))
    visitor = visitor_for(person)
    assert "right to view scores" in graph(visitor, job).text
    assert "right to view scores" in visitor.get(f"/jobs/job/{job.pk}/timeline/").text


def test_a_stranger_is_asked_to_log_in(stranger: Visitor) -> None:
    page = graph(stranger, make_job())
    assert page.status == 302
    assert "/login/" in page.url


def test_a_job_that_does_not_exist_is_not_found(vera: Visitor) -> None:
    assert vera.get("/jobs/job/987654/graph/").status == 404


def test_each_node_says_in_words_how_its_sheet_is(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheets(job, "completed", "failed", "in_progress", "skipped", "pending")
    page = graph(vera, job)
    assert "tone-ok" in nodes(page)["n1"]["class"]
    assert "tone-bad" in nodes(page)["n2"]["class"]
    assert "Sheet 2: failed; waits for 1" in page.text
    assert "Sheet 6: not reported; waits for 2–5" in page.text


def test_a_node_leads_to_its_sheet(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheets(job, *["pending"] * 6)
    assert nodes(graph(vera, job))["n4"]["href"] == "../sheets/4/"
    assert vera.get(f"/jobs/job/{job.pk}/sheets/4/").status == 200


def test_only_one_node_is_a_stop_of_the_tab_key(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheets(job, *["pending"] * 6)
    stops = [node for node in nodes(graph(vera, job)).values() if "tabindex" not in node]
    assert len(stops) == 1


def test_the_list_says_the_same_as_the_picture(vera: Visitor) -> None:
    job = make_job(score_version=kept(shaped(4, None, {2: [1], 3: [1], 4: [2, 3]}, {4: "Merge"})))
    make_sheets(job, "completed", "completed", "in_progress", "pending")
    words = graph(vera, job).part("graph-list")
    assert "Sheet 4: Merge pending after 2–3" in " ".join(words.split())
    assert "Sheet 1 completed" in words
    assert "waits for none" in words


def test_a_duration_that_was_not_reported_is_not_invented(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheet(job, 1, status="completed")
    make_sheet(job, 2, status="completed", duration_s=4.2)
    page = graph(vera, job)
    assert "Sheet 1: completed Sheet" in page.text
    assert "Sheet 2: completed, 4.2 s; waits for 1" in page.text


def test_a_running_sheet_counts_on(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheet(job, 1, status="in_progress", started_at=timezone.now())
    assert [found for found in graph(vera, job).all("tspan") if "data-since" in found]


def test_what_was_under_way_when_the_job_ended_is_stopped(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN), status="cancelled")
    make_sheets(job, "dispatched")
    assert "Sheet 1: stopped" in graph(vera, job).text


def test_a_status_that_nobody_knows_is_shown_as_it_is(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheets(job, "tuning_up")
    page = graph(vera, job)
    assert "Sheet 1: tuning up" in page.text
    assert "tone-odd" in nodes(page)["n1"]["class"]


def test_names_are_shown_and_not_obeyed(vera: Visitor) -> None:
    name = '<script>alert(1)</script>&"x\u202e'
    text = shaped(2, None, None, {1: name, 2: "W" * 500})
    job = make_job(score_version=kept(text))
    make_sheets(job, "completed", "<b>bold</b>")
    page = graph(vera, job)
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert "<b>bold" not in page.html
    assert "&lt;script&gt;alert(1)" in page.html
    assert "W" * 200 not in page.html


def test_a_job_whose_score_is_not_kept_gets_its_sheets_as_a_list(vera: Visitor) -> None:
    job = make_job(origin="outside")
    make_sheets(job, "completed", "in_progress", "pending")
    page = graph(vera, job)
    assert page.status == 200
    assert "submitted outside the console" in page.part("no-graph")
    assert not page.has("graph")
    assert page.links().count("../sheets/2/") == 1


def test_a_job_without_sheets_yet_shows_its_plan(vera: Visitor) -> None:
    page = graph(vera, make_job(score_version=kept(FAN), status="queued"))
    assert len(nodes(page)) == 6


def test_a_score_that_is_too_long_is_not_drawn(vera: Visitor) -> None:
    text = FAN + "# " + "x" * 250_000
    page = graph(vera, make_job(score_version=kept(text)))
    assert page.status == 200
    assert "too long" in page.part("no-graph")


def test_a_score_with_circles_is_not_drawn(vera: Visitor) -> None:
    text = shaped(3, None, {1: [3], 2: [1], 3: [2]})
    page = graph(vera, make_job(score_version=kept(text)))
    assert page.status == 200
    assert page.has("no-graph")


def test_ten_thousand_sheets_are_few_cells_with_their_counts(vera: Visitor) -> None:
    job = make_job(score_version=kept(shaped(3, {2: 9_998}, {2: [1], 3: [2]})))
    make_sheets(job, *["completed"] * 7_000, "failed", *["pending"] * 2_999)
    page = graph(vera, job)
    assert page.status == 200
    assert len(nodes(page)) < 200
    assert "1 failed" in page.text
    assert len(page.html) < 200_000


def test_a_refresh_does_not_bring_the_lines_again(vera: Visitor) -> None:
    job = make_job(score_version=kept(FAN))
    make_sheets(job, *["pending"] * 6)
    fresh = vera.client.get(f"/jobs/job/{job.pk}/graph/", headers={"X-Podium-Live": "1"})
    html = fresh.content.decode()
    assert 'id="n6"' in html
    assert 'class="edge' not in html.partition('id="graph-nodes"')[0].rpartition("<svg")[2]


@pytest.mark.parametrize("tab", ["graph", "timeline"])
def test_queries_do_not_grow_with_the_sheets(vera: Visitor, tab: str) -> None:
    few, many = (make_job(score_version=kept(shaped(count), f"row-{count}")) for count in (3, 500))
    now = timezone.now()
    for job, count in ((few, 3), (many, 500)):
        Sheet.objects.bulk_create(
            Sheet(
                job=job, number=n, status="completed", started_at=now, completed_at=now, attempts=2
            )
            for n in range(1, count + 1)
        )
    counts = []
    for job in (few, many):
        vera.get(f"/jobs/job/{job.pk}/{tab}/")
        with CaptureQueriesContext(connection) as captured:
            assert vera.get(f"/jobs/job/{job.pk}/{tab}/").status == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_five_hundred_sheets_fit_the_budget_of_a_first_load(vera: Visitor) -> None:
    job = make_job(score_version=kept(shaped(500)))
    make_sheets(job, *["completed"] * 500)
    assert len(graph(vera, job).html) < 280_000
