"""The lists as CSV: what is filtered, bounded, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from jobs.admin import csv_export
from jobs.admin.csv_lines import csv_line
from jobs.admin.keyset import KeysetChangeList
from jobs.audit.models import Action, AuditRecord
from jobs.registry.models import Job
from tests.admin.visitors import Visitor
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db(transaction=True)


async def read(response: Any) -> bytes:
    """All that is streamed."""
    return b"".join([piece async for piece in response.streaming_content])


def rows(visitor: Visitor, path: str) -> list[dict[str, str]]:
    response = visitor.client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
    text = async_to_sync(read)(response).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def attempt(**fields: Any) -> Action:
    defaults: dict[str, Any] = {
        "action_id": uuid.uuid4(),
        "verb": "pause",
        "actor_name": "olga",
        "channel": "page",
        "job_id": "nightly",
        "outcome": "succeeded",
        "started_at": datetime(2026, 7, 1, 12, tzinfo=UTC),
    }
    return Action.objects.create(**defaults | fields)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_cell_is_never_a_formula(begin: str) -> None:
    (cells,) = csv.reader(io.StringIO(csv_line([f"{begin}cmd|' /C calc'!A0"]), newline=""))
    assert cells[0].startswith("'")


def test_line_is_as_the_standard_has_it() -> None:
    line = csv_line(["a,b", 'say "no"', "two\nlines", None, -1, True])
    assert line == '"a,b","say ""no""","two\nlines",,-1,yes\r\n'


def test_control_characters_are_shown() -> None:
    assert csv_line(["a\x1b[31m\0"]) == "a␛[31m␀\r\n"


def test_jobs_are_exported_as_they_are_filtered_and_sorted(vera: Visitor) -> None:
    make_job(job_id="a", status="failed")
    make_job(job_id="=b", status="failed", cost_usd=1.5, submitted_by_name="olga")
    make_job(job_id="c")
    found = rows(vera, "/jobs/job/export/?state=failed&sort=job")
    assert [row["job"] for row in found] == ["'=b", "a"]
    assert found[0]["cost_usd"] == "1.5"
    assert found[1]["cost_usd"] == ""
    assert found[0]["submitted_at"].endswith("+00:00")


def test_a_resumed_job_began_when_it_first_did_and_took_all_its_stretches(vera: Visitor) -> None:
    began = datetime(2026, 7, 1, 12, tzinfo=UTC)
    make_job(
        status="completed",
        first_started_at=began,
        started_at=began + timedelta(minutes=5),
        completed_at=began + timedelta(minutes=5, seconds=1),
        worked_s=44.0,
    )
    (row,) = rows(vera, "/jobs/job/export/")
    assert row["started_at"] == "2026-07-01T12:00:00+00:00"
    assert row["worked_seconds"] == "44.0"
    assert "44 s" in vera.get("/jobs/job/").text


def test_every_page_is_exported_in_few_questions(
    vera: Visitor, django_assert_max_num_queries: Any
) -> None:
    conductor = make_conductor()
    for _ in range(60):
        make_job(conductor=conductor)
    vera.get("/jobs/job/")
    with django_assert_max_num_queries(15):
        assert len(rows(vera, "/jobs/job/export/")) == 60


def test_export_that_is_cut_off_says_so(vera: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.admin.csv_export.MAX_ROWS", 3)
    for _ in range(5):
        make_job()
    found = rows(vera, "/jobs/job/export/")
    assert len(found) == 4
    assert found[-1]["number"] == "cut off after 3 rows: narrow the list down"


def test_export_whose_last_row_lost_its_place_breaks_off_and_says_so(
    vera: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.admin.csv_export._AT_ONCE", 2)
    for cost in (5.0, 4.0, 3.0, 2.0, 1.0):
        make_job(job_id=f"cost-{cost:.0f}", cost_usd=cost)
    whole = KeysetChangeList.rows

    def read_while_a_cost_is_taken_back(changelist: KeysetChangeList, page: list[int]) -> list[Any]:
        found = whole(changelist, page)
        if len(page) == 2:  # not the page of the list, which is made first
            Job.objects.filter(job_id="cost-4").update(cost_usd=None)
        return found

    monkeypatch.setattr(KeysetChangeList, "rows", read_while_a_cost_is_taken_back)
    found = rows(vera, "/jobs/job/export/?sort=-cost")
    assert [row["job"] for row in found] == ["cost-5", "cost-4", None]
    assert found[-1]["number"].startswith("broken off after 2 rows")


def test_export_is_for_those_who_may_see_the_list(
    nemo: Visitor, stranger: Visitor, vera: Visitor
) -> None:
    make_job(job_id="secret")
    attempt(job_id="secret")
    for visitor in (nemo, stranger):
        assert visitor.get("/jobs/job/export/").status in {302, 403}
    assert vera.get("/jobs/auditrecord/export/").status == 403
    assert not AuditRecord.objects.filter(verb="export audit log").exists()


def test_export_of_the_audit_log_is_itself_recorded(audra: Visitor) -> None:
    attempt(reason="=1+1")
    attempt(verb="cancel")
    found = rows(audra, "/jobs/auditrecord/export/?verb=pause")
    assert [row["verb"] for row in found] == ["pause"]
    assert found[0]["reason"] == "'=1+1"
    assert found[0]["started_at"] == "2026-07-01T12:00:00+00:00"
    record = AuditRecord.objects.get(verb="export audit log")
    assert (record.actor_name, record.arguments) == ("audra", {"form": "csv", "verb": "pause"})


def test_lists_offer_their_export_as_they_are_filtered(audra: Visitor) -> None:
    make_job(status="failed")
    assert "/jobs/job/export/?state=failed" in audra.get("/jobs/job/", state="failed").links()
    links = audra.get("/jobs/auditrecord/", verb="pause").links()
    assert "/jobs/auditrecord/export/?verb=pause" in links


@pytest.mark.parametrize("path", ["/jobs/job/export/", "/jobs/auditrecord/export/"])
def test_one_export_too_many_is_refused_and_not_recorded(audra: Visitor, path: str) -> None:
    person = int(audra.client.session["_auth_user_id"])
    slots = csv_export._exports
    taken = [slots.take(person) for _ in range(slots.most_of_person)]
    try:
        page = audra.get(path)
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert "exports of yours" in page.text
    finally:
        for give_back in taken:
            give_back()
    assert not AuditRecord.objects.filter(verb="export audit log").exists()
    assert rows(audra, path) is not None
    assert slots.taken == 0
