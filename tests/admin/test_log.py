"""The Log tab: what is shown of a log on disk, and what is said where there is none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.admin.job import log as log_module
from jobs.admin.secret_checks import secret_patterns_can_be_used
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor, make_job, make_sheet, make_user

pytestmark = pytest.mark.django_db(transaction=True)

MASKED = "••••••"


@pytest.fixture
def runs(tmp_path: Path, settings: LazySettings) -> Path:
    """The folder of the bundled conductor's runs."""
    settings.PODIUM_HOME = tmp_path / "home"
    settings.PODIUM_WORKSPACE_ROOTS = (tmp_path / "workspaces",)
    folder = tmp_path / "home" / "conductor" / "runs" / "1"
    folder.mkdir(parents=True)
    (tmp_path / "workspaces").mkdir()
    return folder


@pytest.fixture
def job(runs: Path) -> Job:
    """A run with one sheet, whose log has three lines."""
    run = make_job(status="running")
    give_log(run, runs, 1, b"one\ntwo\nthree\n")
    return run


def give_log(job: Job, runs: Path, number: int, data: bytes, **fields: Any) -> Path:
    path = runs / f"sheet-{number:05}.log"
    path.write_bytes(data)
    values = {"status": "in_progress", "details": {"output_path": str(path)}} | fields
    make_sheet(job, number, **values)
    return path


def lines(html: str) -> list[str]:
    page = Page(200, html.replace('<span class="log-text">', "<p>§"), "", {})
    return [part.split(" ␞")[0].strip() for part in page.text.split("§")[1:]]


def window(visitor: Visitor, job: Job, **query: Any) -> dict[str, Any]:
    answer = visitor.get(f"/jobs/job/{job.pk}/log/window/", **{"sheet": 1} | query)
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.html)
    return found


def matches(visitor: Visitor, job: Job, **query: Any) -> dict[str, Any]:
    answer = visitor.get(f"/jobs/job/{job.pk}/log/matches/", **{"sheet": 1} | query)
    found: dict[str, Any] = json.loads(answer.html)
    return found


async def download(job: Job, **query: Any) -> tuple[bytes, Any]:
    client = AsyncClient()
    user = await make_user_async()
    await client.aforce_login(user, backend="django.contrib.auth.backends.ModelBackend")
    response: Any = await client.get(f"/jobs/job/{job.pk}/log/download/", query)
    assert response.status_code == 200
    return b"".join([part async for part in response.streaming_content]), response.headers


async def make_user_async() -> Any:
    from asgiref.sync import sync_to_async

    return await sync_to_async(make_user)("viewer")


def test_the_page_shows_the_end_of_the_log(vera: Visitor, job: Job) -> None:
    page = vera.get(f"/jobs/job/{job.pk}/log/")
    assert page.status == 200
    assert all(word in page.part("log-rows") for word in ("one", "two", "three"))
    assert "Sheet 1" in page.text


def test_what_is_in_a_log_is_never_markup(vera: Visitor, job: Job, runs: Path) -> None:
    ugly = b"<script>alert(1)</script>\x1b[31m<b>\"'&\x1b]0;t\x07\xff\0\xe2\x80\xae{{ 7 }}\n"
    give_log(job, runs, 2, ugly)
    html = vera.get(f"/jobs/job/{job.pk}/log/", sheet=2).html
    rows = html[html.index('data-testid="log-rows"') :].split("</div></div>")[0]
    assert "<script>" not in rows
    assert "<b>" not in rows
    assert "&lt;script&gt;" in rows
    assert not {"\x1b", "\0", "\u202e"} & set(rows)
    assert 'class="a-ink-1"' in rows


@pytest.mark.parametrize("tail", ["", "window/?sheet=1", "matches/?sheet=1", "download/?sheet=1"])
def test_only_who_may_see_the_job_sees_its_log(
    nemo: Visitor, audra: Visitor, stranger: Visitor, job: Job, tail: str
) -> None:
    path = f"/jobs/job/{job.pk}/log/{tail}"
    assert stranger.client.get(path).status_code == 302
    assert nemo.client.get(path).status_code in (302, 403, 404)
    assert audra.client.get(path).status_code == 200


@pytest.mark.parametrize("query", [{"sheet": 7}, {"sheet": 10**12}, {"sheet": "0"}])
def test_a_sheet_that_is_not_there_is_not_found(
    vera: Visitor, job: Job, query: dict[str, Any]
) -> None:
    assert vera.client.get(f"/jobs/job/{job.pk}/log/window/", query).status_code == 404


def test_without_a_script_one_leafs_by_links(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"".join(b"line %d\n" % number for number in range(1, 1_001)))
    page = vera.get(f"/jobs/job/{job.pk}/log/", sheet=2)
    seen: list[str] = []
    for _ in range(10):
        part = page.part("log-rows").split(" Place ")[0]
        seen = [word for word in part.split() if word.isdigit()][1::2] + seen
        earlier = [link for link in page.links() if "&to=" in link]
        if not earlier:
            break
        page = vera.get(f"/jobs/job/{job.pk}/log/{earlier[0]}")
    assert page.has("log-later")
    assert {str(number) for number in range(1, 1_001)} <= set(seen)


def test_a_line_has_an_address(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"".join(b"line %d\n" % number for number in range(1, 5_001)))
    page = vera.get(f"/jobs/job/{job.pk}/log/", sheet=2, line=2_500)
    pointed = page.all("div", aria_current="location")
    assert [row["data-offset"] for row in pointed] == [
        str(sum(len(f"line {n}\n") for n in range(1, 2_500)))
    ]
    assert page.all("a", id="L2500")
    assert "There is no line 9000" in vera.get(f"/jobs/job/{job.pk}/log/", sheet=2, line=9_000).text


def test_windows_follow_each_other_without_a_gap(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"".join(b"line %d\n" % number for number in range(1_000)))
    place, html = 0, ""
    for _ in range(5):
        answer = window(vera, job, sheet=2, **{"from": place})
        html += answer["html"]
        place = answer["end"]
    assert html.count("log-row") == 1_000
    assert place == answer["size"]


def test_what_is_written_meanwhile_is_told_and_only_that(
    vera: Visitor, job: Job, runs: Path
) -> None:
    first = window(vera, job)
    again = {"from": first["next"], "identity": first["identity"], "seen": first["witness"]}
    assert window(vera, job, known=first["size"], **again) == {"state": "same"}
    with (runs / "sheet-00001.log").open("ab") as file:
        file.write(b"four\nfi")
    more = window(vera, job, known=first["size"], **again)
    assert (more["rows"], more["changed"]) == (2, "")
    assert more["next"] == more["size"] - 2


@pytest.mark.parametrize(
    ("spoil", "changed"),
    [
        (lambda path: os.truncate(path, 4), "truncated"),
        (lambda path: path.write_bytes(b"ONE\nTWO\nTHREE AND MORE\n"), "rewritten"),
        (lambda path: (path.rename(f"{path}.1"), path.write_bytes(b"new\n" * 9)), "rotated"),
    ],
)
def test_a_log_that_is_another_one_now_is_shown_anew_and_said_so(
    vera: Visitor, job: Job, runs: Path, spoil: Callable[[Path], None], changed: str
) -> None:
    first = window(vera, job)
    spoil(runs / "sheet-00001.log")
    answer = window(
        vera,
        job,
        identity=first["identity"],
        seen=first["witness"],
        known=first["size"],
        **{"from": first["next"]},
    )
    assert answer["changed"] == changed
    assert answer["changed_words"]
    assert answer["start"] == 0


@pytest.mark.parametrize("place", [{"to": 8}, {"at": 4}, {"line": 2}])
def test_a_log_that_was_replaced_is_told_wherever_one_reads(
    vera: Visitor, job: Job, runs: Path, place: dict[str, int]
) -> None:
    first = window(vera, job)
    path = runs / "sheet-00001.log"
    path.rename(f"{path}.1")
    path.write_bytes(b"new\n" * 9)
    answer = window(vera, job, identity=first["identity"], **place)
    assert (answer["changed"], answer["rows"]) == ("rotated", 9)


def test_a_log_that_ends_before_where_one_reads_back_from_is_told(
    vera: Visitor, job: Job, runs: Path
) -> None:
    first = window(vera, job)
    assert window(vera, job, identity=first["identity"], to=8)["changed"] == ""
    os.truncate(runs / "sheet-00001.log", 4)
    assert window(vera, job, identity=first["identity"], to=8)["changed"] == "truncated"


def test_a_log_that_was_replaced_hides_no_fault_of_the_search(vera: Visitor, job: Job) -> None:
    answer = window(vera, job, q="(", regex=1, identity="another", **{"from": 0})
    assert answer["changed"] == "rotated"
    assert "cannot be searched for" in answer["fault"]


def test_a_log_that_is_deleted_gives_way_to_what_was_reported(
    vera: Visitor, job: Job, runs: Path
) -> None:
    job.sheets.update(stdout_tail="the last words\n", stderr_tail="a complaint")
    (runs / "sheet-00001.log").unlink()
    page = vera.get(f"/jobs/job/{job.pk}/log/")
    assert "The log file is gone" in page.text
    assert "the last words" in page.part("log-rows")
    assert "a complaint" in page.part("log-rows")
    assert window(vera, job)["state"] == "missing"


def test_a_log_that_may_not_be_read_is_said_to_be_so(
    vera: Visitor, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_more: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jobs.logs.sources.os.open", refuse)
    assert window(vera, job)["state"] == "forbidden"


def test_a_log_that_is_not_written_yet_is_waited_for(vera: Visitor, job: Job) -> None:
    make_sheet(job, 2)
    assert "Nothing was written yet" in vera.get(f"/jobs/job/{job.pk}/log/", sheet=2).text
    assert window(vera, job, sheet=2)["state"] == "not_written"


@pytest.mark.parametrize("name", ["secret_key", "podium.sqlite3", "conductor/state.db"])
def test_nothing_else_of_the_home_folder_is_shown(
    vera: Visitor, job: Job, runs: Path, name: str
) -> None:
    home = runs.parents[2]
    (home / name).write_text("the key")
    (runs / "link.log").symlink_to(home / name)
    for number, path in ((2, home / name), (3, runs / "link.log")):
        make_sheet(job, number, status="failed", details={"output_path": str(path)})
        answer = window(vera, job, sheet=number)
        assert "the key" not in answer["html"]
        assert answer["state"] != "ok"


def test_files_of_a_conductor_elsewhere_are_not_looked_for(vera: Visitor, runs: Path) -> None:
    conductor = make_conductor(kind=Conductor.Kind.REAL, shares_filesystem=False)
    job = make_job(conductor=conductor)
    give_log(job, runs, 1, b"not this conductor's\n", stdout_tail="reported\n")
    answer = window(vera, job)
    assert "not this conductor" not in answer["html"]
    assert "reported" in answer["html"]
    assert "cannot be read from here" in answer["words"]


@pytest.mark.parametrize(
    "details",
    [
        {"output_path": 7},
        # PostgreSQL keeps no such letter.
        pytest.param({"output_path": "/a\0.log"}, marks=pytest.mark.vendor("sqlite")),
        [],
        "x",
    ],
)
def test_whatever_a_conductor_says_of_the_path_the_page_stands(
    vera: Visitor, runs: Path, details: Any
) -> None:
    job = make_job()
    make_sheet(job, 1, status="failed", details=details)
    assert vera.get(f"/jobs/job/{job.pk}/log/", sheet=1).status == 200


def test_bytes_that_are_no_text_are_shown_harmlessly(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, bytes(range(256)) * 40 + b"\n" + b"x" * 20_000 + b"\nlast\n")
    assert "last" in window(vera, job, sheet=2)["html"]


def test_a_50_mib_line_is_answered_in_small_windows(vera: Visitor, job: Job, runs: Path) -> None:
    path = give_log(job, runs, 2, b"first\n")
    with path.open("ab") as file:
        file.write(b"x" * 52_428_800 + b"\nlast\n")
    answer = window(vera, job, sheet=2, at=30_000_000)
    assert len(answer["html"]) < 400_000
    found: list[int] = []
    place = 0
    while place < path.stat().st_size:
        answer = matches(vera, job, sheet=2, q="last", **{"from": place})
        found, place = found + answer["offsets"], answer["until"]
    assert found == [52_428_807]


def test_secrets_are_masked_on_the_page_and_not_found(
    vera: Visitor, job: Job, runs: Path, settings: LazySettings
) -> None:
    settings.PODIUM_SECRET_PATTERNS = (r"ticket-(\d+)",)
    give_log(job, runs, 2, b"password=hunter2 ticket-4711\n")
    html = window(vera, job, sheet=2)["html"]
    assert "hunter2" not in html
    assert "4711" not in html
    assert html.count(MASKED) == 2
    assert matches(vera, job, sheet=2, q="hunter2")["offsets"] == []


def test_a_search_marks_and_counts_lines(vera: Visitor, job: Job) -> None:
    page = vera.get(f"/jobs/job/{job.pk}/log/", sheet=1, q="T")
    assert page.html.count('<mark class="found">') == 2
    assert page.part("log-found").strip().startswith("2 lines")
    assert matches(vera, job, q="t")["offsets"] == [4, 8]


def test_only_matching_lines_can_be_shown(vera: Visitor, job: Job) -> None:
    assert window(vera, job, q="t", only=1)["rows"] == 2
    assert window(vera, job, q="^t.o$", regex=1, only=1)["rows"] == 1


def test_levels_are_a_filter(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"INFO a\nERROR b\n  at c\nWARN d\n")
    assert window(vera, job, sheet=2, level="error")["rows"] == 2
    assert window(vera, job, sheet=2, level=["warn", "info"])["rows"] == 2


def test_an_expression_that_is_none_is_said_to_be_so(vera: Visitor, job: Job) -> None:
    assert "cannot be searched for" in vera.get(f"/jobs/job/{job.pk}/log/", q="(", regex=1).text
    assert "cannot be searched for" in matches(vera, job, q="(", regex=1)["fault"]


def test_attempts_are_offered(vera: Visitor, job: Job, runs: Path) -> None:
    give_log(job, runs, 2, b"a\n\n[podium] attempt 2 starts\nb\n")
    assert "?sheet=2&line=3#L3" in vera.get(f"/jobs/job/{job.pk}/log/", sheet=2).links()


def test_a_failed_job_opens_at_the_sheet_that_failed(vera: Visitor, job: Job, runs: Path) -> None:
    Job.objects.filter(pk=job.pk).update(status="failed")
    give_log(job, runs, 2, b"what went wrong\n", status="failed")
    assert "what went wrong" in vera.get(f"/jobs/job/{job.pk}/log/").text


def give_events(job: Job, *pieces: tuple[int, int, int]) -> None:
    for sheet, start, end in pieces:
        Event.objects.create(
            seq=Event.objects.count() + 1,
            at=timezone.now(),
            job_pk=job.pk,
            conductor="c",
            event="sheet.output",
            sheet=sheet,
            data={"offset": start, "length": end - start, "preview": "…"},
        )


def test_all_sheets_are_shown_in_the_order_in_which_they_wrote(
    vera: Visitor, job: Job, runs: Path
) -> None:
    give_log(job, runs, 2, b"uno\ndos\n")
    give_events(job, (1, 0, 4), (2, 0, 6), (1, 4, 8), (2, 6, 8), (1, 8, 14))
    answer = window(vera, job, sheet="all")
    texts = lines(answer["html"])
    assert [text.split()[0] for text in texts] == ["one", "uno", "two", "dos", "three"]
    later = window(vera, job, sheet="all", after=4)
    assert (later["first"], later["last"]) == (5, 5)
    assert "three" in vera.get(f"/jobs/job/{job.pk}/log/", sheet="all").part("log-rows")


async def test_a_download_is_the_masked_log_under_a_safe_name(job: Job, runs: Path) -> None:
    await Job.objects.filter(pk=job.pk).aupdate(job_id='a"b\r\n/../c')
    (runs / "sheet-00001.log").write_bytes(b"one\npassword=hunter2\n\xff\0\n")
    data, headers = await download(job, sheet=1)
    assert data == f"one\npassword={MASKED}\n".encode() + b"\xff\0\n"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("attachment")
    assert not {"\r", "\n", "/"} & set(headers["Content-Disposition"])


async def test_what_is_filtered_can_be_downloaded(job: Job) -> None:
    assert (await download(job, sheet=1, q="t"))[0] == b"two\nthree\n"


async def test_all_sheets_can_be_downloaded(job: Job, runs: Path) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(give_log)(job, runs, 2, b"uno\n")
    data, _ = await download(job, sheet="all")
    assert data == (b"===== sheet 1 =====\none\ntwo\nthree\n\n===== sheet 2 =====\nuno\n\n")


async def test_all_sheets_are_read_some_at_a_time_and_without_what_is_not_sent(
    job: Job, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(log_module, "SHEETS_AT_ONCE", 2)
    for number in range(2, 6):
        await sync_to_async(give_log)(job, runs, number, b"%d\n" % number)
    await job.sheets.filter(number=5).aupdate(details={}, stdout_tail="the end", status="completed")

    def asked() -> tuple[list[int], list[str]]:
        with CaptureQueriesContext(connection) as captured:
            numbers = [
                (sheet.number, sheet.details, sheet.stdout_tail)[0]
                for sheet in log_module._one_after_the_other(job)
            ]
        return numbers, [query["sql"] for query in captured]

    numbers, queries = await sync_to_async(asked)()
    assert numbers == [1, 2, 3, 4, 5]
    assert len(queries) == 4
    assert all("LIMIT 2" in query and "error_message" not in query for query in queries)
    data, _ = await download(job, sheet="all")
    assert data.count(b"===== sheet") == 5
    assert data.endswith(b"the end\n\n")


@pytest.mark.parametrize("has_sent", [True, False])
def test_whether_a_conductor_reports_output_goes_by_what_it_sent(
    vera: Visitor, job: Job, *, has_sent: bool
) -> None:
    job.conductor.has_sent_output = has_sent
    job.conductor.save(update_fields=("has_sent_output",))
    page = vera.get(f"/jobs/job/{job.pk}/log/", sheet="all")
    assert ("has reported no output" in page.text) is not has_sent
    assert ("No output was reported yet" in page.text) is has_sent


def test_the_page_asks_no_more_of_the_database_for_more_sheets(
    vera: Visitor, job: Job, runs: Path
) -> None:
    def queries() -> int:
        vera.get(f"/jobs/job/{job.pk}/log/?sheet=1")
        with CaptureQueriesContext(connection) as captured:
            assert vera.get(f"/jobs/job/{job.pk}/log/?sheet=1").status == 200
        return len(captured)

    give_log(job, runs, 2, b"x\n")
    give_events(job, (1, 0, 4))
    few = queries()
    for number in range(3, 30):
        give_log(job, runs, number, b"x\n")
        give_events(job, (number, 0, 2))
    assert queries() == few
    assert few <= 20


def test_a_secret_pattern_that_cannot_be_used_stops_the_start(settings: LazySettings) -> None:
    settings.PODIUM_SECRET_PATTERNS = ("(x",)
    assert [error.id for error in secret_patterns_can_be_used()] == ["podium.E003"]
    settings.PODIUM_SECRET_PATTERNS = ("x",)
    assert secret_patterns_can_be_used() == []


@pytest.mark.parametrize(
    "pattern", [".*", "()", "foo()", "x*", r"\b", r"\S+", "[a-z :0-9-]+", "(.)"]
)
def test_a_secret_pattern_that_masks_nothing_or_everything_is_warned_of(
    pattern: str, settings: LazySettings
) -> None:
    settings.PODIUM_SECRET_PATTERNS = (pattern, "nightingale")
    (warning,) = secret_patterns_can_be_used()
    assert warning.id == "podium.W001"
    assert repr(pattern) in warning.msg


@pytest.mark.parametrize(
    "pattern", [r"ticket-(\d+)", r"foo-(\d+)|nightingale", r"f\(\)", r"(?i)key-[a-z]+", r"id=(.+)"]
)
def test_an_ordinary_secret_pattern_is_not_warned_of(pattern: str, settings: LazySettings) -> None:
    settings.PODIUM_SECRET_PATTERNS = (pattern,)
    assert secret_patterns_can_be_used() == []


def test_of_much_output_at_once_it_is_said_how_much_is_left_out(
    vera: Visitor, job: Job, runs: Path
) -> None:
    text = b"".join(b"%d\n" % number for number in range(1_000))
    give_log(job, runs, 2, text)
    give_events(job, (2, 0, len(text)))
    texts = lines(window(vera, job, sheet="all")["html"])
    assert texts[-1].startswith("999")
    left_out = len(text) - len("".join(f"{number}\n" for number in range(600, 1_000)))
    assert f"{left_out:,} bytes between" in texts[0]


def test_what_has_no_room_is_on_the_page_before_or_after(
    vera: Visitor, job: Job, runs: Path
) -> None:
    text = b"".join(b"%03d\n" % number for number in range(300))
    give_log(job, runs, 2, text)
    give_log(job, runs, 3, text)
    give_events(job, (2, 0, 1_200), (3, 0, 1_200))
    newest = window(vera, job, sheet="all")
    assert (newest["first"], newest["last"], newest["has_earlier"]) == (2, 2, True)
    earlier = window(vera, job, sheet="all", before=2)
    assert (earlier["first"], earlier["last"], earlier["has_earlier"]) == (1, 1, False)
    oldest = window(vera, job, sheet="all", after=0)
    assert (oldest["first"], oldest["last"], oldest["has_later"]) == (1, 1, True)
    assert len(lines(oldest["html"])) == len(lines(newest["html"])) == 300


def test_of_many_sheets_the_ones_that_wrote_last_are_shown(
    vera: Visitor, job: Job, runs: Path
) -> None:
    for number in range(2, 62):
        give_log(job, runs, number, b"from %d\n" % number)
    give_events(job, *((number, 0, 8) for number in range(2, 62)))
    found = window(vera, job, sheet="all")
    texts = lines(found["html"])
    assert len(texts) == 50
    assert texts[-1].startswith("from 61")
    assert (found["first"], found["has_earlier"]) == (11, True)


def test_who_follows_a_run_stays_with_a_sheet_until_it_has_ended(
    olga: Visitor, job: Job, runs: Path
) -> None:
    give_log(job, runs, 2, b"two\n")
    address = f"/jobs/job/{job.pk}/log/"
    assert _shown(olga.get(address)) == "1"
    assert _shown(olga.get(address, followed="2")) == "2"
    job.sheets.filter(number=2).update(status="completed")
    assert _shown(olga.get(address, followed="2")) == "1"
    job.sheets.update(status="completed")
    assert _shown(olga.get(address, followed="1")) == "1"


def _shown(page: Page) -> str:
    return page.all("section", **{"data-testid": "log-card"})[0]["data-sheet"]
