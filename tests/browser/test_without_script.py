"""The console without JavaScript: every step works, by pages and forms alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.console import Console
from tests.browser.network import Network
from tests.browser.scores import Gates, gated
from tests.browser.shared_loop import fixture_on_shared_loop
from tests.browser.steps import JOB_PAGE, expect_sheet, expect_status, log_in, workspace
from tests.waiting import eventually

pytestmark = pytest.mark.browser


@fixture_on_shared_loop()
async def plain_page(browser: Browser, console: Console, network: Network) -> AsyncIterator[Page]:
    """A tab that runs no script, logged in as the administrator."""
    context = await browser.new_context(base_url=console.url, java_script_enabled=False)
    page = await context.new_page()
    await log_in(page, console.username, console.password)
    yield page
    await context.close()


async def test_a_job_is_submitted_watched_and_cancelled(plain_page: Page, console: Console) -> None:
    await plain_page.get_by_role("link", name="Submit a score").click()
    await plain_page.get_by_label("Score, as YAML").fill("name: [")
    await plain_page.get_by_test_id("validate").click()
    await expect(plain_page.get_by_test_id("findings")).to_contain_text(re.compile(r"\d+:\d+"))

    await plain_page.get_by_label("Score, as YAML").fill(gated("plain"))
    await plain_page.get_by_test_id("validate").click()
    await expect(plain_page.get_by_test_id("summary")).to_contain_text(re.compile(r"Sheets\s*2"))
    await plain_page.get_by_label("Reason").fill("without a script")
    await plain_page.get_by_test_id("submit").click()
    await plain_page.wait_for_url(JOB_PAGE)

    await reloaded_until(plain_page, "sheet 1 has begun")
    await expect_sheet(plain_page, 1, "running")
    await expect(plain_page.get_by_test_id("live-state")).to_contain_text(
        re.compile(r"as of \d\d:")
    )
    Gates(workspace(console, "plain")).open(1)
    await reloaded_until(plain_page, "sheet 2 has begun")
    await expect_sheet(plain_page, 1, "completed")

    await plain_page.get_by_test_id("act-cancel").click()
    confirmation = plain_page.get_by_test_id("confirmation")
    await expect(confirmation).to_contain_text("their work is lost")
    await confirmation.get_by_label("Reason").fill("seen enough")
    await confirmation.get_by_role("button").click()
    await plain_page.wait_for_url(JOB_PAGE)
    await expect_status(plain_page, "cancelled")
    await expect(plain_page.get_by_test_id("audit-trail")).to_contain_text("seen enough")


async def test_a_sample_is_chosen_by_its_link(plain_page: Page) -> None:
    await plain_page.goto("/jobs/job/add/")
    await plain_page.get_by_role("link", name="hello", exact=True).click()
    await plain_page.wait_for_url("**/jobs/job/add/?sample=hello")
    await expect(plain_page.get_by_test_id("judgement")).to_contain_text("Ready to submit")


async def test_the_audit_list_is_filtered_by_its_menus(plain_page: Page) -> None:
    await plain_page.goto("/jobs/auditrecord/")
    await plain_page.get_by_label("Filter by verb").click()
    await plain_page.get_by_role("link", name="Login", exact=True).click()
    await plain_page.wait_for_url(re.compile("verb=login"))
    await expect(plain_page.locator("#result_list tbody tr").first).to_contain_text("login")


async def test_the_navigation_opens_on_a_phone(plain_page: Page) -> None:
    await plain_page.set_viewport_size({"width": 390, "height": 800})
    await plain_page.goto("/jobs/job/")
    await plain_page.get_by_label("Open the menu").click()
    await plain_page.get_by_role("link", name="Audit log").click()
    await plain_page.wait_for_url("**/jobs/auditrecord/")


async def reloaded_until(page: Page, words: str) -> None:
    """Reload, as a person without a script would, until the output says so."""

    async def is_told() -> bool:
        await page.reload()
        return words in await page.get_by_role("log").inner_text()

    await eventually(is_told, what=f"“{words}” in the output")
