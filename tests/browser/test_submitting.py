"""The submit page: findings as one types, the summary before the click, and one job per wish."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.scores import commands, gated
from tests.browser.steps import JOB_PAGE, expect_status, submit, submit_gated

pytestmark = pytest.mark.browser


async def test_a_mistake_is_named_with_line_and_column_while_one_types(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    text = commands("typo", "echo hello").replace("total_items: 1", "total_items: many")
    await admin_page.get_by_label("Score, as YAML").fill(text)
    finding = admin_page.get_by_test_id("findings").get_by_role("listitem").first
    await expect(finding).to_have_attribute("data-line", "7")
    await expect(finding).to_contain_text("7:16")
    await expect(finding).to_contain_text("sheet.total_items")


async def test_a_finding_leads_to_its_line(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    text = commands("typo", "echo hello").replace("total_items: 1", "total_items: many")
    field = admin_page.get_by_label("Score, as YAML")
    await field.fill(text)
    await admin_page.get_by_test_id("findings").get_by_role("link").first.click()
    await expect(field).to_be_focused()
    at = await field.evaluate("field => field.selectionStart")
    assert text[:at].count("\n") == 6


async def test_on_a_phone_no_finding_is_scrolled_out_of_sight(admin_page: Page) -> None:
    await admin_page.set_viewport_size({"width": 390, "height": 844})
    await admin_page.goto("/jobs/job/add/")
    text = commands("elsewhere", "echo hello").replace("instrument: cli", "instrument: claude_code")
    await admin_page.get_by_label("Score, as YAML").fill(text)
    await expect(admin_page.get_by_test_id("findings")).to_contain_text("claude_code")
    hidden = "part => part.scrollHeight - part.clientHeight"
    assert await admin_page.get_by_test_id("judgement").evaluate(hidden) <= 0


async def test_a_mended_score_loses_its_findings(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    field = admin_page.get_by_label("Score, as YAML")
    await field.fill("name: [")
    await expect(admin_page.get_by_test_id("findings")).to_be_visible()
    await field.fill(commands("mended", "echo hello"))
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await expect(admin_page.get_by_test_id("findings")).to_have_count(0)


async def test_a_sample_is_taken_with_a_click_and_judged(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_role("link", name="report", exact=True).click()
    await expect(admin_page.get_by_label("Score, as YAML")).to_have_value(
        re.compile("name: report")
    )
    await expect(admin_page.get_by_test_id("summary")).to_contain_text(re.compile(r"Sheets\s*6"))


async def test_a_score_with_mistakes_is_not_submitted_and_stays_on_the_page(
    admin_page: Page, complaints: Complaints
) -> None:
    await admin_page.goto("/jobs/job/add/")
    field = admin_page.get_by_label("Score, as YAML")
    await field.fill("name: broken\nsheet: 3\n")
    await expect(admin_page.get_by_test_id("findings")).to_be_visible()
    with complaints.allowing("status of 422"):
        await admin_page.get_by_test_id("submit").click()
        await expect(admin_page.get_by_test_id("submit-error")).to_be_visible()
    await expect(field).to_have_value("name: broken\nsheet: 3\n")
    await expect(admin_page.get_by_test_id("findings")).to_be_visible()


async def test_a_file_on_the_conductor_is_submitted_by_its_path(
    admin_page: Page, console: Console
) -> None:
    path = console.home / "scores" / "from-a-file.yaml"
    path.write_text(commands("from-a-file", "echo it came from a file"))
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_text("File on the conductor").click()
    await admin_page.get_by_label("Path of the score").fill(str(path))
    await expect(admin_page.get_by_test_id("summary")).to_contain_text("from-a-file")
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "completed")
    await expect(admin_page.get_by_role("log")).to_contain_text("it came from a file")


async def test_a_path_outside_the_allowed_folders_is_a_finding(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_text("File on the conductor").click()
    await admin_page.get_by_label("Path of the score").fill("/etc/passwd")
    await expect(admin_page.get_by_test_id("problems")).to_be_visible()
    await expect(admin_page.get_by_test_id("judgement")).not_to_contain_text("Ready to submit")


async def test_a_double_click_on_submit_makes_one_job(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_label("Score, as YAML").fill(commands("twice", "echo hello"))
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await admin_page.get_by_test_id("submit").dblclick()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "completed")
    assert await attempts(admin_page, "twice") == 1


async def test_two_submits_of_one_form_without_its_script_make_one_job(
    admin_page: Page, complaints: Complaints
) -> None:
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_label("Score, as YAML").fill(commands("raced", "echo hello"))
    with complaints.allowing("status of 409"):  # where the first is not answered in time
        await admin_page.evaluate(
            """async () => {
                const form = document.getElementById("submit-form");
                const body = new FormData(form);
                body.set("do", "submit");
                const send = () => fetch(form.action, {method: "POST", body});
                await Promise.all([send(), send(), send()]);
            }"""
        )
    assert await attempts(admin_page, "raced") == 1


async def test_back_and_submit_again_shows_the_first_job(admin_page: Page) -> None:
    await submit(admin_page, commands("resent", "echo hello"))
    first = admin_page.url
    await expect_status(admin_page, "completed")
    await admin_page.go_back()
    await expect(admin_page.get_by_label("Score, as YAML")).to_have_value(
        commands("resent", "echo hello")
    )
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    assert admin_page.url == first
    await expect(admin_page.get_by_test_id("messages")).to_contain_text("was sent before")
    assert await attempts(admin_page, "resent") == 1


async def test_back_and_submit_of_another_text_is_a_job_of_its_own(admin_page: Page) -> None:
    await submit(admin_page, commands("edited", "echo hello"))
    first = admin_page.url
    await expect_status(admin_page, "completed")
    await admin_page.go_back()
    field = admin_page.get_by_label("Score, as YAML")
    await expect(field).to_have_value(commands("edited", "echo hello"))
    await field.fill(commands("edited", "echo good evening"))
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    assert admin_page.url != first
    await expect(admin_page.get_by_role("log")).to_contain_text("good evening")


async def test_a_job_that_is_still_running_is_refused_in_the_conductors_words(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    gates = await submit_gated(admin_page, console, "taken")
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_label("Score, as YAML").fill(gated("taken"))
    with complaints.allowing("status of 409"):
        await admin_page.get_by_test_id("submit").click()
        await expect(admin_page.get_by_test_id("submit-error")).to_contain_text("refused")
    await expect(admin_page.get_by_test_id("submit-error")).to_contain_text("taken")
    gates.open(1, 2)


async def attempts(page: Page, job: str) -> int:
    """How many attempts the audit list shows for a job."""
    await page.goto(f"/jobs/auditrecord/?job={job}")
    await expect(page.get_by_test_id("audit-list")).to_be_visible()
    return await page.locator("#result_list tbody tr").count()
