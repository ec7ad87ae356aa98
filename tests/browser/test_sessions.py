"""Logging in and out, and pages whose session has ended under them."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.shared_loop import fixture_on_shared_loop
from tests.browser.steps import another_browser, expect_live, expect_status, log_in, submit_gated

pytestmark = pytest.mark.browser


@fixture_on_shared_loop()
async def admin_page(page: Page, console: Console) -> Page:
    """With a session of its own, which may be ended."""
    await log_in(page, console.username, console.password)
    return page


async def test_a_wrong_password_is_refused_and_recorded(page: Page, admin_page: Page) -> None:
    stranger = await another_browser(admin_page)
    await stranger.goto("/login/")
    await stranger.get_by_label("Username").fill("nobody-here")
    await stranger.get_by_label("Password").fill("guess")
    await stranger.get_by_role("button", name="Log in").click()
    await expect(stranger.get_by_role("alert")).to_be_visible()
    await admin_page.goto("/jobs/auditrecord/?verb=login")
    await expect(admin_page.get_by_test_id("audit-list")).to_contain_text("no such user")


async def test_a_login_leads_to_where_one_wanted_to_go(page: Page, console: Console) -> None:
    await page.goto("/jobs/auditrecord/?verb=submit")
    await page.wait_for_url(re.compile("/login/"))
    await page.get_by_label("Username").fill(console.username)
    await page.get_by_label("Password").fill(console.password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/jobs/auditrecord/?verb=submit")


async def test_a_page_whose_session_expired_says_so_and_offers_the_login(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "expiring")
    job_url = admin_page.url
    await expect_live(admin_page)
    with complaints.allowing(r"status of 40[13]"):
        await end_session(admin_page)
        gates.open(1)
        note = admin_page.get_by_test_id("session-expired")
        await expect(note).to_contain_text("session has expired", timeout=60_000)
    await expect(admin_page.get_by_test_id("live-state")).to_contain_text("not live")
    await note.get_by_role("link", name="Log in again").click()
    await admin_page.get_by_label("Username").fill(console.username)
    await admin_page.get_by_label("Password").fill(console.password)
    await admin_page.get_by_role("button", name="Log in").click()
    await admin_page.wait_for_url(job_url)
    gates.open(2)
    await expect_status(admin_page, "completed")


async def test_a_score_that_was_being_written_is_not_lost_with_the_session(
    admin_page: Page, complaints: Complaints
) -> None:
    await admin_page.goto("/jobs/job/add/")
    await end_session(admin_page)
    field = admin_page.get_by_label("Score, as YAML")
    with complaints.allowing(r"status of 40[13]"):
        await field.fill(commands("unsaved", "echo hello"))
        await expect(admin_page.get_by_test_id("session-expired")).to_be_visible()
    await expect(field).to_have_value(commands("unsaved", "echo hello"))


async def test_logging_out_ends_what_other_tabs_may_see(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    other = await admin_page.context.new_page()
    await other.goto("/jobs/job/")
    await expect_live(other)
    with complaints.allowing(r"status of 40[13]"):
        await admin_page.get_by_role("button", name="Log out").click()
        await admin_page.wait_for_url(re.compile("/login/|/logout/"))
        await expect(other.get_by_test_id("session-expired")).to_be_visible(timeout=60_000)


async def end_session(page: Page) -> None:
    """End the session on the server, as its age would; the browser keeps a cookie worth nothing."""
    cookies = await page.context.cookies()
    token = await page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    answer = await page.request.post(
        "/logout/", form={"csrfmiddlewaretoken": token}, headers={"Referer": page.url}
    )
    assert answer.ok
    await page.context.add_cookies(
        [{"name": c["name"], "value": c["value"], "url": page.url} for c in cookies]
    )
