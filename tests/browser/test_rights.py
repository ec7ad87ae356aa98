"""What people may not do, they are neither offered nor let do, and the attempt is on record."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.people import People, Person
from tests.browser.scores import commands
from tests.browser.steps import (
    act,
    another_browser,
    expect_live,
    expect_status,
    log_in,
    submit,
    submit_gated,
)

pytestmark = pytest.mark.browser


async def page_of(person: Person, beside: Page) -> Page:
    """A tab in a browser of their own, on the overview."""
    page = await another_browser(beside)
    await log_in(page, person.username, person.password)
    return page


async def test_a_viewer_sees_a_job_move_and_is_offered_nothing(
    admin_page: Page, console: Console, people: People
) -> None:
    gates = await submit_gated(admin_page, console, "looked-at")
    page = await page_of(people.viewer, admin_page)
    await expect(page.get_by_role("link", name="Submit")).to_have_count(0)
    await expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
    await page.goto(admin_page.url)
    await expect_live(page)
    await expect(page.get_by_test_id("job-actions").get_by_role("link")).to_have_count(0)
    gates.open(1, 2)
    await expect_status(page, "completed")


@pytest.mark.parametrize("path", ["/jobs/job/add/", "/jobs/auditrecord/", "/auth/user/"])
async def test_a_viewer_is_refused_what_is_not_offered(
    page: Page, people: People, complaints: Complaints, path: str
) -> None:
    await log_in(page, people.viewer.username, people.viewer.password)
    with complaints.allowing("status of 403"):
        answer = await page.goto(path)
    assert answer
    assert answer.status == 403
    await expect(page.get_by_test_id("forbidden")).to_be_visible()


async def test_a_viewers_forged_click_is_refused_and_recorded(
    admin_page: Page, console: Console, people: People
) -> None:
    gates = await submit_gated(admin_page, console, "forged")
    job_url = admin_page.url
    page = await page_of(people.viewer, admin_page)
    status = await page.evaluate(
        """async (url) => {
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            const body = new URLSearchParams({csrfmiddlewaretoken: token, reason: "mine now"});
            return (await fetch(url, {method: "POST", body})).status;
        }""",
        job_url.replace("/change/", "/cancel/"),
    )
    assert status == 403
    await expect_status(admin_page, "running")
    await admin_page.goto(f"/jobs/auditrecord/?outcome=denied&person={people.viewer.username}")
    row = admin_page.locator("#result_list tbody tr", has_text="forged")
    await expect(row).to_contain_text("cancel")
    await expect(row).to_contain_text("denied")
    gates.open(1, 2)


async def test_an_operator_acts_and_sees_their_own_attempts(
    page: Page, console: Console, people: People
) -> None:
    await log_in(page, people.operator.username, people.operator.password)
    await submit_gated(page, console, "operated")
    await act(page, "cancel", "not today")
    await expect_status(page, "cancelled")
    await expect(page.get_by_test_id("audit-trail")).to_contain_text("not today")
    await expect(page.get_by_role("link", name="Audit log")).to_have_count(0)


async def test_an_auditor_reads_everything_and_acts_on_nothing(
    admin_page: Page, console: Console, people: People
) -> None:
    await submit(admin_page, commands("audited", "echo hello"), reason="for the auditor")
    page = await page_of(people.auditor, admin_page)
    await page.get_by_role("link", name="Audit log").first.click()
    row = page.locator("#result_list tbody tr", has_text="for the auditor")
    await expect(row).to_contain_text("submit")
    await page.goto(admin_page.url)
    await expect(page.get_by_test_id("job-actions").get_by_role("link")).to_have_count(0)
