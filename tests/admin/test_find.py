"""Finding jobs: search, filters, order, pages, chips, and one search over everything."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.audit.models import Action
from jobs.registry.models import Job, Score
from jobs.terms import JobOrigin
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/jobs/job/"


def names(page: Page) -> list[str]:
    """The jobs of a list, from top to bottom."""
    assert page.status == 200
    return [link["title"] for link in page.all("a") if link.get("class") == "main-line cut"]


def attempt(**fields: Any) -> Action:
    defaults: dict[str, Any] = {
        "action_id": uuid.uuid4(),
        "verb": "pause",
        "actor_name": "olga",
        "channel": "page",
        "job_id": "nightly",
        "outcome": "succeeded",
        "started_at": timezone.now(),
    }
    return Action.objects.create(**defaults | fields)


@pytest.mark.parametrize("asked", ["NIGHT", "/srv/n", "the-score", "olga"])
def test_job_is_found_by_name_folder_score_and_person(vera: Visitor, asked: str) -> None:
    make_job(
        job_id="nightly-1",
        workspace="/srv/nightly",
        score_name="the-score",
        submitted_by_name="olga",
    )
    make_job(job_id="other", workspace="/opt", score_name="other", submitted_by_name="max")
    assert names(vera.get(LIST, q=asked)) == ["nightly-1"]


@pytest.mark.parametrize("asked", ["NIGHT", "/srv/n", "the-score", "olga", "zzz"])
@pytest.mark.parametrize(("few", "some"), [(0, 100), (0, 0)])
def test_many_jobs_are_found_as_few_are(
    vera: Visitor, monkeypatch: pytest.MonkeyPatch, asked: str, few: int, some: int
) -> None:
    monkeypatch.setattr("jobs.admin.job_list._FEW", few)
    monkeypatch.setattr("jobs.admin.job_list._SOME", some)
    fields = {"workspace": "/srv/N", "score_name": "the-score", "submitted_by_name": "olga"}
    for number in range(2):
        make_job(job_id=f"nightly-{number}", **fields)
    make_job(job_id="other", workspace="/opt", score_name="other", submitted_by_name="max")
    found = [] if asked == "zzz" else ["nightly-1", "nightly-0"]
    assert names(vera.get(LIST, q=asked)) == found
    assert names(vera.get(LIST, q=asked, sort="job")) == found[::-1]


def test_job_is_found_by_its_number(vera: Visitor) -> None:
    make_job()
    wanted = make_job(job_id="this-one")
    assert names(vera.get(LIST, q=f"#{wanted.pk}")) == ["this-one"]


@pytest.mark.parametrize("asked", ["%", "_", "\0", "9" * 300, "'", "\\", "#" + "9" * 30])
def test_search_for_odd_text_finds_nothing_and_breaks_nothing(vera: Visitor, asked: str) -> None:
    make_job(job_id="nightly")
    found = names(vera.get(LIST, q=asked))
    assert found == (["nightly"] if asked == "\0" else [])  # without the NUL nothing is asked


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"state": "failed"}, ["b"]),
        ({"state": "live"}, ["a"]),
        ({"conductor": "annex"}, ["b"]),
        ({"conductor": "nowhere"}, []),
        ({"score": "s2"}, ["b"]),
        ({"by": "olga"}, ["a"]),
        ({"origin": "outside"}, ["b"]),
        ({"cost": "reported"}, ["a"]),
        ({"cost": "3"}, []),
        ({"cost": "2.5"}, ["a"]),
        ({"cost": "nan"}, []),
        ({"within": "1h"}, ["a"]),
        ({"until": "2026-02-01T00:00"}, ["b"]),
        ({"since": "2026-02-01T00:00", "state": "failed"}, []),
        ({"mine": "1"}, ["a"]),
    ],
)
def test_list_is_narrowed(olga: Visitor, choice: dict[str, str], found: list[str]) -> None:
    person = User.objects.get(username="olga")
    make_job(
        job_id="a",
        submitted_by=person,
        submitted_by_name="olga",
        score_name="s1",
        cost_usd=2.5,
        submitted_at=timezone.now(),
    )
    make_job(
        job_id="b",
        status="failed",
        conductor=make_conductor(slug="annex"),
        score_name="s2",
        origin=JobOrigin.OUTSIDE,
    )
    assert names(olga.get(LIST, **choice)) == found


def test_filter_that_is_on_can_be_taken_off_alone(vera: Visitor) -> None:
    make_job(status="failed", score_name="s1")
    page = vera.get(LIST, state="failed", score="s1")
    assert "Status: Failed" in page.part("chips")
    links = [link["href"] for link in page.all("a", class_="filter-chip")]
    assert links == ["?score=s1", "?state=failed"]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("job", ["alpha", "Beta", "gamma"]),
        ("-job", ["gamma", "Beta", "alpha"]),
        ("-cost", ["Beta", "alpha"]),
        ("cost", ["alpha", "Beta"]),
        ("submitted", ["gamma", "Beta", "alpha"]),
        ("-submitted", ["alpha", "Beta", "gamma"]),
        ("nonsense", ["gamma", "Beta", "alpha"]),
    ],
)
def test_list_is_sorted_by_one_column(vera: Visitor, order: str, found: list[str]) -> None:
    now = timezone.now()
    make_job(job_id="alpha", cost_usd=1.0, submitted_at=now)
    make_job(job_id="Beta", cost_usd=2.0, submitted_at=now - timedelta(hours=1))
    make_job(job_id="gamma", submitted_at=now - timedelta(hours=2))
    assert names(vera.get(LIST, sort=order)) == found


def test_order_by_cost_says_what_it_leaves_out(vera: Visitor) -> None:
    make_job()
    assert "only where one was reported" in vera.get(LIST, sort="-cost").part("chips")


@pytest.mark.parametrize("order", ["", "job", "-job", "status_pill", "-submitted", "-cost"])
def test_pages_lead_through_every_job_once_and_back(vera: Visitor, order: str) -> None:
    conductor = make_conductor()
    for number in range(120):
        make_job(
            conductor=conductor,
            job_id=f"job-{number % 7}",
            status=("failed", "running", "completed")[number % 3],
            cost_usd=float(number % 5),
        )
    query = {"sort": order} if order else {}
    page, down = vera.get(LIST, **query), []
    while True:
        down.append(keys(page))
        older = [link["href"] for link in page.all("a", rel="next")]
        if not older:
            break
        page = vera.get(LIST + older[0])
    assert [len(some) for some in down] == [50, 50, 20]
    assert len({key for some in down for key in some}) == 120
    newer = page.all("a", rel="prev")[0]["href"]
    assert keys(vera.get(LIST + newer)) == down[1]


def keys(page: Page) -> list[str]:
    """Podium's numbers of the jobs of a list."""
    return [row["data-row"] for row in page.all("div") if "data-row" in row]


def test_page_after_a_row_that_is_gone_is_the_first(vera: Visitor) -> None:
    make_job(job_id="here")
    assert names(vera.get(LIST, sort="job", before="99999")) == ["here"]


def test_jobs_are_counted_up_to_a_bound(vera: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.admin.keyset.MAX_COUNTED", 3)
    for _ in range(3):
        make_job()
    assert vera.get(LIST).part("count").startswith(" 3 jobs")
    make_job()
    assert "More than 3 jobs" in vera.get(LIST).part("count")
    assert len(names(vera.get(LIST, sort="job"))) == 4


def test_order_is_the_same_for_whoever_has_boxes_to_tick(vera: Visitor, olga: Visitor) -> None:
    make_job()
    for visitor in (vera, olga):
        heads = [link["href"] for link in visitor.get(LIST).all("a") if "sort=" in link["href"]]
        assert heads == ["?sort=job", "?sort=status_pill", "?sort=-cost", "?sort=-submitted"]


def test_job_that_left_its_conductor_says_why(vera: Visitor) -> None:
    make_job(gone_at=timezone.now(), gone_reason="replaced", status="completed")
    page = vera.get(LIST)
    assert "replaced" in page.text
    assert page.all("span", class_="badge")[0]["title"].startswith("A later run has its name")


# One search over everything


def test_search_finds_jobs_scores_and_attempts(root: Visitor) -> None:
    make_job(job_id="nightly")
    Score.objects.create(name="Nightly-score")
    attempt()
    page = root.get("/search/", q="nightly")
    assert "nightly" in page.part("found-jobs")
    assert "Nightly-score" in page.part("found-scores")
    assert "pause nightly" in page.part("found-audit")


def test_search_for_the_beginning_of_a_job_finds_what_was_done_to_it(root: Visitor) -> None:
    job = make_job(job_id="nightly")
    for _ in range(9):
        attempt(job_pk=job.pk)
    page = root.get("/search/", q="night")
    assert "pause nightly" in page.part("found-audit")
    assert "All of them" not in page.part("found-audit")  # no list can be asked for just these


def test_search_shows_nobody_what_they_may_not_see(nemo: Visitor, vera: Visitor) -> None:
    make_job(job_id="nightly")
    attempt(actor_id=4711)
    assert nemo.get("/search/", q="nightly").status in {302, 403}
    page = vera.get("/search/", q="nightly")
    assert page.has("found-jobs")
    assert not page.has("found-audit")


def test_viewer_finds_only_what_they_did_themselves(vera: Visitor) -> None:
    person = User.objects.get(username="vera")
    attempt(actor_id=person.pk, actor_name="vera")
    attempt(actor_id=4711, verb="cancel")
    text = vera.get("/search/", q="nightly").part("found-audit")
    assert "What you did" in text
    assert "cancel" not in text


@pytest.mark.parametrize("asked", ["", " ", "\0", "%", "<b>", "x" * 5_000, "#" + "9" * 40])
def test_search_answers_whatever_is_asked(root: Visitor, asked: str) -> None:
    page = root.get("/search/", q=asked)
    assert page.status == 200
    assert "<b>" not in page.html.replace("<body", "")


def test_search_finds_an_attempt_by_verb_and_number(root: Visitor) -> None:
    one = attempt(verb="resume")
    for asked in ("resume", f"#{one.pk}", str(one.action_id)):
        assert "resume nightly" in root.get("/search/", q=asked).part("found-audit")


def test_search_shows_few_of_many_and_where_the_rest_is(root: Visitor) -> None:
    conductor = make_conductor()
    for number in range(12):
        make_job(conductor=conductor, job_id=f"many-{number}")
    page = root.get("/search/", q="many")
    assert page.part("found-jobs").count("many-") == 8
    assert "/jobs/job/?q=many" in page.links()


# Needs attention


@pytest.mark.parametrize("path", ["/", "/attention/"])
def test_attention_advises_only_what_one_may_do(
    root: Visitor, olga: Visitor, vera: Visitor, path: str
) -> None:
    now = timezone.now()
    make_job(job_id="broke", status="failed", attention_at=now)
    make_job(job_id="held", status="paused", moved_at=now, attention_at=now)
    assert "resume it from there or clear it" in root.get(path).text
    assert "Resume it, or cancel it" in olga.get(path).text
    text = vera.get(path).text
    assert "Its diagnosis says why; to resume or clear it is for others." in text
    assert "resume it from there" not in text
    assert "Resume it" not in text


def test_attention_tells_each_with_reason_and_advice(olga: Visitor) -> None:
    now = timezone.now()
    make_job(job_id="broke", status="failed", completed_at=now, error_message="no such file")
    make_job(
        job_id="hangs",
        moved_at=now - timedelta(hours=3),
        attention_at=now - timedelta(hours=2),
    )
    make_job(
        job_id="held",
        status="paused",
        moved_at=now - timedelta(hours=9),
        attention_at=now - timedelta(hours=1),
    )
    make_job(job_id="fine", attention_at=now + timedelta(hours=1))
    page = olga.get("/attention/")
    assert "no such file" in page.part("trouble-failed")
    assert "No sheet has changed for 3 h 00 min" in page.part("trouble-stalled")
    assert "Paused for 9 h 00 min" in page.part("trouble-waiting")
    assert "fine" not in page.part("attention-page")
    assert page.part("attention-count").startswith(" 3 ")
    assert set(names(olga.get(LIST, attention="any"))) == {"broke", "hangs", "held"}
    assert names(olga.get(LIST, attention="stalled")) == ["hangs"]


def test_job_of_a_silent_conductor_is_not_called_stalled(olga: Visitor) -> None:
    down = make_conductor(is_reachable=False, unreachable_since=timezone.now())
    make_job(job_id="hangs", conductor=down, attention_at=timezone.now() - timedelta(hours=2))
    page = olga.get("/attention/")
    assert "is not reachable" in page.part("attention-page")
    assert not page.has("trouble-stalled")


def test_unknown_outcome_waits_for_whoever_may_settle_it(root: Visitor, vera: Visitor) -> None:
    attempt(outcome="unknown", needs_attention=True, verb="cancel")
    assert "nobody knows whether it happened" in root.get("/attention/").part("attention-page")
    assert "nobody knows" not in vera.get("/attention/").part("attention-page")


def test_nothing_to_attend_to_is_said(vera: Visitor) -> None:
    page = vera.get("/attention/")
    assert "Nothing needs attention" in page.text
    assert "hidden" in page.all("span", data_testid="attention-count")[0]


def test_attention_is_for_those_who_may_see_jobs(nemo: Visitor, stranger: Visitor) -> None:
    make_job(job_id="broke", status="failed", completed_at=timezone.now())
    for visitor in (nemo, stranger):
        page = visitor.get("/attention/")
        assert page.status in {302, 403}
        assert "broke" not in page.html


def test_ended_lately_is_in_the_order_of_the_ends(vera: Visitor) -> None:
    now = timezone.now()
    make_job(job_id="first-submitted", status="completed", completed_at=now)
    make_job(job_id="last-submitted", status="completed", completed_at=now - timedelta(hours=1))
    html = vera.get("/").html
    assert html.index("first-submitted") < html.index("last-submitted")
    assert Job.objects.count() == 2


# The person's zone


def test_times_are_told_in_the_zone_of_the_browser(vera: Visitor) -> None:
    make_job(submitted_at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    vera.client.cookies["podium_zone"] = "Europe/Berlin"
    titles = [time.get("title", "") for time in vera.get(LIST).all("time")]
    assert any("1 Jul 2026, 14:00:00 CEST" in title for title in titles)


@pytest.mark.parametrize("zone", ["", "Nowhere/Else", "../../etc/passwd", "x" * 500])
def test_zone_that_is_none_leaves_the_servers(vera: Visitor, zone: str) -> None:
    make_job()
    vera.client.cookies["podium_zone"] = zone
    page = vera.get(LIST)
    assert page.status == 200
    assert "UTC" in page.all("time")[0]["title"]


def test_moment_that_is_asked_for_is_meant_in_the_persons_zone(vera: Visitor) -> None:
    make_job(job_id="noon", submitted_at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    vera.client.cookies["podium_zone"] = "Europe/Berlin"
    assert names(vera.get(LIST, since="2026-07-01T13:59", until="2026-07-01T14:01")) == ["noon"]
    assert names(vera.get(LIST, since="2026-07-01T14:01")) == []
