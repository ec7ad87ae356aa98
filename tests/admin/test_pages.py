"""What the pages say about runs, sheets and conductors."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jobs.live.models import Event, EventCounter
from jobs.registry.models import Conductor, Job, Score, ScoreVersion
from jobs.scores import samples
from jobs.terms import JobOrigin
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor, make_job, make_sheet

pytestmark = pytest.mark.django_db(transaction=True)


def open_job(visitor: Visitor, job: Job, **query: Any) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/change/", **query)


def write(job: Job, preview: str, *, sheet: int = 1, **data: Any) -> None:
    """An event with a piece of output."""
    counter, _ = EventCounter.objects.get_or_create(pk=1)
    counter.seq += 1
    counter.save()
    Event.objects.create(
        seq=counter.seq,
        at=timezone.now(),
        conductor=job.conductor.slug,
        job_pk=job.pk,
        event="sheet.output",
        sheet=sheet,
        data={"preview": preview, "length": len(preview), "stream": "stdout"} | data,
    )


def test_overview_without_anything_says_what_to_do_next(olga: Visitor) -> None:
    page = olga.get("/")
    assert "Nothing runs at the moment" in page.text
    assert "/jobs/job/add/?sample=hello" in page.links()


def test_overview_does_not_invite_a_viewer_to_submit(vera: Visitor) -> None:
    assert "/jobs/job/add/" not in vera.get("/").html


def test_overview_shows_what_runs_and_what_failed_lately(olga: Visitor) -> None:
    make_job(job_id="goes-on")
    make_job(job_id="broke", status="failed", completed_at=timezone.now())
    page = olga.get("/")
    assert "goes-on" in page.part("running-jobs")
    assert "broke" in page.part("needs-attention")


def test_conductor_that_is_down_is_told_with_cause_and_age(olga: Visitor) -> None:
    make_conductor(
        name="Studio",
        is_reachable=False,
        unreachable_message="Nobody listens on the socket.",
        unreachable_since=timezone.now() - timedelta(minutes=14),
        last_answer_at=timezone.now() - timedelta(minutes=14),
    )
    text = olga.get("/").part("needs-attention")
    assert "Studio is not reachable Last heard 14 min ago . Nobody listens on the socket." in text


def test_conductor_that_nobody_asked_lately_is_not_called_reachable(olga: Visitor) -> None:
    make_conductor(is_reachable=True, last_answer_at=timezone.now() - timedelta(minutes=5))
    text = olga.get("/").part("conductors")
    assert "no news" in text
    assert " reachable" not in text


def test_overview_warns_of_a_conductor_that_runs_as_the_console_does(
    olga: Visitor, tmp_path: Path
) -> None:
    (tmp_path / "c.sock").touch()
    make_conductor(socket_path=str(tmp_path / "c.sock"))
    assert "Runs as the same user as this console" in olga.get("/").part("shares-user")


def test_what_a_conductor_did_not_say_is_not_reported(olga: Visitor) -> None:
    conductor = make_conductor(is_reachable=True, last_answer_at=timezone.now())
    text = olga.get(f"/jobs/conductor/{conductor.pk}/change/").text
    assert text.count("not reported") >= 5


def test_job_page_says_how_old_its_knowledge_is_when_the_conductor_is_down(
    olga: Visitor,
) -> None:
    conductor = make_conductor(
        is_reachable=False,
        unreachable_since=timezone.now(),
        last_answer_at=timezone.now() - timedelta(minutes=3),
    )
    job = make_job(conductor=conductor, refreshed_at=timezone.now() - timedelta(minutes=4))
    text = open_job(olga, job).part("stale-note")
    assert "does not answer, last heard 3 min ago" in text
    assert "4 min ago" in text


def test_unknown_status_is_shown_as_it_is(olga: Visitor) -> None:
    page = open_job(olga, make_job(status="frobnicating"))
    assert "frobnicating" in page.part("job-status")


def test_sheets_show_what_was_reported_and_a_dash_for_what_was_not(olga: Visitor) -> None:
    job = make_job()
    make_sheet(job, 1, status="completed", attempts=1, max_retries=2, exit_code=0, duration_s=4.21)
    make_sheet(job, 2, status="dispatched")
    page = open_job(olga, job)
    assert "1 / 2 4.2 s 0" in page.part("sheet-1")
    assert "attempts not reported" in page.part("sheet-2")
    assert "running" in page.part("sheet-2-status")


def test_sheet_under_way_of_an_ended_job_is_stopped(olga: Visitor) -> None:
    job = make_job(status="cancelled")
    make_sheet(job, 1, status="dispatched")
    assert page_status(open_job(olga, job), 1) == "stopped"


def page_status(page: Page, number: int) -> str:
    return page.part(f"sheet-{number}-status").strip("> ").split(" ")[0]


def test_failure_names_sheet_exit_code_and_last_lines(olga: Visitor) -> None:
    job = make_job(status="failed", error_message="Sheet 2 gave up")
    make_sheet(job, 2, status="failed", exit_code=7, stderr_tail="one\ntwo\nno such file\n")
    text = open_job(olga, job).part("failure")
    assert "Failed at sheet 2" in text
    assert "exit code 7" in text
    assert "no such file" in text


def test_failure_without_an_exit_code_says_that_none_was_reported(olga: Visitor) -> None:
    job = make_job(status="failed")
    make_sheet(job, 1, status="failed")
    assert "exit code not reported" in open_job(olga, job).part("failure")


@pytest.mark.parametrize("kind", Conductor.Kind)
def test_conductor_that_has_sent_no_output_is_said_to_have_sent_none(
    olga: Visitor, kind: Conductor.Kind
) -> None:
    job = make_job(conductor=make_conductor(kind=kind), status="completed")
    assert "has reported no output so far" in open_job(olga, job).text
    Conductor.objects.update(has_sent_output=True)
    assert "has reported no output so far" not in open_job(olga, job).text


def test_output_is_shown_line_by_line(olga: Visitor) -> None:
    job = make_job()
    write(job, "first\nsec")
    write(job, "ond\n")
    page = open_job(olga, job)
    assert "first" in page.part("output")
    assert "second" in page.part("output")


def test_output_after_the_page_s_point_in_the_log_is_left_to_the_socket(olga: Visitor) -> None:
    job = make_job()
    write(job, "before\n")
    Event.objects.create(
        seq=99,
        at=timezone.now(),
        conductor="c",
        job_pk=job.pk,
        event="sheet.output",
        sheet=1,
        data={"preview": "after\n"},
    )
    page = open_job(olga, job)
    assert "before" in page.part("output")
    assert "after " not in page.part("output")
    assert 'data-seq="1"' in page.html


def test_job_from_elsewhere_is_said_to_be(olga: Visitor) -> None:
    job = make_job(origin=JobOrigin.OUTSIDE)
    assert "Submitted outside the console" in open_job(olga, job).text
    assert "outside the console" in olga.get("/jobs/job/").text


def test_run_whose_name_was_taken_keeps_its_history_and_offers_nothing(olga: Visitor) -> None:
    job = make_job(status="failed", gone_at=timezone.now(), gone_reason="replaced")
    page = open_job(olga, job)
    assert "A later run has its name on the conductor. Its history stays here." in page.text
    assert not [link for link in page.links() if "?seen=" in link]


def test_start_sheet_that_was_ignored_is_told(olga: Visitor) -> None:
    job = make_job(requested_start_sheet=2)
    make_sheet(job, 1, status="completed")
    make_sheet(job, 2, status="completed")
    assert "yet this conductor ran sheets before it" in open_job(olga, job).text


def test_start_sheet_that_was_honoured_is_not_remarked_upon(olga: Visitor) -> None:
    job = make_job(requested_start_sheet=2)
    make_sheet(job, 1, status="skipped")
    make_sheet(job, 2, status="completed")
    assert "ran sheets before it" not in open_job(olga, job).text


def test_sheet_page_shows_all_that_was_told(olga: Visitor) -> None:
    job = make_job()
    make_sheet(job, 1, status="failed", stdout_tail="a\n" * 200, details={"voice": "alto"})
    page = olga.get(f"/jobs/job/{job.pk}/sheets/1/")
    assert "alto" in page.text
    assert page.html.count("a\n") >= 199


def test_sheets_have_the_names_that_the_score_gives_them(olga: Visitor) -> None:
    text = next(sample.text for sample in samples() if sample.slug == "hello")
    score = Score.objects.create(name="hello")
    version = ScoreVersion.objects.create(
        score=score, number=1, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text
    )
    job = make_job(score_version=version)
    make_sheet(job, 1)
    assert "Warm up" in open_job(olga, job).part("sheet-1")
    assert f"/jobs/score/{score.pk}/change/?version=1" in open_job(olga, job).links()


def test_job_list_can_be_searched_and_filtered(olga: Visitor) -> None:
    make_job(job_id="alpha", status="failed")
    make_job(job_id="beta")
    assert "beta" not in olga.get("/jobs/job/", q="alp").part("job-list")
    assert "alpha" not in olga.get("/jobs/job/", state="running").part("job-list")
    assert "No job fits these filters" in olga.get("/jobs/job/", state="queued").text


def test_empty_job_list_says_what_to_do_next(olga: Visitor, vera: Visitor) -> None:
    assert "Try the hello sample" in olga.get("/jobs/job/").text
    assert "Try the hello sample" not in vera.get("/jobs/job/").text


@pytest.mark.parametrize("query", ["state=%00", "conductor=%00", "by=%00", "o=99", "p=x", "q=%00"])
def test_nonsense_in_the_lists_address_breaks_nothing(olga: Visitor, query: str) -> None:
    make_job()
    assert olga.get(f"/jobs/job/?{query}", follow=True).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/jobs/job/", "/jobs/job/{job}/change/", "/jobs/conductor/", "/jobs/auditrecord/"]
)
def test_live_part_is_the_same_without_the_frame(root: Visitor, path: str) -> None:
    path = path.format(job=make_job(job_id="here").pk)
    answer = root.client.get(path, headers={"X-Podium-Live": "1"})
    html = answer.content.decode()
    assert "data-live" in html
    assert "<html" not in html
    assert "navigation" not in html


def test_live_part_does_not_bring_the_output_again(olga: Visitor) -> None:
    job = make_job()
    write(job, "only once\n")
    answer = olga.client.get(f"/jobs/job/{job.pk}/change/", headers={"X-Podium-Live": "1"})
    assert "only once" not in answer.content.decode()


def test_live_part_is_refused_to_whoever_is_logged_out(stranger: Visitor) -> None:
    answer = stranger.client.get("/", headers={"X-Podium-Live": "1"})
    assert answer.status_code == 302


def test_live_part_keeps_the_messages_for_the_next_page(olga: Visitor, running: Job) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    olga.client.get(f"/jobs/job/{running.pk}/change/", headers={"X-Podium-Live": "1"})
    assert "was told to pause" in open_job(olga, running).part("messages")
