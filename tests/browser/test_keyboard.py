"""Everything by keyboard alone, with the focus always to be seen."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.console import Console
from tests.browser.scores import gated
from tests.browser.steps import JOB_PAGE, expect_status

pytestmark = pytest.mark.browser

MOST_STEPS = 60


async def test_a_job_is_submitted_and_cancelled_without_a_mouse(
    page: Page, console: Console
) -> None:
    await page.goto("/login/")
    await expect(page.get_by_label("Username")).to_be_focused()
    await page.keyboard.type(console.username)
    await page.keyboard.press("Tab")
    await page.keyboard.type(console.password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r":\d+/$"))

    await tab_to(page, page.get_by_role("link", name="Submit a score"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/jobs/job/add/")
    await tab_to(page, page.get_by_label("Score, as YAML"))
    await page.keyboard.insert_text(gated("typed"))
    await expect(page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    # Tab indents in the editor; Escape first lets one leave it.
    await page.keyboard.press("Escape")
    await tab_to(page, page.get_by_test_id("submit"))
    await page.keyboard.press("Enter")
    await page.wait_for_url(JOB_PAGE)
    await expect_status(page, "running")

    await tab_to(page, page.get_by_test_id("act-cancel"))
    await page.keyboard.press("Enter")
    confirmation = page.get_by_test_id("confirmation")
    await expect(confirmation.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("typed, too")
    await tab_to(page, confirmation.get_by_role("button"))
    await page.keyboard.press("Enter")
    await expect_status(page, "cancelled")


async def test_escape_closes_a_confirmation_and_gives_the_focus_back(
    admin_page: Page, console: Console
) -> None:
    await admin_page.goto("/jobs/job/add/?sample=long")
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "running")
    await admin_page.get_by_test_id("act-cancel").focus()
    await admin_page.keyboard.press("Enter")
    confirmation = admin_page.get_by_test_id("confirmation")
    await expect(confirmation).to_be_visible()
    await admin_page.keyboard.press("Escape")
    await expect(confirmation).to_be_hidden()
    await expect(admin_page.get_by_test_id("act-cancel")).to_be_focused()
    await expect_status(admin_page, "running")
    await admin_page.keyboard.press("Enter")
    await confirmation.get_by_role("button").press("Enter")
    await expect_status(admin_page, "cancelled")


async def test_the_first_tab_leads_past_the_navigation(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/")
    await admin_page.keyboard.press("Tab")
    await expect(admin_page.get_by_role("link", name="Skip to main content")).to_be_focused()
    await admin_page.keyboard.press("Enter")
    await expect(admin_page.get_by_role("main")).to_be_focused()


async def test_slash_goes_to_the_search_of_everything(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/")
    await admin_page.keyboard.press("/")
    await expect(admin_page.get_by_role("combobox", name="Search jobs")).to_be_focused()


@pytest.mark.parametrize("path", ["/", "/jobs/job/", "/jobs/job/add/", "/jobs/auditrecord/"])
async def test_what_has_the_focus_is_marked(admin_page: Page, path: str) -> None:
    await admin_page.goto(path)
    for _ in range(25):
        await admin_page.keyboard.press("Tab")
        mark = await admin_page.evaluate(
            """() => {
                const style = getComputedStyle(document.activeElement);
                const text = document.activeElement.outerHTML.slice(0, 200);
                return [style.outlineStyle !== "none" || style.boxShadow !== "none", text];
            }"""
        )
        assert mark[0], f"no sign of the focus on {mark[1]}"
        if await admin_page.evaluate("document.activeElement.matches('textarea')"):
            await admin_page.keyboard.press("Escape")


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(MOST_STEPS):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    await expect(target).to_be_focused()
