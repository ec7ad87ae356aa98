"""Whatever jobs print and are called: it is shown, and never obeyed."""

from __future__ import annotations

import json

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.scores import commands
from tests.browser.steps import act, expect_status, submit

pytestmark = pytest.mark.browser

MARKUP = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


async def test_markup_in_output_is_shown_as_text(admin_page: Page) -> None:
    await submit(admin_page, commands("prints-markup", f'echo "{MARKUP}"'))
    await expect_status(admin_page, "completed")
    line = admin_page.get_by_role("log").locator(".line .text")
    await expect(line).to_have_text(MARKUP)
    await admin_page.reload()
    await expect(line).to_have_text(MARKUP)
    await expect(admin_page).not_to_have_title("owned")


async def test_escape_codes_nul_bytes_and_bad_utf8_are_made_visible(admin_page: Page) -> None:
    await submit(
        admin_page,
        commands(
            "prints-controls",
            r"printf '\033[31mred\033[0m \000 \377 \xe2\x80\xae end\n'",
        ),
    )
    await expect_status(admin_page, "completed")
    line = admin_page.get_by_role("log").locator(".line .text")
    for part in ("␛[31m", "red", "␀", "�", "end"):
        await expect(line).to_contain_text(part)
    live = await line.inner_text()
    await admin_page.reload()
    await expect(line).to_have_text(live)


async def test_a_line_of_fifty_mebibytes_neither_fills_nor_stops_the_page(admin_page: Page) -> None:
    await submit(
        admin_page,
        commands(
            "prints-much",
            r"head -c 52428800 /dev/zero | tr '\0' x",
            "echo; sleep 0.5",
            "echo the end",
        ),
    )
    await expect_status(admin_page, "completed")
    output = admin_page.get_by_role("log")
    await expect(output).to_contain_text("bytes more are in the log file")
    await expect(output).to_contain_text("the end")
    assert len(await output.inner_text()) < 400_000


async def test_bytes_that_are_no_text_are_shown_as_such_and_not_left_out(admin_page: Page) -> None:
    await submit(
        admin_page,
        commands("prints-binary", "head -c 300000 /dev/zero", "echo; sleep 0.5", "echo the end"),
    )
    await expect_status(admin_page, "completed")
    output = admin_page.get_by_role("log")
    await expect(output).to_contain_text("␀" * 100)
    await expect(output).to_contain_text("the end")


async def test_a_score_named_with_markup_is_refused_with_its_name_shown(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    score = commands("x", "echo hello").replace("name: x", f"name: {json.dumps(MARKUP)}")
    await admin_page.get_by_label("Score, as YAML").fill(score)
    await expect(admin_page.get_by_test_id("findings")).to_be_visible()
    await expect(admin_page).not_to_have_title("owned")


async def test_a_reason_with_markup_is_text_wherever_it_is_shown(admin_page: Page) -> None:
    await submit(admin_page, commands("hostile-reason", "echo hello"), reason=f"{MARKUP} ‮x")
    await expect_status(admin_page, "completed")
    await act(admin_page, "clear", MARKUP)
    await expect(admin_page.get_by_test_id("trail-row").first).to_contain_text("<img src=x")
    await admin_page.goto("/jobs/auditrecord/?job=hostile-reason")
    await expect(admin_page.locator("#result_list tbody")).to_contain_text("<img src=x")
    await admin_page.get_by_role("link", name="submit", exact=True).click()
    await expect(admin_page.get_by_test_id("records")).to_contain_text("<img src=x")
    await expect(admin_page).not_to_have_title("owned")


async def test_a_name_as_long_as_may_be_breaks_no_page(
    admin_page: Page, api: httpx.AsyncClient
) -> None:
    name = "a" * 100
    answer = await api.post(
        "/api/jobs", json={"score_content": commands("x", "echo hello"), "name": name}
    )
    assert answer.status_code == 201
    await admin_page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/", "/jobs/job/", f"/jobs/job/{answer.json()['job']['id']}/change/"):
        await admin_page.goto(path)
        await expect(admin_page.get_by_text(name).first).to_be_visible()
        assert await overflow(admin_page) <= 0


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
