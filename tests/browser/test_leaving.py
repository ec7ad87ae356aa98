"""What was typed is not lost by one click, and nobody is asked for nothing."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Dialog, Page, expect

from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.steps import JOB_PAGE, expect_status, submit

pytestmark = pytest.mark.browser


def questions_of(page: Page) -> list[str]:
    """Collects the questions that the browser asks; each is answered with staying."""
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    return asked


async def leave(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name).first.click(no_wait_after=True)


async def test_submit_page_asks_before_what_was_typed_is_lost_and_not_after_a_submit(
    admin_page: Page,
) -> None:
    asked = questions_of(admin_page)
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_label("Score, as YAML").fill(commands("guarded", "true"))
    await leave(admin_page, "Audit log")
    await expect(admin_page.get_by_label("Score, as YAML")).to_have_value(
        commands("guarded", "true")
    )
    assert asked == ["beforeunload"]
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    assert asked == ["beforeunload"]


async def test_modify_asks_before_what_was_written_is_lost(
    admin_page: Page, console: Console
) -> None:
    await submit(admin_page, commands("kept", "false"))
    await expect_status(admin_page, "failed")
    await admin_page.get_by_test_id("act-modify").click()
    await expect(admin_page.locator("#modify-form[data-helped]")).to_be_visible()
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Acceptable")
    asked = questions_of(admin_page)
    text = admin_page.get_by_test_id("modify-text")
    mended = (await text.input_value()).replace("false", "true")
    await text.fill(mended)
    await leave(admin_page, "Keep it as it is")
    await expect(text).to_have_value(mended)
    assert asked == ["beforeunload"]
    await admin_page.get_by_test_id("modify-review").click()
    await admin_page.get_by_label("Reason").fill("mended")
    await leave(admin_page, "Keep it as it is")
    await expect(admin_page.get_by_label("Reason")).to_have_value("mended")
    assert asked == ["beforeunload"] * 2
    await admin_page.get_by_test_id("modify-send").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "completed")
    assert asked == ["beforeunload"] * 2


async def test_template_is_submitted_with_what_was_typed_and_shows_it_again(
    admin_page: Page,
) -> None:
    await admin_page.goto("/jobs/score/templates/long/")
    await admin_page.get_by_label("Name").fill("op-long")
    await admin_page.get_by_label("Items", exact=True).fill("60")
    await admin_page.get_by_test_id("use").click()
    text = admin_page.get_by_label("Score, as YAML")
    await expect(text).to_have_value(re.compile("name: op-long\n[^$]*total_items: 60 "))
    await admin_page.go_back()
    await expect(admin_page.get_by_label("Name")).to_have_value("op-long")
    await expect(admin_page.get_by_label("Items", exact=True)).to_have_value("60")
