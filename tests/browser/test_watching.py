"""Pages that move by themselves, and tell the truth while they cannot."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.network import Network
from tests.browser.scores import gated
from tests.browser.steps import expect_live, expect_sheet, expect_status, submit_gated
from tests.waiting import eventually

pytestmark = pytest.mark.browser

# What Chromium says when a test pulls the cable.
CUT = r"WebSocket connection to|net::ERR_"


async def test_output_lines_appear_as_they_are_written(admin_page: Page, console: Console) -> None:
    gates = await submit_gated(admin_page, console, "talks")
    output = admin_page.get_by_role("log")
    for line in ("first words", "second words", "third words"):
        gates.say(1, line)
        await expect(output).to_contain_text(line)
    gates.open(1, 2)
    await expect_status(admin_page, "completed")
    texts = await output.locator(".line .text").all_inner_texts()
    assert texts == [
        "sheet 1 has begun",
        "first words",
        "second words",
        "third words",
        "sheet 1 has ended",
        "sheet 2 has begun",
        "sheet 2 has ended",
    ]


async def test_what_is_shown_after_a_reload_is_what_was_shown_live(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "the-same")
    gates.say(1, "a line with   spaces, and <b>markup</b>")
    gates.open(1, 2)
    await expect_status(admin_page, "completed")
    output = admin_page.get_by_role("log").locator(".line .text")
    await expect(output.last).to_have_text("sheet 2 has ended")
    live = await output.all_inner_texts()
    await admin_page.reload()
    await expect_live(admin_page)
    assert await output.all_inner_texts() == live


async def test_the_job_list_moves_without_a_reload(
    admin_page: Page, console: Console, api: httpx.AsyncClient
) -> None:
    await admin_page.goto("/jobs/job/")
    await expect_live(admin_page)
    answer = await api.post("/api/jobs", json={"score_content": gated("listed")})
    assert answer.status_code == 201
    row = admin_page.locator("#result_list tbody tr", has_text="listed")
    await expect(row).to_contain_text("running")
    workspace = console.home / "workspaces" / "listed"
    for sheet in (1, 2):
        (workspace / f"open-{sheet}").touch()
    await expect(row).to_contain_text("completed")
    await expect(row).to_contain_text("2 / 2")


async def test_the_overview_shows_a_job_as_it_begins_and_ends(
    admin_page: Page, console: Console, api: httpx.AsyncClient
) -> None:
    await admin_page.goto("/")
    await expect_live(admin_page)
    await api.post("/api/jobs", json={"score_content": gated("surveyed")})
    running = admin_page.get_by_test_id("running-jobs")
    await expect(running).to_contain_text("surveyed")
    await expect(admin_page.get_by_test_id("recent-actions")).to_contain_text("surveyed")
    for sheet in (1, 2):
        (console.home / "workspaces" / "surveyed" / f"open-{sheet}").touch()
    await expect(running).not_to_contain_text("surveyed")


async def test_what_a_person_opened_stays_open_while_the_page_moves(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "opened")
    asked = admin_page.get_by_test_id("asked-history")
    await asked.locator("summary").click()
    await expect(asked).to_have_attribute("open", "")
    gates.open(1)
    await expect_sheet(admin_page, 2, "running")
    await expect(asked).to_have_attribute("open", "")
    gates.open(2)
    await expect_sheet(admin_page, 2, "completed")
    await expect(asked).to_have_attribute("open", "")


async def test_nothing_is_missing_after_the_network_was_cut(
    admin_page: Page,
    console: Console,
    network: Network,
    complaints: Complaints,
    api: httpx.AsyncClient,
) -> None:
    gates = await submit_gated(admin_page, console, "unplugged", sheets=3)
    state = admin_page.get_by_test_id("live-state")
    await expect_live(admin_page)
    with complaints.allowing(CUT):
        await network.cut()
        await expect(state).to_have_text(re.compile(r"reconnecting… data is \d+ s old"))
        gates.say(1, "said into the dark")
        gates.open(1, 2)
        path = f"{job_path(admin_page)}/events"
        await eventually(lambda: is_told(api, path, "sheet 3 has begun"))
        aged = await state.inner_text()
        await expect(state).not_to_have_text(aged)
        await expect_sheet(admin_page, 1, "running")
        await network.mend()
        await expect_live(admin_page)
    await expect_sheet(admin_page, 2, "completed")
    await expect_sheet(admin_page, 3, "running")
    texts = await admin_page.get_by_role("log").locator(".line .text").all_inner_texts()
    assert texts == [
        "sheet 1 has begun",
        "said into the dark",
        "sheet 1 has ended",
        "sheet 2 has begun",
        "sheet 2 has ended",
        "sheet 3 has begun",
    ]
    gates.open(3)
    await expect_status(admin_page, "completed")


def job_path(page: Page) -> str:
    """The API's address of the job whose page is open."""
    found = re.search(r"/jobs/job/(\d+)/", page.url)
    assert found
    return f"/api/jobs/{found.group(1)}"


async def is_told(api: httpx.AsyncClient, path: str, words: str) -> bool:
    """Whether these words have reached the console."""
    return words in (await api.get(path)).text
