"""A job's files and score, and two jobs side by side, in a browser that complains of everything."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import faults
from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.steps import expect_live, expect_status, submit, submit_gated, workspace

pytestmark = pytest.mark.browser

# One red point.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
MARKUP = "<img src=x onerror=document.title='owned'>"


async def open_tab(page: Page, slug: str) -> None:
    await page.get_by_test_id(f"tab-{slug}").click()
    await expect(page.get_by_test_id(f"tab-{slug}")).to_have_attribute("aria-current", "page")


async def test_a_workspace_is_browsed_looked_at_and_saved(admin_page: Page, tmp_path: Path) -> None:
    page = admin_page
    lines = [
        "mkdir -p out/deep",
        r"printf 'name,size\na,1\n' > out/table.csv",
        r"""printf '{"a": [1, 2.50]}' > out/data.json""",
        r"printf '# Title\n\nwords\n' > out/README.md",
        f"echo {PNG} | base64 -d > out/point.png",
        "echo KEY > .env",
    ]
    await submit(page, commands("leaves-files", *lines))
    await expect_status(page, "completed")
    await open_tab(page, "files")
    await page.get_by_role("link", name="out/", exact=True).click()
    await expect(page.get_by_test_id("files-count")).to_contain_text("5 entries")
    await page.get_by_role("link", name="table.csv", exact=True).click()
    await expect(page.get_by_role("columnheader", name="size")).to_be_visible()
    await page.go_back()
    await page.get_by_role("link", name="data.json", exact=True).click()
    await expect(page.get_by_test_id("file-shown")).to_contain_text("2.50")
    async with page.expect_download() as saving:
        await page.get_by_test_id("download").click()
    saved = await saving.value
    assert saved.suggested_filename == "data.json"
    await page.go_back()
    await page.get_by_role("link", name="point.png", exact=True).click()
    picture = page.get_by_role("img", name="point.png")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.naturalWidth") == 1
    await page.get_by_role("link", name="workspace", exact=True).click()
    await expect(page.get_by_test_id("files-table")).not_to_contain_text(".env")
    await page.get_by_test_id("hidden-switch").click()
    await expect(page.get_by_test_id("files-table")).to_contain_text(".env")
    async with page.expect_download() as saving:
        await page.get_by_test_id("zip").click()
    archive = tmp_path / "files.zip"
    await (await saving.value).save_as(archive)
    with zipfile.ZipFile(archive) as files:
        assert {".env", "out/", "out/deep/", "out/point.png"} <= set(files.namelist())


async def test_names_and_files_of_any_content_are_shown_and_never_obeyed(
    admin_page: Page, console: Console
) -> None:
    page = admin_page
    await submit(page, commands("leaves-odd-files", "true"))
    await expect_status(page, "completed")
    folder = workspace(console, "leaves-odd-files")
    odd = f"{MARKUP}\n".replace("/", "")
    (folder / odd).write_text(f"<script>document.title='owned'</script>{MARKUP}")
    (folder / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    (folder / "a.html").write_text("<script>document.title='owned'</script>")
    await open_tab(page, "files")
    await page.get_by_role("link", name=re.compile("^<img src=x")).click()
    await expect(page.get_by_test_id("file-shown")).to_contain_text("<script>")
    async with page.expect_download() as saving:
        await page.get_by_test_id("download").click()
    assert (await saving.value).suggested_filename.startswith("_img src=x")
    for name in ("a.svg", "a.html"):
        await page.goto(re.sub(r"path=.*", f"path={name}", page.url))
        await expect(page.get_by_test_id("file-shown")).to_contain_text("<s")
    await expect(page).not_to_have_title("owned")


async def test_files_appear_while_the_job_runs_and_a_changed_one_says_so(
    admin_page: Page, console: Console
) -> None:
    page = admin_page
    gates = await submit_gated(page, console, "writes-files")
    folder = workspace(console, "writes-files")
    (folder / "first.txt").write_text("as it was\n")
    await open_tab(page, "files")
    await expect_live(page)
    await page.get_by_role("link", name="first.txt", exact=True).click()
    await expect_live(page)
    await expect(page.get_by_test_id("file-shown")).to_contain_text("as it was")
    (folder / "first.txt").write_text("as it was, and more\n")
    gates.open(1)
    await expect(page.get_by_text("It has changed since this page was loaded")).to_be_visible()
    await expect(page.get_by_test_id("file-shown")).not_to_contain_text("and more")
    await page.get_by_role("link", name="Load it again").click()
    await expect(page.get_by_test_id("file-shown")).to_contain_text("and more")
    await page.get_by_role("link", name="workspace", exact=True).click()
    await expect_live(page)
    (folder / "second.txt").write_text("new\n")
    gates.open(2)
    await expect(page.get_by_role("link", name="second.txt", exact=True)).to_be_visible()


async def test_a_score_is_compared_with_the_run_before(admin_page: Page) -> None:
    page = admin_page
    await submit(page, commands("runs-twice", "echo one", sheets=2))
    await expect_status(page, "completed")
    await submit(page, commands("runs-twice", "exit 3", sheets=2))
    await expect_status(page, "failed")
    await open_tab(page, "score")
    await expect(page.get_by_test_id("diff")).to_contain_text("exit 3")
    await expect(page.get_by_test_id("diff")).to_contain_text("echo one")
    await page.locator("#L2 > a").click()
    assert page.url.endswith("#L2")
    async with page.expect_download() as saving:
        await page.get_by_test_id("score-download").click()
    assert (await saving.value).suggested_filename == "runs-twice.yaml"
    await page.get_by_test_id("compare").click()
    await expect(page.get_by_test_id("compare-count")).to_contain_text("came out differently")
    await expect(page.get_by_test_id("compare-facts")).to_contain_text("failed")
    await page.get_by_role("link", name="Swap").click()
    await expect(page.get_by_test_id("diff")).to_contain_text("echo one")


async def test_the_text_of_a_score_is_copied(admin_page: Page) -> None:
    page = admin_page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await submit(page, commands("is-copied", "echo one"))
    await open_tab(page, "score")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_test_id("copied")).to_contain_text("Copied")
    assert "name: is-copied" in await page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("width", [1280, 390])
async def test_nothing_is_wider_than_its_place(
    admin_page: Page, console: Console, width: int
) -> None:
    page = admin_page
    await page.set_viewport_size({"width": width, "height": 844})
    await submit(page, commands(f"is-wide-{width}", f"echo {'x' * 300}"))
    await expect_status(page, "completed")
    folder = workspace(console, f"is-wide-{width}")
    (folder / ("long-name-" * 20)).write_text("y" * 1_000)
    job_url = page.url.replace("change/", "")
    compare = f"{console.url}/jobs/job/compare/?b={re.findall(r'/job/([0-9]+)/', page.url)[0]}"
    addresses = [
        f"{job_url}files/",
        f"{job_url}files/?path={'long-name-' * 20}",
        f"{job_url}score/",
        compare,
    ]
    for address in addresses:
        await page.goto(address)
        wider = await page.evaluate(
            """() => [...document.querySelectorAll("main, main .card")]
              .filter((box) => box.scrollWidth > box.clientWidth + 1)
              .map((box) => `${box.tagName} ${box.id} ${box.className}`)"""
        )
        assert wider == [], address


@pytest.mark.parametrize("scheme", ["dark"])  # by day they are looked at with all pages
async def test_axe_finds_nothing(
    admin_page: Page, console: Console, complaints: Complaints, scheme: str
) -> None:
    page = admin_page
    name = f"is-seen-by-all-{scheme}"
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of its two
    await submit(page, commands(name, "echo one", sheets=2))
    await expect_status(page, "completed")
    await submit(page, commands(name, "echo two", sheets=3))
    await expect_status(page, "completed")
    folder = workspace(console, name)
    (folder / "sub").mkdir()
    (folder / "link").symlink_to("sub")
    (folder / "a.json").write_text('{"a": [1]}')
    (folder / "a.csv").write_text("a,b\n1,2\n")
    (folder / "a.md").write_text("# A\n\n[away](https://a.example/)\n\n- one\n\n> two\n\n`three`\n")
    (folder / "a.bin").write_bytes(bytes(300))
    files = page.url.replace("change/", "files/")
    addresses = [
        files,
        *(f"{files}?path={name}" for name in ("a.json", "a.csv", "a.md", "a.bin", "none")),
        page.url.replace("change/", "score/"),
        f"{console.url}/jobs/job/compare/?b={re.findall(r'/job/([0-9]+)/', page.url)[0]}",
        f"{console.url}/jobs/job/compare/",
    ]
    with complaints.allowing("status of 404"):  # of the file that is not there
        for address in addresses:
            await page.goto(address)
            assert await faults(page) == [], address
