"""The tab that shows when the sheets of a run were worked on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.admin.job.critical_path import critical_path
from jobs.admin.job.spans import Span, idle_stretches, in_places
from jobs.admin.job.ticks import MOST, ticks
from jobs.admin.looks import Look
from jobs.live.models import Event
from jobs.registry.models import Job, Sheet
from tests.admin.scores_to_draw import expansion, kept, shaped
from tests.admin.visitors import Page, Visitor
from tests.factories import EPOCH, make_job, make_sheet

DIAMOND = {2: [1], 3: [1], 4: [2, 3]}


def timeline(visitor: Visitor, job: Job, **query: str) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/timeline/", **query)


def ran(job: Job, number: int, start: float, end: float | None, **fields: Any) -> Sheet:
    return make_sheet(
        job,
        number,
        **{
            "status": "completed" if end is not None else "in_progress",
            "started_at": EPOCH + timedelta(seconds=start),
            "completed_at": None if end is None else EPOCH + timedelta(seconds=end),
        }
        | fields,
    )


def ended(**fields: Any) -> Job:
    return make_job(
        **{
            "status": "completed",
            "started_at": EPOCH,
            "completed_at": EPOCH + timedelta(seconds=100),
        }
        | fields
    )


def bars(page: Page) -> dict[str, dict[str, str]]:
    """Each bar's own link."""
    return {
        found["id"]: found
        for found in page.all("a")
        if found.get("id", "").removeprefix("s").isdigit() and found.get("id", "").startswith("s")
    }


def visit_sheets(visitor: Visitor, job: Job) -> str:
    return visitor.get(f"/jobs/job/{job.pk}/sheets/").part("sheet-1")


def tell(job: Job, seconds: float, event: str, sheet: int | None = None, **data: str) -> None:
    seq = Event.objects.count() + 1
    Event.objects.create(
        seq=seq,
        at=EPOCH + timedelta(seconds=seconds),
        job_pk=job.pk,
        conductor="c",
        event=event,
        sheet=sheet,
        data=data,
    )


class TestPage:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_each_sheet_with_times_has_a_bar(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(3)))
        ran(job, 1, 0, 40)
        ran(job, 2, 40, 90)
        make_sheet(job, 3)
        page = timeline(vera, job)
        assert page.status == 200
        assert list(bars(page)) == ["s1", "s2"]
        assert "1 more did not begin" in page.text

    def test_a_stranger_is_asked_to_log_in(self, stranger: Visitor) -> None:
        assert timeline(stranger, make_job()).status == 302

    def test_sums_are_of_what_was_reported(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(4, None, DIAMOND)))
        for number, start, end in ((1, 0, 20), (2, 20, 80), (3, 20, 50), (4, 80, 100)):
            ran(job, number, start, end)
        page = timeline(vera, job)
        assert "1 min 40 s" in page.part("time-whole")[:40]
        assert "2 min 10 s" in page.part("time-sum")[:40]
        assert "1.3 sheets" in page.part("time-at-once")[:40]

    def test_the_critical_path_is_marked_and_told_in_words(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(4, None, DIAMOND)))
        for number, start, end in ((1, 0, 20), (2, 20, 80), (3, 20, 50), (4, 80, 100)):
            ran(job, number, start, end)
        page = timeline(vera, job)
        critical = {key for key, bar in bars(page).items() if "is-critical" in bar["class"]}
        assert critical == {"s1", "s2", "s4"}
        assert "1 → 2 → 4" in page.text
        assert "These 3 sheets had to be done one after another" in page.part("path-words")

    def test_without_a_score_there_is_no_critical_path(self, vera: Visitor) -> None:
        job = ended(origin="outside")
        ran(job, 1, 0, 40)
        page = timeline(vera, job)
        assert "not known what these sheets wait for" in page.part("path-words")
        assert "not known" in page.part("time-critical")[:30]

    def test_times_that_were_not_reported_are_named_and_not_invented(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(3)))
        make_sheet(job, 1, status="completed")
        make_sheet(job, 2, status="completed", duration_s=5.0)
        make_sheet(job, 3, status="failed", completed_at=EPOCH)
        page = timeline(vera, job)
        assert page.status == 200
        assert bars(page) == {}
        assert "Times are not reported" in page.part("no-times")
        assert "3 sheets" in page.part("untimed")

    def test_a_job_that_did_not_begin_says_so(self, vera: Visitor) -> None:
        job = make_job(status="queued", started_at=None, score_version=kept(shaped(2)))
        make_sheet(job, 1)
        assert "No sheet has begun yet" in timeline(vera, job).part("no-times")

    def test_a_running_sheet_has_a_bar_that_grows(self, vera: Visitor) -> None:
        job = make_job(score_version=kept(shaped(2)), started_at=timezone.now())
        make_sheet(job, 1, status="in_progress", started_at=timezone.now() - timedelta(seconds=9))
        page = timeline(vera, job)
        assert "is-open" in bars(page)["s1"]["class"]
        assert page.all("line", id="time-now")

    def test_an_ended_job_has_no_line_of_now(self, vera: Visitor) -> None:
        job = ended()
        ran(job, 1, 0, 10)
        assert not timeline(vera, job).all("line", id="time-now")

    def test_a_failed_attempt_is_marked_where_it_failed(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(1)))
        at = (EPOCH + timedelta(seconds=25)).isoformat()
        ran(job, 1, 0, 100, attempts=2, details={"error_history": [{"timestamp": at}]})
        page = timeline(vera, job)
        assert [mark["cx"] for mark in page.all("circle") if "%" in mark.get("cx", "")] == ["25.0%"]
        assert "2 attempts" in page.text

    @pytest.mark.parametrize(
        "history",
        [
            "text",
            {"timestamp": "x"},
            [None, 3, "x"],
            [{"timestamp": 5}, {"timestamp": "soon"}, {"timestamp": "2026-01-01T00:00:05"}],
            [{"timestamp": "1999-01-01T00:00:00+00:00"}],
        ],
    )
    def test_an_error_history_may_be_anything(self, vera: Visitor, history: object) -> None:
        job = ended(score_version=kept(shaped(1)))
        ran(job, 1, 0, 100, attempts=2, details={"error_history": history})
        page = timeline(vera, job)
        assert page.status == 200
        assert not [mark for mark in page.all("circle") if "%" in mark.get("cx", "")]

    def test_attempts_before_a_resume_are_drawn_and_the_time_as_failed_is_named(
        self, vera: Visitor
    ) -> None:
        job = ended(score_version=kept(shaped(1)))
        history = [{"timestamp": (EPOCH + timedelta(seconds=at)).isoformat()} for at in (10, 30)]
        details = {"error_history": history, "total_duration_seconds": 40.0}
        ran(job, 1, 80, 100, attempts=3, details=details, duration_s=20.0)
        tell(job, 0, "sheet.started", sheet=1)
        tell(job, 20, "sheet.started", sheet=1)
        tell(job, 30, "job.failed")
        tell(job, 80, "job.resuming")
        page = timeline(vera, job)
        drawn = [found for found in page.all("rect") if found.get("class") == "tried"]
        assert [(one["x"], one["width"]) for one in drawn] == [
            ("0.0%", "10.0%"),
            ("20.0%", "10.0%"),
        ]
        waits = [one for one in page.all("line") if one.get("class") == "wait" and "%" in one["x1"]]
        assert [(one["x1"], one["x2"]) for one in waits] == [("10.0%", "20.000%")]
        assert "Ended until it was resumed, for 50 s" in page.text
        assert "Nothing ran for 50 s" not in page.text
        assert "40 s" in page.part("time-sum")[:20]
        assert "40 s" in visit_sheets(vera, job)

    def test_a_wait_for_another_attempt_is_no_work(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(1)))
        at = (EPOCH + timedelta(seconds=20)).isoformat()
        details = {"error_history": [{"timestamp": at}]}
        ran(job, 1, 0, 100, attempts=2, status="failed", details=details, duration_s=30.0)
        page = timeline(vera, job)
        assert "50 s" in page.part("time-sum")[:20]
        assert "waited for another attempt for 50 s" in page.text

    def test_a_pause_is_not_shaded_while_a_sheet_runs_to_its_end(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(2)))
        ran(job, 1, 0, 30)
        ran(job, 2, 60, 100)
        tell(job, 20, "job.paused")
        tell(job, 50, "job.resuming")
        page = timeline(vera, job)
        assert "Paused for 20 s" in page.text
        assert "20 s" in page.part("time-paused")[:30]

    def test_a_pause_is_shaded_and_counted(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(2)))
        ran(job, 1, 0, 20)
        ran(job, 2, 60, 100)
        tell(job, 20, "job.paused")
        tell(job, 50, "job.resuming")
        page = timeline(vera, job)
        shades = [found for found in page.all("rect") if found.get("class") == "shade paused"]
        assert [(shade["x"], shade["width"]) for shade in shades if "x" in shade] == [
            ("20.0%", "30.0%")
        ]
        assert "30 s" in page.part("time-paused")[:30]

    def test_a_wait_without_a_pause_is_shaded_too(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(2)))
        ran(job, 1, 0, 20)
        ran(job, 2, 60, 100)
        assert "Nothing ran for 40 s" in timeline(vera, job).text

    def test_the_time_until_a_resume_is_not_called_a_wait_for_a_place(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(2)))
        ran(job, 1, 0, 20)
        ran(job, 2, 84, 100)
        tell(job, 20, "job.failed")
        tell(job, 84, "job.resuming")
        words = timeline(vera, job).part("path-words")
        said = "Of the other 1 min 04 s, the job had ended until it was resumed for 1 min 04 s."
        assert said in words
        assert "something else" not in words

    def test_each_known_wait_beside_the_path_is_named_with_its_time(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(3)))
        at = (EPOCH + timedelta(seconds=10)).isoformat()
        ran(
            job,
            1,
            0,
            20,
            attempts=2,
            duration_s=5.0,
            details={"error_history": [{"timestamp": at}]},
        )
        ran(job, 2, 50, 60)
        ran(job, 3, 90, 100)
        tell(job, 20, "job.paused")
        tell(job, 40, "job.resuming")
        tell(job, 60, "sheet.status", sheet=3, status="waiting")
        tell(job, 85, "sheet.started", sheet=3, status="in_progress")
        assert (
            "Of the other 1 min 05 s, it was paused for 20 s, a sheet waited for a rate limit for "
            "25 s, a sheet waited for another attempt for 5.0 s, and sheets waited for something "
            "else, such as a free place, for 15 s." in timeline(vera, job).part("path-words")
        )

    def test_a_wait_of_a_sheet_beside_the_path_explains_nothing_while_others_run(
        self, vera: Visitor
    ) -> None:
        job = ended(score_version=kept(shaped(4, None, DIAMOND)))
        at = (EPOCH + timedelta(seconds=25)).isoformat()
        ran(job, 1, 0, 20)
        ran(job, 2, 20, 60)
        details = {"error_history": [{"timestamp": at}], "total_duration_seconds": 10.0}
        ran(job, 3, 20, 60, attempts=2, duration_s=5.0, details=details)
        ran(job, 4, 80, 100)
        words = timeline(vera, job).part("path-words")
        assert "For the other 20 s sheets waited for something else, such as a free place." in words

    def test_many_sheets_are_packed_and_can_have_a_row_each(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(100)))
        for number in range(1, 101):
            ran(job, number, number - 1, number)
        assert timeline(vera, job).html.count("<span>Row ") == 1
        assert 'class="lanes lanes-16"' in timeline(vera, job, lanes="sheets").html

    def test_five_hundred_sheets_are_all_there(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(500)))
        Sheet.objects.bulk_create(
            Sheet(
                job=job,
                number=number,
                status="completed",
                started_at=EPOCH + timedelta(seconds=number),
                completed_at=EPOCH + timedelta(seconds=number + 3),
            )
            for number in range(1, 501)
        )
        page = timeline(vera, job)
        assert len(bars(page)) == 500
        assert len(page.html) < 280_000

    def test_ten_thousand_sheets_do_not_make_ten_thousand_bars(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(10_000)))
        Sheet.objects.bulk_create(
            Sheet(
                job=job,
                number=number,
                status="completed",
                started_at=EPOCH + timedelta(seconds=number),
                completed_at=EPOCH + timedelta(seconds=number + 1),
            )
            for number in range(1, 10_001)
        )
        page = timeline(vera, job)
        assert page.status == 200
        assert len(bars(page)) <= 1_500

    def test_names_and_statuses_are_shown_and_not_obeyed(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(1, None, None, {1: "<script>x</script>"})))
        ran(job, 1, 0, 10, status="<i>humming</i>")
        page = timeline(vera, job)
        assert "<script>x" not in page.html
        assert "<i>humming" not in page.html
        assert "&lt;script&gt;" in page.html

    def test_an_end_before_the_start_makes_no_negative_bar(self, vera: Visitor) -> None:
        job = ended(score_version=kept(shaped(1)))
        ran(job, 1, 50, 10)
        page = timeline(vera, job)
        assert page.status == 200
        assert 'width="-' not in page.html


def span(number: int, start: float, end: float) -> Span:
    return Span(
        number,
        "completed",
        Look("completed", "ok", "check"),
        EPOCH + timedelta(seconds=start),
        EPOCH + timedelta(seconds=end),
        is_open=False,
        attempts=1,
        failed_at=(),
    )


def test_the_critical_path_is_the_longest_chain() -> None:
    path = critical_path(expansion(4, None, DIAMOND), {1: 20, 2: 60, 3: 30, 4: 20})
    assert path
    assert path.numbers == (1, 2, 4)
    assert path.seconds == 100


def test_a_row_of_sheets_is_one_critical_path() -> None:
    path = critical_path(expansion(500), dict.fromkeys(range(1, 501), 2.0))
    assert path
    assert path.numbers == tuple(range(1, 501))


def test_a_fan_out_has_its_slowest_sheet_on_the_critical_path() -> None:
    durations = dict.fromkeys(range(1, 7), 1.0) | {4: 9.0}
    path = critical_path(expansion(3, {2: 4}, {2: [1], 3: [2]}), durations)
    assert path
    assert path.numbers == (1, 4, 6)


def test_a_sheet_without_a_time_breaks_the_chain() -> None:
    path = critical_path(expansion(3), {1: 5.0, 3: 2.0})
    assert path
    assert path.numbers == (1,)


def test_numbers_beyond_the_score_are_passed_over() -> None:
    path = critical_path(expansion(2), {1: 1.0, 2: 1.0, 99: 50.0})
    assert path
    assert path.numbers == (1, 2)


def test_too_many_links_are_left_without_an_answer() -> None:
    of = expansion(2, {1: 900, 2: 901}, {2: [1]})
    assert critical_path(of, dict.fromkeys(range(1, 1_802), 1.0)) is None


def test_sheets_share_a_row_only_one_after_another() -> None:
    rows = in_places([span(1, 0, 10), span(2, 5, 20), span(3, 10, 15), span(4, 16, 30)])
    assert [[one.number for one in row] for row in rows] == [[1, 3, 4], [2]]


def test_idle_is_where_nothing_at_all_ran() -> None:
    found = idle_stretches([span(1, 0, 10), span(2, 2, 30), span(3, 50, 60)], least_s=1)
    assert [stretch.seconds for stretch in found] == [20]


@pytest.mark.parametrize("seconds", [1, 7, 59, 600, 5_000, 86_400, 500_000, 40_000_000])
def test_marks_are_few_and_at_round_moments(seconds: int) -> None:
    start = datetime.fromisoformat("2026-11-24T19:12:43+00:00")
    found = ticks(start, start + timedelta(seconds=seconds))
    assert len(found) <= MOST + 1
    assert all(0 <= tick.percent <= 100 for tick in found)
    if seconds >= 600:
        assert len(found) >= 2
        assert all(tick.at.second == 0 for tick in found)
