"""Searches of logs at once: few of one person, few of all, and none that lasts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient

from jobs.admin.job import log as log_module
from jobs.registry.models import Job
from tests.admin.test_log import give_events, give_log, job, matches, runs, window
from tests.admin.visitors import Visitor
from tests.waiting import patience

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["job", "runs"]

SLOW = r"(?:[\n-~]?){990}\x7f"
EVIL = r"(?:[\n-~]?){1000}\x7f|(?:[\n-~]?){999}\x7f"


@pytest.fixture
def of_others() -> Iterator[None]:
    """All slots are taken by other people."""
    slots = log_module._searches, log_module._filtered_downloads
    taken = [each.take(-number) for each in slots for number in range(each.most)]
    yield
    for give_back in taken:
        give_back()


def test_an_expression_that_is_too_large_is_refused_with_words(vera: Visitor, job: Job) -> None:
    assert "too large" in matches(vera, job, q=EVIL, regex=1)["fault"]
    assert "too large" in window(vera, job, q=EVIL, regex=1, only=1)["fault"]
    assert "too large" in vera.get(f"/jobs/job/{job.pk}/log/", q=EVIL, regex=1).text
    assert vera.get(f"/jobs/job/{job.pk}/log/download/", q=EVIL, regex=1).status == 400


def test_a_slow_expression_is_answered_in_seconds(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"ab c" * 2_000_000)
    asked: dict[str, Any] = {"sheet": 2, "q": SLOW, "regex": 1, "case": 1}
    for answered in (
        lambda: matches(vera, job, **asked),
        lambda: window(vera, job, **asked, only=1),
        lambda: window(vera, job, **asked, level="error"),
        lambda: vera.get(f"/jobs/job/{job.pk}/log/", **asked),
    ):
        began = time.monotonic()
        answered()
        assert time.monotonic() - began < patience(3)


def test_a_search_goes_on_where_its_time_was_up(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"ab c" * 2_000_000)
    answer = matches(vera, job, sheet=2, q=SLOW, regex=1, case=1)
    assert 0 < answer["until"] < answer["size"]
    more = matches(vera, job, sheet=2, q=SLOW, regex=1, case=1, **{"from": answer["until"]})
    assert more["until"] > answer["until"]


def test_a_slow_expression_over_all_sheets_is_given_up(
    vera: Visitor, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_events(job, (1, 0, 14))
    monkeypatch.setattr("jobs.logs.filters.ROWS_S", 0.0)
    assert "takes too long" in window(vera, job, sheet="all", q="t", only=1)["fault"]
    page = vera.get(f"/jobs/job/{job.pk}/log/", sheet="all", q="t", only=1)
    assert "takes too long" in page.part("log-words")


@pytest.mark.usefixtures("of_others")
@pytest.mark.parametrize(
    ("view", "query"),
    [
        ("matches", {"q": "t"}),
        ("window", {"q": "t", "only": 1}),
        ("window", {"level": "error"}),
        ("window", {"level": "error", "sheet": "all"}),
    ],
)
def test_one_search_too_many_is_told_to_come_back(
    vera: Visitor, job: Job, view: str, query: dict[str, Any]
) -> None:
    answer = vera.get(f"/jobs/job/{job.pk}/log/{view}/", **{"sheet": 1} | query)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert "Try again" in json.loads(answer.html)["fault"]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.usefixtures("of_others")
def test_a_page_without_room_for_its_search_is_told_so(vera: Visitor, job: Job) -> None:
    page = vera.get(f"/jobs/job/{job.pk}/log/", q="t")
    assert (page.status, page.has("log-download")) == (200, True)
    assert "Try again" in page.part("log-words")
    assert page.all("div", id="log-view", data_state="busy")


@pytest.mark.usefixtures("of_others")
def test_one_download_too_many_of_what_is_filtered_is_told_so(vera: Visitor, job: Job) -> None:
    page = vera.get(f"/jobs/job/{job.pk}/log/download/", sheet=1, q="t")
    assert (page.status, "Try again" in page.text) == (503, True)
    assert page.headers["Retry-After"]


@pytest.mark.usefixtures("of_others")
async def test_a_log_is_read_and_saved_without_a_search_however_many_search(
    vera: Visitor, job: Job
) -> None:
    client = AsyncClient()
    client.cookies = vera.client.cookies
    response: Any = await client.get(f"/jobs/job/{job.pk}/log/download/?sheet=1")
    assert b"".join([part async for part in response.streaming_content]) == b"one\ntwo\nthree\n"
    response = await client.get(f"/jobs/job/{job.pk}/log/window/?sheet=1")
    assert "three" in response.json()["html"]


def test_the_searches_of_one_person_leave_room_for_others(
    vera: Visitor, olga: Visitor, job: Job
) -> None:
    person = vera.client.session["_auth_user_id"]
    slots = log_module._searches
    taken = [slots.take(int(person)) for _ in range(slots.most_of_person)]
    try:
        assert "searches of yours" in matches(vera, job, q="t")["fault"]
        assert matches(olga, job, q="t")["offsets"] == [4, 8]
    finally:
        for give_back in taken:
            give_back()


@pytest.mark.parametrize("view", ["", "window/", "matches/"])
def test_a_search_gives_its_slot_back(vera: Visitor, job: Job, view: str) -> None:
    assert vera.get(f"/jobs/job/{job.pk}/log/{view}", sheet=1, q="t").status == 200
    assert log_module._searches.taken == 0


async def test_a_download_that_breaks_off_gives_its_slot_back(vera: Visitor, job: Job) -> None:
    client = AsyncClient()
    client.cookies = vera.client.cookies
    response: Any = await client.get(f"/jobs/job/{job.pk}/log/download/?sheet=1&q=t")
    assert log_module._filtered_downloads.taken == 1
    response.close()
    assert log_module._filtered_downloads.taken == 0


def test_one_whole_log_too_many_is_told_so(vera: Visitor, olga: Visitor, job: Job) -> None:
    person = int(vera.client.session["_auth_user_id"])
    slots = log_module._downloads
    taken = [slots.take(person) for _ in range(slots.most_of_person)]
    try:
        page = vera.get(f"/jobs/job/{job.pk}/log/download/", sheet=1)
        assert (page.status, "of yours" in page.text) == (503, True)
        assert page.headers["Retry-After"]
    finally:
        for give_back in taken:
            give_back()
    response = olga.client.get(f"/jobs/job/{job.pk}/log/download/", {"sheet": 1})
    assert response.status_code == 200
    response.close()
    assert slots.taken == 0
