"""The files of a run: shown, handed out, and never obeyed."""

from __future__ import annotations

import gc
import io
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import Permission
from django.core.asgi import get_asgi_application
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from jobs.admin.job import files as files_module
from jobs.admin.job.file_rows import size_words
from jobs.registry.models import Job
from jobs.streaming import streamed
from jobs.workspaces import Bounds, measured
from tests.admin.visitors import Page, Visitor, visitor_for
from tests.factories import make_conductor, make_job, make_user
from tests.waiting import eventually, patience
from tests.workspaces.handles import open_handles, open_under

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def work(tmp_path: Path, settings: Any) -> Path:
    root = tmp_path / "workspaces"
    folder = root / "nightly"
    folder.mkdir(parents=True)
    settings.PODIUM_WORKSPACE_ROOTS = (root,)
    return folder


@pytest.fixture
def job(work: Path, transactional_db: None) -> Job:
    return make_job(workspace=str(work), conductor=make_conductor(shares_filesystem=True))


def opened(visitor: Visitor, job: Job, path: str = "", view: str = "", **query: str) -> Page:
    return visitor.get(
        f"/jobs/job/{job.pk}/files/{view}", **({"path": path} if path else {}), **query
    )


def odd_file(work: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(work) + b"/" + name)).write_text("here it is")


async def fetched(visitor: Visitor, job: Job, view: str, query: str = "") -> tuple[Any, bytes]:
    client = AsyncClient()
    client.cookies = visitor.client.cookies
    response: Any = await client.get(f"/jobs/job/{job.pk}/files/{view}/?{query}")
    if not response.streaming:
        return response, response.content
    pieces = [piece async for piece in response.streaming_content]
    response.close()
    return response, b"".join(pieces)


def test_a_folder_shows_its_entries_and_the_way_to_it(vera: Visitor, job: Job, work: Path) -> None:
    (work / "out" / "deep").mkdir(parents=True)
    (work / "out" / "report.txt").write_text("x" * 1_234)
    page = opened(vera, job, "out")
    assert page.status == 200
    assert "workspace / out" in page.text
    assert "report.txt" in page.text
    assert "1.2 kB" in page.text
    assert "2 entries" in page.text
    assert page.text.index("deep/") < page.text.index("report.txt")


def test_the_tab_is_offered_and_current(vera: Visitor, job: Job) -> None:
    page = opened(vera, job)
    assert page.all("a", data_testid="tab-files", aria_current="page")


def test_nobody_sees_files_of_a_job_that_they_may_not_see(
    nemo: Visitor, stranger: Visitor, job: Job, work: Path
) -> None:
    (work / "x").write_text("the secret")
    other = make_user("nobody")
    other.user_permissions.add(Permission.objects.get(codename="view_auditrecord"))
    for view in ("", "picture/", "download/", "zip/"):
        assert opened(nemo, job, "x", view).status == 302
        assert opened(stranger, job, "x", view).status == 302
        page = opened(visitor_for(other), job, "x", view)
        assert page.status == 404
        assert "the secret" not in page.html


def test_a_job_that_does_not_exist_is_not_found(vera: Visitor) -> None:
    assert vera.get("/jobs/job/4711/files/").status == 404


def test_markup_and_line_breaks_in_a_name_are_shown_harmlessly(
    vera: Visitor, job: Job, work: Path
) -> None:
    name = '<img src=x onerror=alert(1)>"\n\u202egpj.exe'
    (work / name).write_text("<script>alert(1)</script>")
    page = opened(vera, job)
    assert "<img src=x" not in page.html
    assert "␤" in page.text
    assert "\u202e" not in page.html
    links = [link for link in page.links() if "path=" in link and "/files/?" in link]
    shown = vera.get(links[0])
    assert shown.status == 200
    assert "<script>alert" not in shown.html
    assert "<script>alert(1)</script>" in shown.text


async def test_such_a_file_and_one_of_any_bytes_can_be_downloaded(
    vera: Visitor, job: Job, work: Path
) -> None:
    odd_file(work, b"caf\xe9\n<b>.txt")
    response, data = await fetched(vera, job, "download", "path=caf%E9%0A%3Cb%3E.txt")
    assert data == b"here it is"
    header = response["Content-Disposition"]
    assert header == "attachment; filename=\"caf___b_.txt\"; filename*=UTF-8''caf___b_.txt"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Length"] == "10"


def test_the_page_links_to_a_name_of_any_bytes(vera: Visitor, job: Job, work: Path) -> None:
    odd_file(work, b"caf\xe9.txt")
    page = opened(vera, job)
    assert "caf�.txt" in page.text
    (link,) = {link for link in page.links() if "/files/?path" in link}
    assert "caf%E9.txt" in link
    assert "here it is" in vera.get(link).text


@pytest.mark.parametrize("path", ["../secret", "/../secret", "a/../../secret", "x\0y", "a/" * 100])
@pytest.mark.parametrize("view", ["", "download/", "picture/", "zip/"])
def test_no_path_leads_out(vera: Visitor, job: Job, work: Path, path: str, view: str) -> None:
    (work.parent / "secret").write_text("the secret")
    page = opened(vera, job, path, view)
    assert page.status == 404
    assert "the secret" not in page.html


@pytest.mark.parametrize("view", ["", "download/", "picture/", "zip/"])
def test_no_link_is_followed(
    vera: Visitor, job: Job, work: Path, tmp_path: Path, view: str
) -> None:
    (tmp_path / "secret").write_text("the secret")
    (work / "out").symlink_to(tmp_path)
    (work / "circle").symlink_to("circle")
    (work / "file").symlink_to(tmp_path / "secret")
    for path in ("out", "out/secret", "file", "circle"):
        page = opened(vera, job, path, view)
        assert page.status == 404
        assert "ymbolic link" in page.text
        assert "the secret" not in page.html


def test_links_and_pipes_are_listed_without_a_way_to_open_them(
    vera: Visitor, job: Job, work: Path
) -> None:
    os.mkfifo(work / "pipe")
    (work / "link").symlink_to("../../elsewhere")
    page = opened(vera, job)
    assert "link → ../../elsewhere (symbolic link, not followed)" in page.text
    assert "pipe (pipe, never opened)" in page.text
    assert not [link for link in page.links() if "path=" in link]
    assert opened(vera, job, "pipe").status == 404


@pytest.mark.parametrize("way", ["named", "below", "link"])
def test_a_hidden_workspace_opens_to_whoever_may_control_jobs(
    vera: Visitor, olga: Visitor, job: Job, work: Path, way: str
) -> None:
    hidden = work.parent / ".ssh" / "deep"
    hidden.mkdir(parents=True)
    for folder in (hidden, hidden.parent):
        (folder / "id_key").write_text("the secret")
    if way == "link":
        work.rmdir()
        work.symlink_to(hidden.parent)
    else:
        named = hidden if way == "below" else hidden.parent
        Job.objects.filter(pk=job.pk).update(workspace=str(named))
    for view, path in (("", ""), ("", "id_key"), ("download/", "id_key"), ("zip/", "")):
        page = opened(vera, job, path, view)
        assert page.status == 403
        assert "the secret" not in page.html
        assert "need the right to control jobs" in page.text
        assert "begins with a dot" in page.text
    assert "the secret" in opened(olga, job, "id_key").text


def test_hidden_files_need_a_switch_and_the_right_to_control(
    vera: Visitor, olga: Visitor, job: Job, work: Path
) -> None:
    (work / ".env").write_text("KEY=hunter2")
    (work / "sub" / ".git").mkdir(parents=True)
    assert ".env" not in opened(vera, job).text
    assert "1 hidden" in opened(vera, job).text
    assert ".env" not in opened(vera, job, hidden="1").text
    assert not opened(vera, job).has("hidden-switch")
    assert opened(vera, job, ".env").status == 403
    assert "hunter2" not in opened(vera, job, ".env").html
    assert opened(vera, job, ".env", "download/").status == 403
    assert opened(vera, job, "sub/.git", "zip/").status == 403
    assert ".env" not in opened(olga, job).text
    assert ".env" in opened(olga, job, hidden="1").text
    assert "hunter2" in opened(olga, job, ".env").text


@pytest.mark.parametrize(
    ("shares", "words"),
    [(None, "not known yet"), (False, "not reachable from here")],
)
def test_a_conductor_elsewhere_says_why_there_are_no_files(
    vera: Visitor, work: Path, shares: bool | None, words: str
) -> None:
    (work / "x").write_text("the secret")
    job = make_job(workspace=str(work), conductor=make_conductor(shares_filesystem=shares))
    for view in ("", "download/", "picture/", "zip/"):
        page = opened(vera, job, "x", view)
        assert words in page.text
        assert "the secret" not in page.html


def test_a_workspace_that_was_not_reported_or_is_outside_or_gone_has_its_own_words(
    vera: Visitor, job: Job, work: Path, tmp_path: Path
) -> None:
    conductor = job.conductor
    assert "not reported" in opened(vera, make_job(conductor=conductor)).part("files-trouble")
    outside = make_job(conductor=conductor, workspace=str(tmp_path))
    assert "PODIUM_WORKSPACE_ROOTS" in opened(vera, outside).part("files-trouble")
    work.rmdir()
    assert "The workspace is gone" in opened(vera, job).part("files-trouble")
    assert opened(vera, job).status == 200


def test_a_later_job_in_the_same_workspace_is_told(vera: Visitor, job: Job) -> None:
    assert not opened(vera, job).has("later-run")
    later = make_job(job_id="later", workspace=job.workspace, conductor=job.conductor)
    assert "later" in opened(vera, job).part("later-run")
    assert not opened(vera, later).has("later-run")


def test_ten_thousand_files_are_paged(vera: Visitor, job: Job, work: Path) -> None:
    for number in range(10_000):
        os.close(os.open(work / f"f{number:05}", os.O_CREAT | os.O_WRONLY, 0o600))
    page = opened(vera, job)
    assert "10000 entries" in page.part("files-count")
    assert "f00199" in page.text
    assert "f00200" not in page.text
    assert len(page.html) < 300_000
    assert "f09999" in opened(vera, job, page="50").text


def test_sorting_is_by_address_and_said_to_screen_readers(
    vera: Visitor, job: Job, work: Path
) -> None:
    for name, size in (("a", 1), ("b", 3), ("c", 2)):
        (work / name).write_bytes(b"x" * size)
    page = opened(vera, job, sort="-size")
    assert page.all("th", aria_sort="descending")
    order = [page.html.index(f'title="{name}"') for name in "bca"]
    assert order == sorted(order)
    assert opened(vera, job, sort="nonsense", page="x").status == 200


def test_text_has_numbered_lines(vera: Visitor, job: Job, work: Path) -> None:
    (work / "log.txt").write_text("first\n<b>second</b>\n\x1b[31mred\n")
    page = opened(vera, job, "log.txt")
    assert page.all("li", id="L2")
    assert "<b>second</b>" in page.text
    assert "<b>second" not in page.html
    assert "␛[31mred" in page.text


def test_json_csv_and_markdown_are_laid_out(vera: Visitor, job: Job, work: Path) -> None:
    (work / "a.json").write_text('{"a":{"b":1.50}}')
    (work / "a.csv").write_text("name,size\n<i>x</i>,2\n")
    (work / "a.md").write_text("# Title\n\n<script>alert(1)</script>\n")
    assert '"b": 1.50' in opened(vera, job, "a.json").text
    assert '{"a":{"b":1.50}}' in opened(vera, job, "a.json", **{"as": "source"}).text
    table = opened(vera, job, "a.csv")
    assert table.all("th", scope="col")
    assert "<i>x" not in table.html
    assert "# Title" in opened(vera, job, "a.md", **{"as": "source"}).text
    assert "<h3>Title</h3>" in opened(vera, job, "a.md").html
    assert "<script>alert" not in opened(vera, job, "a.md").html


def test_a_huge_file_says_that_only_its_beginning_is_shown(
    vera: Visitor, job: Job, work: Path
) -> None:
    with (work / "huge.log").open("wb") as huge:
        huge.write(b"line\n" * 100_000)
        huge.truncate(20 * 2**30)
    page = opened(vera, job, "huge.log")
    assert "21 GB" in page.part("file-facts")
    assert "Only its beginning is shown" in page.text
    assert len(page.html) < 1_000_000


async def test_a_picture_is_served_so_that_nothing_in_it_is_obeyed(
    vera: Visitor, job: Job, work: Path
) -> None:
    (work / "a.png").write_bytes(PNG)
    response, data = await fetched(vera, job, "picture", "path=a.png")
    assert data == PNG
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["Content-Disposition"].startswith("inline;")


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.png"])
def test_what_is_no_picture_is_never_served_as_one(
    vera: Visitor, job: Job, work: Path, name: str
) -> None:
    (work / name).write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    assert opened(vera, job, name, "picture/").status == 404
    page = opened(vera, job, name)
    assert not page.all("img", alt=name)
    assert "onload" in page.text


async def test_a_folder_is_handed_out_as_a_zip_file(vera: Visitor, job: Job, work: Path) -> None:
    (work / "out").mkdir()
    (work / "out" / "x.txt").write_text("x")
    (work / ".env").write_text("KEY")
    response, data = await fetched(vera, job, "zip")
    assert response["Content-Disposition"].startswith(
        f'attachment; filename="{job.job_id}-files.zip"'
    )
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["out/", "out/x.txt"]
    response, data = await fetched(vera, job, "zip", "path=out")
    assert response["Content-Disposition"].startswith('attachment; filename="out.zip"')
    _, data = await fetched(vera, job, "zip", "hidden=1")
    assert ".env" not in zipfile.ZipFile(io.BytesIO(data)).namelist()


async def test_an_operator_may_have_hidden_files_in_it(olga: Visitor, job: Job, work: Path) -> None:
    (work / ".env").write_text("KEY")
    _, data = await fetched(olga, job, "zip", "hidden=1")
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == [".env"]


def test_a_folder_that_is_too_large_for_a_zip_file_is_refused_with_words(
    vera: Visitor, job: Job, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(*args: Any, **fields: Any) -> Any:
        return measured(*args, **fields, bounds=Bounds(entries=2))

    monkeypatch.setattr(files_module, "measured", small)
    for name in "abc":
        (work / name).write_text("x")
    page = opened(vera, job, view="zip/")
    assert page.status == 413
    assert "at most 2 entries" in page.text


async def test_only_so_many_zip_files_are_made_at_once(vera: Visitor, job: Job, work: Path) -> None:
    (work / "x").write_text("x")
    taken = [files_module._zips.take(-number) for number in range(files_module._zips.most)]
    try:
        response, data = await fetched(vera, job, "zip")
        assert response.status_code == 503
        assert b"Try again" in data
    finally:
        for give_back in taken:
            give_back()
    assert (await fetched(vera, job, "zip"))[0].status_code == 200
    assert files_module._zips.taken == 0


async def test_who_draws_zip_files_slowly_leaves_some_to_others(
    vera: Visitor, olga: Visitor, job: Job, work: Path
) -> None:
    (work / "x").write_text("x")
    client = AsyncClient()
    client.cookies = vera.client.cookies
    address = f"/jobs/job/{job.pk}/files/zip/"
    undrawn: list[Any] = [await client.get(address) for _ in range(2)]
    response, data = await fetched(vera, job, "zip")
    assert response.status_code == 503
    assert b"zip files of yours" in data
    assert (await fetched(olga, job, "zip"))[0].status_code == 200
    for response in undrawn:
        response.close()
    assert (await fetched(vera, job, "zip"))[0].status_code == 200


class Holding:
    """A function that waits in its thread until it may go on."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.is_entered = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, *args: Any, **fields: Any) -> Any:
        self.is_entered.set()
        assert self.may_go_on.wait(patience(10))
        return self.function(*args, **fields)


async def gone_meanwhile(vera: Visitor, address: str, view: Holding) -> None:
    """Ask for an address and go away while its view is held."""
    communicator: Any = ApplicationCommunicator  # asgiref leaves it untyped
    caller = communicator(get_asgi_application(), scope_of(vera, address))
    await caller.send_input({"type": "http.request"})
    await eventually(view.is_entered.is_set, what="the view to run")
    await caller.send_input({"type": "http.disconnect"})
    view.may_go_on.set()
    await caller.wait(timeout=patience(10))


def scope_of(visitor: Visitor, address: str) -> dict[str, Any]:
    path, _, query = address.partition("?")
    cookies = "; ".join(f"{name}={one.value}" for name, one in visitor.client.cookies.items())
    return {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(),
        "headers": [(b"host", b"testserver"), (b"cookie", cookies.encode())],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "held"),
    [("zip/", "measured"), ("picture/?path=x.png", "picture_type"), ("download/?path=x", "_sent")],
)
async def test_who_goes_away_while_the_view_runs_leaves_nothing_taken(
    vera: Visitor, job: Job, work: Path, monkeypatch: pytest.MonkeyPatch, address: str, held: str
) -> None:
    (work / "x").write_text("x")
    (work / "x.png").write_bytes(PNG)
    before = {*open_under(work)}
    view = Holding(getattr(files_module, held))
    monkeypatch.setattr(files_module, held, view)
    await gone_meanwhile(vera, f"/jobs/job/{job.pk}/files/{address}", view)

    def is_given_back() -> bool:
        gc.collect()
        return files_module._zips.taken == 0 and not {*open_under(work)} - before

    await eventually(is_given_back, what="what the dropped answer held")


def test_an_answer_that_is_dropped_unclosed_gives_back_what_it_held() -> None:
    ended: list[bool] = []
    response = streamed(
        iter([b"x"]), slot=lambda: None, disposition="inline", at_end=lambda: ended.append(True)
    )
    del response
    gc.collect()
    assert ended == [True]


def test_an_answer_that_is_closed_gives_back_once() -> None:
    ended: list[bool] = []
    response = streamed(
        iter([b"x"]), slot=lambda: None, disposition="inline", at_end=lambda: ended.append(True)
    )
    response.close()
    response.close()
    del response
    gc.collect()
    assert ended == [True]


async def test_a_download_that_is_not_drawn_leaves_no_handle_open(
    vera: Visitor, job: Job, work: Path
) -> None:
    (work / "x").write_bytes(b"x" * 1_000_000)
    client = AsyncClient()
    client.cookies = vera.client.cookies
    await client.get(f"/jobs/job/{job.pk}/files/")
    before = open_handles()
    response: Any = await client.get(f"/jobs/job/{job.pk}/files/download/?path=x")
    response.close()
    assert open_handles() <= before


async def test_a_file_that_becomes_shorter_ends_where_it_ends(
    vera: Visitor, job: Job, work: Path
) -> None:
    (work / "x").write_bytes(b"x" * 1_000_000)
    client = AsyncClient()
    client.cookies = vera.client.cookies
    response: Any = await client.get(f"/jobs/job/{job.pk}/files/download/?path=x")
    os.truncate(work / "x", 200_000)
    pieces = [piece async for piece in response.streaming_content]
    response.close()
    assert len(b"".join(pieces)) == 200_000
    assert response["Content-Length"] == "1000000"


def test_a_refresh_of_a_page_whose_file_is_gone_is_no_refusal(
    vera: Visitor, job: Job, work: Path
) -> None:
    (work / "x").write_text("x")
    response = vera.client.get(
        f"/jobs/job/{job.pk}/files/?path=gone", headers={"X-Podium-Live": "1"}
    )
    assert response.status_code == 200
    assert "Not there (any more)" in response.content.decode()


def test_a_refresh_of_a_file_brings_its_facts_alone(vera: Visitor, job: Job, work: Path) -> None:
    (work / "x.txt").write_text("the words of it")
    response = vera.client.get(
        f"/jobs/job/{job.pk}/files/?path=x.txt", headers={"X-Podium-Live": "1"}
    )
    assert "the words of it" not in response.content.decode()
    assert "15 B" in response.content.decode()


def test_queries_do_not_grow_with_the_files(vera: Visitor, job: Job, work: Path) -> None:
    def queries() -> int:
        opened(vera, job)
        with CaptureQueriesContext(connection) as captured:
            opened(vera, job)
        return len(captured)

    few = queries()
    for number in range(150):
        (work / str(number)).write_text("x")
    assert queries() == few
    assert few <= 12


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (None, "not reported"),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (999_999, "1.0 MB"),
        (56_000_000, "56 MB"),
        (10**19, "10 EB"),
    ],
)
def test_sizes_are_told_in_words(size: int | None, words: str) -> None:
    assert size_words(size) == words


def test_who_draws_downloads_slowly_leaves_some_to_others(
    vera: Visitor, olga: Visitor, job: Job, work: Path
) -> None:
    (work / "x").write_text("x")
    (work / "x.png").write_bytes(PNG)
    slots = files_module._downloads
    taken = [
        slots.take(int(vera.client.session["_auth_user_id"])) for _ in range(slots.most_of_person)
    ]
    before = {*open_under(work)}
    for view, path in (("download/", "x"), ("picture/", "x.png")):
        page = opened(vera, job, path, view)
        assert (page.status, page.headers["Retry-After"]) == (503, "10")
        assert "downloads of yours" in page.text
        response = olga.client.get(f"/jobs/job/{job.pk}/files/{view}", {"path": path})
        assert response.status_code == 200
        response.close()
    assert {*open_under(work)} == before
    for give_back in taken:
        give_back()
    assert slots.taken == 0
