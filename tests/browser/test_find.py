"""Finding in a browser: the search in the head, chips, saved views, and lists that keep still."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.shared_loop import fixture_on_shared_loop
from tests.browser.steps import JOB_PAGE, expect_live, log_in
from tests.waiting import eventually

pytestmark = pytest.mark.browser


@fixture_on_shared_loop()
async def with_jobs(admin_page: Page, console: Console, api: httpx.AsyncClient) -> Page:
    """A tab on the job list, with jobs that completed and one that failed."""
    there = (await api.get("/api/jobs?is_gone=false")).json()["items"]
    have = {job["job_id"] for job in there}
    for name, command in (("find-one", "true"), ("find-two", "true"), ("find-broken", "exit 3")):
        if name in have:
            continue
        body = {"score_content": commands(name, command)}
        (await api.post("/api/jobs", json=body)).raise_for_status()

    async def all_ended() -> bool:
        items = (await api.get("/api/jobs")).json()["items"]
        states = {job["job_id"]: job["status"] for job in items}
        wanted = {"find-one": "completed", "find-two": "completed", "find-broken": "failed"}
        return states.items() >= wanted.items()

    await eventually(all_ended, what="the jobs to end")
    await admin_page.goto("/jobs/job/?q=find-")
    return admin_page


async def test_a_job_is_found_and_opened_by_keyboard_alone(with_jobs: Page) -> None:
    await with_jobs.goto("/")
    await with_jobs.keyboard.press("/")
    await with_jobs.keyboard.type("FIND-")
    options = with_jobs.get_by_role("option")
    await expect(options.first).to_contain_text("find-")
    await with_jobs.keyboard.press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await with_jobs.keyboard.press("ArrowDown")
    await with_jobs.keyboard.press("ArrowDown")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await with_jobs.keyboard.press("Enter")
    await with_jobs.wait_for_url(JOB_PAGE)


async def test_escape_puts_the_suggestions_away(with_jobs: Page) -> None:
    search = with_jobs.get_by_role("combobox", name="Search jobs")
    await search.fill("nothing-of-that-name")
    await expect(with_jobs.get_by_role("listbox")).to_contain_text("Nothing begins with")
    await search.press("Escape")
    await expect(with_jobs.get_by_role("listbox")).to_be_hidden()
    await search.press("Enter")
    await with_jobs.wait_for_url("**/search/?q=nothing-of-that-name")
    await expect(with_jobs.get_by_test_id("search-page")).to_contain_text("Nothing begins with")


async def test_suggestions_that_do_not_come_are_not_waited_for_without_end(
    with_jobs: Page,
) -> None:
    held: list[Route] = []

    async def never(route: Route) -> None:
        held.append(route)

    await with_jobs.route("**/search/**", never)
    # A deadline of twenty seconds, in a hundredth of the time.
    await with_jobs.evaluate(
        "const real = AbortSignal.timeout.bind(AbortSignal);"
        "AbortSignal.timeout = (ms) => real(ms / 100);"
    )
    await with_jobs.get_by_role("combobox", name="Search jobs").fill("find-")
    await expect(with_jobs.get_by_role("listbox")).to_contain_text("No suggestions at the moment")
    assert len(held) == 1
    await held[0].abort()


async def test_a_view_is_saved_opened_and_deleted(with_jobs: Page) -> None:
    await with_jobs.get_by_label("Filter by status").click()
    await with_jobs.get_by_role("link", name="Failed", exact=True).last.click()
    await expect(with_jobs.get_by_test_id("chips")).to_contain_text("Failed")
    await with_jobs.get_by_text("Save view").click()
    await with_jobs.get_by_label("Name of the view").fill("Broken finds")
    await with_jobs.get_by_role("button", name="Save", exact=True).click()
    tab = with_jobs.get_by_test_id("list-tabs").get_by_role("link", name="Broken finds")
    await expect(tab).to_have_attribute("aria-current", "page")
    await expect(with_jobs.locator("#result_list tbody tr")).to_have_count(1)
    await with_jobs.get_by_role("link", name=re.compile("Status: Failed")).click()
    await expect(with_jobs.locator("#result_list tbody tr")).to_have_count(3)
    await tab.click()
    await expect(with_jobs.locator("#result_list tbody tr")).to_have_count(1)
    await with_jobs.goto("/views/")
    await with_jobs.get_by_role("button", name="Delete Broken finds").click()
    await expect(with_jobs.get_by_test_id("saved-views")).not_to_contain_text("Broken finds")


@pytest.mark.parametrize("width", [1280, 390])
async def test_no_row_moves_when_one_is_chosen(with_jobs: Page, width: int) -> None:
    await with_jobs.set_viewport_size({"width": width, "height": 800})
    await expect_live(with_jobs)
    box = with_jobs.locator("input.action-select").first
    before = await box.bounding_box()
    await box.check()
    await expect(with_jobs.get_by_test_id("bulk-actions")).to_be_visible()
    assert await box.bounding_box() == before


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_list_that_moves_shows_the_bar_of_verbs_to_whoever_has_chosen(
    with_jobs: Page, api: httpx.AsyncClient, width: int
) -> None:
    bar, count = with_jobs.get_by_test_id("bulk-actions"), with_jobs.get_by_test_id("count")
    await with_jobs.set_viewport_size({"width": width, "height": 800})
    await with_jobs.goto("/jobs/job/")
    await expect_live(with_jobs)
    before = await top_of_rows(with_jobs)
    await moved(with_jobs, api, f"bar-{width}")
    await expect(bar).to_be_hidden()
    assert await top_of_rows(with_jobs) == before
    await with_jobs.locator("input.action-select").first.check()
    chosen = await bar.bounding_box()
    await moved(with_jobs, api, f"bar-again-{width}")
    await expect(bar).to_contain_text("1 chosen")
    assert await bar.bounding_box() == chosen
    await with_jobs.get_by_test_id("select-across").check()
    listed = (await count.inner_text()).split()[0]
    await expect(bar).to_contain_text(f"All {listed} chosen")


async def top_of_rows(page: Page) -> float:
    """How far down the list begins."""
    box = await page.locator("#list-rows").bounding_box()
    assert box
    return box["y"]


async def moved(page: Page, api: httpx.AsyncClient, name: str) -> None:
    """Has a job appear in the list and end there."""
    body = {"score_content": commands(name, "true")}
    (await api.post("/api/jobs", json=body)).raise_for_status()
    row = page.locator("#result_list tbody tr", has_text=name)
    await expect(row).to_contain_text("completed")


async def test_a_failure_is_counted_told_and_gone_once_it_is_cleared(
    with_jobs: Page, api: httpx.AsyncClient
) -> None:
    await with_jobs.goto("/attention/")
    row = with_jobs.get_by_test_id("trouble-failed").filter(has_text="find-broken")
    await expect(row.first).to_contain_text("resume it from there or clear it")
    count = with_jobs.get_by_test_id("attention-count")
    await expect(count).to_be_visible()
    counted = await count.inner_text()
    await expect_live(with_jobs)
    for job in (await api.get("/api/jobs?job_id=find-broken")).json()["items"]:
        await api.delete(f"/api/jobs/{job['id']}")
    await expect(row).to_have_count(0)
    await expect(count).not_to_have_text(counted)


@pytest.mark.parametrize("path", ["/jobs/job/?q=find-", "/attention/", "/search/?q=find-", "/"])
async def test_nothing_is_wider_than_a_phone(with_jobs: Page, path: str) -> None:
    await with_jobs.set_viewport_size({"width": 390, "height": 844})
    await with_jobs.goto(path)
    width = await with_jobs.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


async def test_times_are_told_in_the_zone_of_the_browser(
    browser: Browser, console: Console, with_jobs: Page
) -> None:
    context = await browser.new_context(base_url=console.url, timezone_id="Asia/Tokyo")
    page = await context.new_page()
    await log_in(page, console.username, console.password)
    await page.goto("/jobs/job/")
    assert "JST" in (await page.locator("time.moment").first.get_attribute("title") or "")
    await context.close()


async def test_everything_is_searched_without_a_script(
    browser: Browser, console: Console, with_jobs: Page
) -> None:
    context = await browser.new_context(base_url=console.url, java_script_enabled=False)
    page = await context.new_page()
    await log_in(page, console.username, console.password)
    await page.get_by_label("Search jobs").fill("find-one")
    await page.get_by_label("Search jobs").press("Enter")
    await page.get_by_test_id("found-jobs").get_by_role("link", name="find-one").first.click()
    await page.wait_for_url(JOB_PAGE)
    await page.goto("/jobs/job/")
    await expect(page.get_by_test_id("live-state")).to_contain_text("UTC")
    await context.close()


async def test_the_list_is_taken_away_as_csv(with_jobs: Page) -> None:
    async with with_jobs.expect_download() as taken:
        await with_jobs.get_by_test_id("csv-export").click()
    download = await taken.value
    assert download.suggested_filename.endswith(".csv")
    text = (await download.path()).read_text()
    assert text.startswith("number,job,status,")
    assert "find-one" in text
