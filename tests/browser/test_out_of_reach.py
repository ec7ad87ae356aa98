"""A form whose console cannot be reached stays where it is, with all that was written."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.network import Network
from tests.browser.scores import commands
from tests.browser.steps import JOB_PAGE, expect_live, expect_status, submit_gated
from tests.waiting import eventually

pytestmark = pytest.mark.browser

# What Chromium says when a test pulls the cable.
CUT = r"WebSocket connection to|net::ERR_"
LOST = re.compile(r"reconnecting… data is \d+ s old")


async def test_a_score_is_not_lost_by_submitting_it_to_a_console_that_is_not_there(
    admin_page: Page, network: Network, complaints: Complaints
) -> None:
    text = commands("kept-by-the-page", "true")
    await admin_page.goto("/jobs/job/add/")
    field = admin_page.get_by_label("Score, as YAML")
    await field.fill(text)
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await admin_page.get_by_label("Reason").fill("it matters")
    button = admin_page.get_by_test_id("submit")
    with complaints.allowing(CUT):
        await network.cut()
        await button.click()
        await expect(admin_page.get_by_test_id("not-sent")).to_contain_text("Nothing was sent")
        await expect(field).to_have_value(text)
        await expect(button).to_be_focused()
        await network.mend()
        await button.click()
        await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "completed")
    await expect(admin_page.get_by_test_id("trail-row").first).to_contain_text("it matters")


async def test_a_reason_is_not_lost_by_confirming_while_the_console_is_not_there(
    admin_page: Page, console: Console, network: Network, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "kept-by-the-dialog")
    await expect_live(admin_page)
    await admin_page.get_by_test_id("act-pause").click()
    confirmation = admin_page.get_by_test_id("confirmation")
    reason = confirmation.get_by_label("Reason")
    await reason.fill("before the power goes")
    with complaints.allowing(CUT):
        await network.cut()
        await expect(admin_page.get_by_test_id("live-state")).to_have_text(LOST)
        await confirmation.get_by_role("button").click()
        await expect(confirmation.get_by_test_id("not-sent")).to_contain_text("Nothing was sent")
        await expect(confirmation).to_contain_text("This is not up to date")
        await expect(reason).to_have_value("before the power goes")
        await expect(confirmation.get_by_role("button")).to_be_focused()
        await network.mend()
        await confirmation.get_by_role("button").click()
        await expect(admin_page.get_by_test_id("messages")).to_contain_text("told to pause")
    gates.open(1, 2)


async def test_a_question_that_cannot_be_asked_leaves_the_page_as_it_is(
    admin_page: Page, console: Console, network: Network, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "kept-by-itself")
    await expect_live(admin_page)
    notices = admin_page.locator("#notices")
    with complaints.allowing(CUT):
        await network.cut()
        await expect(admin_page.get_by_test_id("live-state")).to_have_text(LOST)
        await admin_page.get_by_test_id("act-pause").click()
        await expect(notices).to_contain_text("nothing was sent")
        await network.mend()
        await admin_page.get_by_test_id("act-pause").click()
        await expect(admin_page.get_by_test_id("confirmation")).to_be_visible()
        await expect(notices).not_to_contain_text("nothing was sent")
        await expect_live(admin_page)
    gates.open(1, 2)


async def test_a_dialog_that_was_put_away_is_not_sent_once_the_console_answers(
    admin_page: Page, console: Console, network: Network, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "put-away")
    await expect_live(admin_page)
    asked, may_go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await may_go.wait()
        await route.fulfill(body="alive\n")

    await admin_page.route("**/healthz", hold)
    await admin_page.get_by_test_id("act-cancel").click()
    confirmation = admin_page.get_by_test_id("confirmation")
    await expect(confirmation).to_be_visible()
    with complaints.allowing(CUT):
        await network.cut()
        await expect(admin_page.get_by_test_id("live-state")).to_have_text(LOST)
        await confirmation.get_by_role("button").click()
        await eventually(asked.is_set, what="the question for the console")
        await admin_page.keyboard.press("Escape")
        await network.mend()
        async with admin_page.expect_response("**/healthz"):
            may_go.set()
        await expect_live(admin_page)
    await expect_status(admin_page, "running")
    await expect(admin_page.get_by_test_id("trail-row")).to_have_count(1)
    gates.open(1, 2)
