"""What people do in the console, step by step as they do it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from tests.browser.console import Console
from tests.browser.scores import Gates, gated

JOB_PAGE = re.compile(r"/jobs/job/\d+/change/")


async def another_browser(page: Page) -> Page:
    """A tab of somebody else, who shares no cookie with this one."""
    browser = page.context.browser
    assert browser
    address = urlsplit(page.url)
    context = await browser.new_context(base_url=f"{address.scheme}://{address.netloc}")
    return await context.new_page()


async def log_in(page: Page, username: str, password: str) -> None:
    """From the login page to the overview."""
    await page.goto("/login/")
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(re.compile(r":\d+/$"))


async def submit(page: Page, text: str, reason: str = "") -> None:
    """Write a score, see that it is accepted, submit it; ends on the job's page."""
    await page.goto("/jobs/job/add/")
    await page.get_by_label("Score, as YAML").fill(text)
    await expect(page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await page.get_by_label("Reason").fill(reason)
    await page.get_by_test_id("submit").click()
    await page.wait_for_url(JOB_PAGE)


async def submit_gated(page: Page, console: Console, name: str, sheets: int = 2) -> Gates:
    """Submit a score that waits, and wait until its first sheet runs."""
    await submit(page, gated(name, sheets))
    await expect_sheet(page, 1, "running")
    await expect(page.get_by_role("log")).to_contain_text("sheet 1 has begun")
    return Gates(workspace(console, name))


def workspace(console: Console, name: str) -> Path:
    """Where a job works that named no folder of its own."""
    return console.home / "workspaces" / name


async def act(page: Page, verb: str, reason: str = "") -> None:
    """Ask for a verb on a job's page, give a reason and confirm."""
    await page.get_by_test_id(f"act-{verb}").click()
    confirmation = page.get_by_test_id("confirmation")
    await confirmation.get_by_label("Reason").fill(reason)
    await confirmation.get_by_role("button").click()


async def expect_status(page: Page, word: str) -> None:
    """The job's status on its own page."""
    await expect(page.get_by_test_id("job-status")).to_have_text(word)


async def expect_sheet(page: Page, number: int, word: str) -> None:
    """A sheet's status on the page of its job."""
    await expect(page.get_by_test_id(f"sheet-{number}-status")).to_have_text(word)


async def expect_live(page: Page) -> None:
    """The page says that changes appear by themselves."""
    await expect(page.get_by_test_id("live-state")).to_have_text("live")
