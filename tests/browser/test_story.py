"""The whole story of a user, in one sitting, as the README promises it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.console import Console
from tests.browser.scores import Gates, gated
from tests.browser.steps import (
    JOB_PAGE,
    act,
    expect_live,
    expect_sheet,
    expect_status,
    log_in,
    workspace,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def test_a_user_submits_watches_acts_and_finds_it_all_in_the_audit_log(
    page: Page, console: Console
) -> None:
    await log_in(page, console.username, console.password)
    await look_at_the_overview(page)
    gates = await submit_a_score(page, console)
    await watch_it_run(page, gates)
    await pause_resume_and_cancel_it(page)
    await clear_it(page)
    await find_it_in_the_audit_log(page)


async def look_at_the_overview(page: Page) -> None:
    await expect(page).to_have_title(re.compile("Podium"))
    health = page.get_by_test_id("conductor-health")
    await expect(health.locator('[data-status="reachable"]')).to_be_visible()
    await expect(page.get_by_test_id("running-jobs")).to_be_visible()
    await expect(page.get_by_test_id("recent-actions")).to_be_visible()
    await expect_live(page)


async def submit_a_score(page: Page, console: Console) -> Gates:
    await page.get_by_role("link", name="Submit a score").click()
    judgement = page.get_by_test_id("judgement")
    await page.get_by_role("link", name="hello", exact=True).click()
    await expect(page.get_by_label("Score, as YAML")).to_have_value(re.compile("name: hello"))
    await expect(judgement).to_contain_text("Ready to submit")

    text = page.get_by_label("Score, as YAML")
    await text.fill(gated("story", sheets=3).replace("instrument: cli", "instrument: [cli"))
    finding = page.get_by_test_id("findings").get_by_role("listitem").first
    await expect(finding).to_contain_text(re.compile(r"\d+:\d+"))
    await expect(judgement).not_to_contain_text("Ready to submit")

    await text.fill(gated("story", sheets=3))
    summary = page.get_by_test_id("summary")
    await expect(summary).to_contain_text(re.compile(r"Name\s*story"))
    await expect(summary).to_contain_text(re.compile(r"Sheets\s*3"))
    await expect(summary).to_contain_text(str(workspace(console, "story")))
    await expect(summary).to_contain_text(re.compile(r"Instrument\s*cli"))
    await page.get_by_label("Reason").fill("to see it work")
    await page.get_by_test_id("submit").click()
    await page.wait_for_url(JOB_PAGE)
    await expect(page.get_by_test_id("messages")).to_contain_text("story was submitted")
    return Gates(workspace(console, "story"))


async def watch_it_run(page: Page, gates: Gates) -> None:
    await page.evaluate("window.wasNotReloaded = true")
    await expect_status(page, "running")
    await expect_sheet(page, 1, "running")
    await expect_sheet(page, 2, "pending")
    output = page.get_by_role("log")
    await expect(output).to_contain_text("sheet 1 has begun")
    gates.say(1, "half of it is done")
    await expect(output).to_contain_text("half of it is done")
    elapsed = page.get_by_test_id("job-elapsed")
    before = await elapsed.inner_text()
    await expect(elapsed).not_to_have_text(before)
    gates.open(1)
    await expect_sheet(page, 1, "completed")
    await expect_sheet(page, 2, "running")
    await expect(page.get_by_test_id("job-progress")).to_contain_text("1 / 3")
    assert await page.evaluate("window.wasNotReloaded")


async def pause_resume_and_cancel_it(page: Page) -> None:
    await act(page, "pause", "the disk is nearly full")
    await expect_status(page, "pausing")
    await act(page, "resume", "there is room again")
    await expect(page.get_by_test_id("messages")).to_contain_text("resume")
    await expect_status(page, "running")
    await act(page, "cancel", "it is no longer needed")
    await expect_status(page, "cancelled")
    await expect_sheet(page, 1, "completed")


async def clear_it(page: Page) -> None:
    await act(page, "clear", "tidying up")
    await expect(page.get_by_test_id("messages")).to_contain_text("cleared from the conductor")
    await expect(page.get_by_test_id("act-clear")).to_have_count(0)
    await expect(page.get_by_test_id("audit-trail")).to_contain_text("tidying up")


async def find_it_in_the_audit_log(page: Page) -> None:
    await page.get_by_role("link", name="Audit log").first.click()
    await page.goto("/jobs/auditrecord/?job=story")
    rows = page.locator("#result_list tbody tr")
    await expect(rows).to_have_count(5)
    for row, verb, reason in (
        (0, "clear", "tidying up"),
        (1, "cancel", "it is no longer needed"),
        (2, "resume", "there is room again"),
        (3, "pause", "the disk is nearly full"),
        (4, "submit", "to see it work"),
    ):
        await expect(rows.nth(row)).to_contain_text(verb)
        await expect(rows.nth(row)).to_contain_text(reason)
        await expect(rows.nth(row)).to_contain_text("succeeded")
        await expect(rows.nth(row)).to_contain_text("admin")
        await expect(rows.nth(row)).to_contain_text("127.0.0.1")
    await rows.nth(1).get_by_role("link", name="cancel").click()
    records = page.get_by_test_id("records")
    await expect(records.get_by_test_id("record")).to_have_count(2)
    for words in ("intent", "outcome", "succeeded", "it is no longer needed", "Chrome", "Hash"):
        await expect(records).to_contain_text(words)
