"""Modify, recover and a verb for many jobs, as people do them in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.steps import JOB_PAGE, expect_status, submit, submit_gated, workspace

pytestmark = pytest.mark.browser

BAR = "bulk-actions"


async def test_another_score_is_compared_confirmed_and_taken_after_the_sheet_under_way(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "swapped")
    await admin_page.get_by_test_id("act-modify").click()
    text = admin_page.get_by_test_id("modify-text")
    await text.fill((await text.input_value()).replace("has ended", "is over"))
    await admin_page.get_by_test_id("modify-review").click()
    await expect(admin_page.get_by_test_id("diff")).to_contain_text("is over")
    await admin_page.get_by_label("Reason").fill("better words")
    await admin_page.get_by_test_id("modify-send").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect(admin_page.get_by_test_id("messages")).to_contain_text("the new score")
    gates.open(1, 2)
    await expect_status(admin_page, "completed")
    await expect(admin_page.get_by_role("log")).to_contain_text("sheet 2 is over")


async def test_sheet_that_was_mended_by_hand_is_recovered_after_a_dry_run(
    admin_page: Page, console: Console
) -> None:
    check = 'validations:\n  - {type: file_exists, path: "{workspace}/by-hand"}\n'
    await submit(admin_page, commands("mended", "true") + check)
    await expect_status(admin_page, "failed")
    (workspace(console, "mended") / "by-hand").touch()
    await admin_page.get_by_test_id("act-recover").click()
    await admin_page.get_by_test_id("try-recover").click()
    await expect(admin_page.get_by_test_id("trial")).to_contain_text("would pass")
    await admin_page.get_by_label("Reason").fill("made by hand")
    await admin_page.get_by_role("button", name="Recover 1 sheet").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect(admin_page.get_by_test_id("messages")).to_contain_text("Sheet 1 counts")


async def test_all_that_match_a_filter_are_asked_about_once_and_told_one_by_one(
    admin_page: Page, console: Console
) -> None:
    for number in range(3):
        await submit(admin_page, commands(f"many-{number}", "true"))
        await expect_status(admin_page, "completed")
    await admin_page.goto("/jobs/job/?q=many-")
    row, bar = admin_page.locator("input.action-select").first, admin_page.get_by_test_id(BAR)
    await row.check()
    await expect(bar).to_contain_text("1 chosen")
    await admin_page.get_by_test_id("select-across").check()
    await expect(bar).to_contain_text("All 3 chosen")
    await row.uncheck()
    await bar.get_by_role("button", name="Clear").click()
    question = admin_page.get_by_test_id("confirmation")
    await question.get_by_label("Reason").fill("spring")
    await question.get_by_role("button", name="Clear 3 jobs").click()
    await admin_page.wait_for_url(re.compile(r"/jobs/job/batch/\d+/"))
    await expect(admin_page.get_by_test_id("batch-state")).to_have_text("finished")
    await expect(admin_page.get_by_test_id("count-succeeded")).to_have_text("succeeded 3")
    await admin_page.get_by_role("link", name="of the whole batch").click()
    await expect(admin_page.get_by_role("main")).to_contain_text("3 succeeded.")
