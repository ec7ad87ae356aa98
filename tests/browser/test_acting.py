"""Pause, resume, cancel and clear: asked for with a reason, answered with the truth."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.steps import act, expect_live, expect_sheet, expect_status, submit, submit_gated

pytestmark = pytest.mark.browser


async def test_cancel_says_what_will_be_lost_before_it_is_sent(
    admin_page: Page, console: Console
) -> None:
    await submit_gated(admin_page, console, "asked")
    await admin_page.get_by_test_id("act-cancel").click()
    confirmation = admin_page.get_by_test_id("confirmation")
    await expect(confirmation).to_contain_text("their work is lost")
    await confirmation.get_by_role("link", name="Keep it as it is").click()
    await expect(confirmation).to_be_hidden()
    await expect_status(admin_page, "running")
    await act(admin_page, "cancel")
    await expect_status(admin_page, "cancelled")


async def test_what_a_question_says_of_the_job_moves_while_a_reason_is_written(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "thought-about")
    await admin_page.get_by_test_id("act-cancel").click()
    confirmation = admin_page.get_by_test_id("confirmation")
    reason = confirmation.get_by_label("Reason")
    await expect(confirmation).to_contain_text("Lost: sheet 1")
    await reason.fill("it takes")
    gates.open(1)
    await expect(confirmation).to_contain_text("Lost: sheet 2")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_value("it takes")
    gates.open(2)
    await expect(confirmation).to_contain_text("The job is completed now")
    await admin_page.keyboard.press("Escape")
    await expect(confirmation).to_have_count(0)


async def test_only_what_can_work_is_offered(admin_page: Page, console: Console) -> None:
    gates = await submit_gated(admin_page, console, "offered")
    actions = admin_page.get_by_test_id("job-actions").get_by_role("link")
    await expect(actions).to_have_text(["Pause", "Modify", "Cancel"])
    gates.open(1, 2)
    await expect_status(admin_page, "completed")
    await expect(actions).to_have_text(["Submit again", "Clear"])


async def test_a_paused_job_goes_on_after_resume(admin_page: Page, console: Console) -> None:
    gates = await submit_gated(admin_page, console, "rests")
    await act(admin_page, "pause", "lunch")
    await expect_status(admin_page, "pausing")
    gates.open(1)
    await expect_sheet(admin_page, 1, "completed")
    await expect_sheet(admin_page, 2, "pending")
    await act(admin_page, "resume", "after lunch")
    await expect_sheet(admin_page, 2, "running")
    gates.open(2)
    await expect_status(admin_page, "completed")


async def test_a_failed_job_is_mended_and_resumed(admin_page: Page, console: Console) -> None:
    await submit(
        admin_page,
        commands("mendable", "echo looking for it", "test -e input || { echo gone >&2; exit 7; }"),
    )
    await expect_status(admin_page, "failed")
    failure = admin_page.get_by_test_id("failure")
    await expect(failure).to_contain_text("sheet 1")
    await expect(failure).to_contain_text("7")
    await expect(failure).to_contain_text("gone")
    (console.home / "workspaces" / "mendable" / "input").touch()
    await act(admin_page, "resume", "the input is there now")
    await expect_status(admin_page, "completed")
    await expect(failure).to_have_count(0)


async def test_a_question_gone_stale_says_so_and_offers_nothing(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "moved-on")
    question = await admin_page.get_by_test_id("act-pause").get_attribute("href")
    gates.open(1, 2)
    await expect_status(admin_page, "completed")
    await admin_page.goto(str(question))
    await expect(admin_page.get_by_test_id("confirmation")).to_contain_text("completed")
    await expect(admin_page.get_by_test_id("confirmation").get_by_role("button")).to_have_count(0)


async def test_a_click_on_a_stale_page_is_answered_in_the_conductors_words(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "stale")
    job = admin_page.url
    await admin_page.get_by_test_id("act-pause").click()
    confirmation = admin_page.get_by_test_id("confirmation")
    await confirmation.get_by_label("Reason").fill("too late")
    gates.open(1, 2)
    await expect_status(admin_page, "completed")
    with complaints.allowing("status of 409"):
        await confirmation.get_by_role("button").click()
        await admin_page.wait_for_url(re.compile("/pause/"))
    await expect(confirmation).to_contain_text("The job is completed now")
    await expect(confirmation.get_by_role("button")).to_have_count(0)
    await admin_page.goto(job)
    trail = admin_page.get_by_test_id("trail-row").first
    await expect(trail).to_contain_text("refused")
    await expect(trail).to_contain_text("too late")


async def test_two_people_who_pause_at_once_both_get_a_true_answer(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "two-at-once")
    other = await admin_page.context.new_page()
    await other.goto(admin_page.url)
    for page in (admin_page, other):
        await page.get_by_test_id("act-pause").click()
        await expect(page.get_by_test_id("confirmation")).to_be_visible()
    job = admin_page.url
    await admin_page.get_by_test_id("confirmation").get_by_role("button").click()
    await expect(admin_page.get_by_test_id("messages")).to_contain_text("told to pause")
    with complaints.allowing("status of 409"):  # it moved since the other one saw it
        await other.get_by_test_id("confirmation").get_by_role("button").click()
        await expect(other.get_by_test_id("confirmation")).to_contain_text("cannot work any more")
    await other.goto(job)
    await expect(other.get_by_test_id("trail-row")).to_have_count(3)
    gates.open(1, 2)


async def test_a_double_click_on_the_confirmation_acts_once(
    admin_page: Page, console: Console
) -> None:
    await submit_gated(admin_page, console, "clicked-twice")
    await admin_page.get_by_test_id("act-cancel").click()
    await admin_page.get_by_test_id("confirmation").get_by_role("button").dblclick()
    await expect_status(admin_page, "cancelled")
    await expect(admin_page.get_by_test_id("trail-row")).to_have_count(2)


async def test_several_jobs_are_cancelled_from_the_list_each_with_a_record(
    admin_page: Page, console: Console
) -> None:
    await submit_gated(admin_page, console, "bulk-one")
    await submit_gated(admin_page, console, "bulk-two")
    await admin_page.goto("/jobs/job/?q=bulk-")
    await expect_live(admin_page)
    for row in await admin_page.locator("#result_list tbody tr").all():
        await row.get_by_role("checkbox").check()
    await admin_page.get_by_test_id("bulk-actions").get_by_role("button", name="Cancel").click()
    confirmation = admin_page.get_by_test_id("confirmation")
    await expect(confirmation).to_contain_text("bulk-one")
    await confirmation.get_by_label("Reason").fill("both are mistakes")
    await confirmation.get_by_role("button").click()
    await expect(admin_page.get_by_test_id("bulk-results").get_by_role("listitem")).to_have_count(2)
    await admin_page.goto("/jobs/auditrecord/?verb=cancel&job=bulk-two")
    await expect(admin_page.locator("#result_list tbody tr")).to_contain_text("both are mistakes")
