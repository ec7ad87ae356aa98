"""The score editor, its library and the templates, as people use them."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.axe import faults
from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.people import People
from tests.browser.scores import commands
from tests.browser.steps import JOB_PAGE, another_browser, expect_status, log_in
from tests.browser.test_leaving import questions_of
from tests.browser.test_sessions import end_session
from tests.waiting import eventually

pytestmark = pytest.mark.browser

SCORE_PAGE = re.compile(r"/jobs/score/\d+/change/")
EDITOR_PAGE = re.compile(r"/jobs/score/\d+/edit/")


async def open_editor(page: Page, path: str = "/jobs/score/add/") -> None:
    await page.goto(path)
    await expect(page.locator("form[data-helped]")).to_be_visible()


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Score, as YAML").fill(text)


async def save(page: Page, name: str, text: str, message: str = "") -> None:
    """A new version of a new score; ends on its page."""
    await open_editor(page)
    await page.get_by_label("Name in the library").fill(name)
    await write(page, text)
    await page.get_by_label("Message").fill(message)
    await page.get_by_test_id("save-version").click()
    await page.wait_for_url(SCORE_PAGE)


async def test_keys_and_values_are_completed_by_keyboard_alone(admin_page: Page) -> None:
    await open_editor(admin_page)
    field = admin_page.get_by_label("Score, as YAML")
    await write(admin_page, "name: typed\n")
    await field.press("Control+End")
    await field.press_sequentially("para")
    option = admin_page.get_by_role("option").first
    await expect(option).to_contain_text("parallel")
    await expect(option).to_contain_text("Whether sheets that do not wait")
    assert await field.get_attribute("aria-activedescendant") == await option.get_attribute("id")
    await field.press("Enter")
    await field.press_sequentially("en")
    await field.press("Tab")
    await field.press_sequentially("t")
    await field.press("Enter")
    await expect(field).to_have_value("name: typed\nparallel:\n  enabled: true")
    await field.press("Enter")
    await field.press("Control+Space")
    await expect(admin_page.get_by_role("option").first).to_contain_text("max_concurrent")
    await expect(admin_page.get_by_role("listbox")).not_to_contain_text("enabled")


async def test_the_editor_traps_nobody(admin_page: Page) -> None:
    await open_editor(admin_page)
    field = admin_page.get_by_label("Score, as YAML")
    await write(admin_page, "name: x\n")
    await field.press("Control+Space")
    await expect(admin_page.get_by_role("listbox")).to_be_visible()
    await field.press("Escape")
    await expect(admin_page.get_by_role("listbox")).to_be_hidden()
    await expect(field).to_be_focused()
    await field.press("Escape")
    await field.press("Tab")
    await expect(field).not_to_be_focused()
    await expect(field).to_have_value("name: x\n")


async def test_template_names_and_own_variables_are_completed(admin_page: Page) -> None:
    await open_editor(admin_page)
    field = admin_page.get_by_label("Score, as YAML")
    await write(admin_page, "prompt:\n  variables:\n    colour: red\n  template: |\n    echo ")
    await field.press("Control+End")
    await field.press_sequentially("{{ co")
    await expect(admin_page.get_by_role("option")).to_contain_text("colour")
    await field.press("Enter")
    await field.press_sequentially(" }} {{ sheet")
    await expect(admin_page.get_by_role("option").first).to_contain_text("sheet_num")


async def test_a_key_is_explained_beside_the_caret_and_under_the_pointer(admin_page: Page) -> None:
    await open_editor(admin_page)
    field = admin_page.get_by_label("Score, as YAML")
    await write(admin_page, "sheet:\n  fan_out:\n    2: 3\n")
    await field.press("Control+Home")
    await field.press("ArrowDown")
    await expect(admin_page.get_by_test_id("key-help")).to_contain_text("sheet.fan_out")
    await expect(admin_page.get_by_test_id("key-help")).to_contain_text("How many sheets a stage")
    await field.hover(position={"x": 70, "y": 14 + 10})
    await expect(admin_page.get_by_role("tooltip")).to_contain_text("How the work is cut")
    await field.press("ArrowDown")
    await expect(admin_page.get_by_role("tooltip")).to_be_hidden()


async def test_what_is_found_stands_in_its_line(admin_page: Page) -> None:
    await open_editor(admin_page)
    await write(
        admin_page, commands("typo", "echo hello").replace("total_items: 1", "total_items: many")
    )
    mark = admin_page.locator(".line-mark.is-error")
    await expect(mark).to_contain_text("a whole number")
    await admin_page.get_by_label("Score, as YAML").press("F8")
    field = admin_page.get_by_label("Score, as YAML")
    text = await field.input_value()
    at = await field.evaluate("field => field.selectionStart")
    assert text[:at].count("\n") == 6


async def test_a_version_is_saved_changed_compared_and_restored(admin_page: Page) -> None:
    await save(admin_page, "kept", commands("kept", "echo one"), "the first")
    await expect(admin_page.get_by_test_id("version-message")).to_have_text("the first")
    await expect(admin_page.get_by_test_id("version-findings")).to_contain_text("Nothing was found")
    page_url = admin_page.url
    await admin_page.get_by_test_id("edit").click()
    await write(admin_page, commands("kept", "echo two"))
    await admin_page.get_by_test_id("save-version").click()
    await admin_page.wait_for_url(SCORE_PAGE)
    await admin_page.get_by_role("link", name="what changed").click()
    await expect(admin_page.get_by_test_id("diff")).to_contain_text("echo one")
    await expect(admin_page.get_by_test_id("diff")).to_contain_text("echo two")
    await admin_page.goto(f"{page_url}?version=1")
    await admin_page.get_by_test_id("restore").click()
    await expect(admin_page.get_by_test_id("messages")).to_contain_text("restored as version 3")


async def test_a_draft_is_saved_while_one_writes_and_a_newer_one_is_not_overwritten(
    admin_page: Page, console: Console, people: People, complaints: Complaints
) -> None:
    await save(admin_page, "shared", commands("shared", "echo one"))
    await admin_page.get_by_test_id("edit").click()
    await admin_page.wait_for_url(EDITOR_PAGE)
    edit_url = admin_page.url
    other = await another_browser(admin_page)
    await log_in(other, people.operator.username, people.operator.password)
    await open_editor(other, edit_url)
    await expect(other.get_by_test_id("presence")).to_contain_text(f"{console.username} edits now")
    await write(other, commands("shared", "echo theirs"))
    await other.keyboard.press("Control+s")
    await expect(other.locator("#draft-state")).to_contain_text("Draft saved at")
    await write(admin_page, commands("shared", "echo mine"))
    with complaints.allowing("status of 409"):
        await admin_page.keyboard.press("Control+s")
        await expect(admin_page.get_by_test_id("conflict")).to_be_visible()
    await expect(admin_page.get_by_test_id("diff")).to_contain_text("echo theirs")
    await expect(admin_page.get_by_label("Score, as YAML")).to_have_value(re.compile("echo mine"))
    await other.context.close()


async def test_the_preview_shows_each_sheets_prompt(admin_page: Page) -> None:
    await open_editor(admin_page, "/jobs/score/add/?sample=pipeline")
    await admin_page.get_by_test_id("show-preview").click()
    await expect(admin_page.get_by_test_id("prompt")).to_contain_text("Extracted")
    fourth = admin_page.locator("[data-sheet='4']")
    await expect(fourth).to_contain_text("after 2–3")
    await fourth.focus()
    await fourth.press("Enter")
    await expect(admin_page.get_by_test_id("prompt")).to_contain_text("join -t,")
    await expect(admin_page.locator("[data-sheet='4']")).to_be_focused()
    assert "/add/" in admin_page.url


async def hold(page: Page, address: str, words: str) -> asyncio.Event:
    """Keep the first form to an address with these words in it waiting until this is set."""
    let_go, is_first = asyncio.Event(), True

    async def wait(route: Route) -> None:
        nonlocal is_first
        if is_first and words in (route.request.post_data or ""):
            is_first = False
            await let_go.wait()
        await route.continue_()

    await page.route(address, wait)
    return let_go


async def test_the_sheet_that_was_chosen_last_is_shown_however_long_another_takes(
    admin_page: Page,
) -> None:
    await open_editor(admin_page, "/jobs/score/add/?sample=pipeline")
    await admin_page.get_by_test_id("show-preview").click()
    let_go = await hold(admin_page, "**/preview/", 'name="preview_sheet"\r\n\r\n3\r\n')
    async with admin_page.expect_event("requestfailed") as given_up:
        await admin_page.locator("[data-sheet='3']").click()
        await admin_page.locator("[data-sheet='4']").click()
    assert (await given_up.value).url.endswith("/preview/")
    let_go.set()
    await expect(admin_page.locator("[data-sheet='4']")).to_have_attribute("aria-current", "true")
    await expect(admin_page.locator("#preview")).to_have_attribute("aria-busy", "false")


async def test_a_preview_of_a_text_that_has_changed_meanwhile_says_so(admin_page: Page) -> None:
    await open_editor(admin_page)
    await write(admin_page, commands("previewed", "echo one"))
    let_go = await hold(admin_page, "**/preview/", "echo one")
    preview = admin_page.locator("#preview")
    await admin_page.get_by_test_id("show-preview").click()
    await write(admin_page, commands("previewed", "echo two"))
    let_go.set()
    await expect(admin_page.get_by_test_id("prompt")).to_contain_text("echo one")
    await expect(preview).to_have_attribute("data-stale", "yes")
    await admin_page.get_by_test_id("show-preview").click()
    await expect(admin_page.get_by_test_id("prompt")).to_contain_text("echo two")
    await expect(preview).not_to_have_attribute("data-stale", "yes")


async def test_what_is_written_while_a_draft_is_saved_is_saved_when_one_asks_for_it(
    admin_page: Page,
) -> None:
    await save(admin_page, "saved-twice", commands("saved-twice", "echo one"))
    await admin_page.get_by_test_id("edit").click()
    await admin_page.wait_for_url(EDITOR_PAGE)
    let_go = await hold(admin_page, "**/edit/", "echo two")
    await write(admin_page, commands("saved-twice", "echo two"))
    await admin_page.keyboard.press("Control+s")
    await expect(admin_page.locator("#draft-state")).to_contain_text("Saving")
    await write(admin_page, commands("saved-twice", "echo three"))
    await admin_page.keyboard.press("Control+s")
    let_go.set()
    await expect(admin_page.locator("#draft-state")).to_contain_text("Draft saved at")
    await admin_page.reload()
    await expect(admin_page.get_by_label("Score, as YAML")).to_have_value(re.compile("echo three"))


async def test_what_was_written_is_guarded_when_a_draft_is_refused_and_the_session_is_over(
    page: Page, console: Console, complaints: Complaints
) -> None:
    await log_in(page, console.username, console.password)  # a session that may be ended
    await save(page, "guarded-draft", commands("guarded-draft", "echo one"))
    await page.get_by_test_id("edit").click()
    await page.wait_for_url(EDITOR_PAGE)
    await write(page, commands("guarded-draft", "echo two"))

    async def overtake(route: Route) -> None:
        await end_session(page)
        await route.fulfill(status=409)

    await page.route("**/edit/", overtake, times=1)
    asked = questions_of(page)
    with complaints.allowing(r"status of 40[139]"):
        await page.keyboard.press("Control+s")
        await expect(page.get_by_test_id("session-expired")).to_be_visible()
        await page.get_by_role("link", name="Audit log").first.click(no_wait_after=True)
        await eventually(lambda: asked == ["beforeunload"], what="the browser's question")
    await expect(page.get_by_label("Score, as YAML")).to_have_value(re.compile("echo two"))


async def test_a_template_is_filled_in_and_runs(admin_page: Page) -> None:
    await admin_page.goto("/jobs/score/templates/")
    await admin_page.get_by_role("link", name=re.compile("^Hello")).click()
    await admin_page.get_by_label("Name").fill("greeting")
    await admin_page.get_by_label("Steps of each sheet").fill("1")
    await admin_page.get_by_test_id("fill").click()
    await expect(admin_page.get_by_test_id("prompt")).to_contain_text("seq 1")
    await admin_page.get_by_test_id("use").click()
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_status(admin_page, "completed")


async def test_a_sample_moves_no_field(admin_page: Page) -> None:
    await admin_page.goto("/jobs/job/add/")
    reason = admin_page.get_by_label("Reason")
    before = await reason.bounding_box()
    await admin_page.get_by_role("link", name="report", exact=True).click()
    await expect(admin_page.get_by_test_id("summary")).to_be_visible()
    assert await reason.bounding_box() == before


async def test_a_submit_after_the_session_ended_is_kept_and_sent_after_a_new_login(
    page: Page, console: Console, complaints: Complaints
) -> None:
    await log_in(page, console.username, console.password)  # a session that may be ended
    name = f"survives-{time.monotonic_ns() % 10_000}"
    await open_editor(page, "/jobs/job/add/")
    await write(page, commands(name, "echo hello"))
    await expect(page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await end_session(page)
    with complaints.allowing(r"status of 40[13]"):
        await page.get_by_test_id("submit").click()
        note = page.get_by_test_id("session-expired")
        await expect(note).to_contain_text("Nothing was sent, and what you wrote stays here")
    async with page.context.expect_page() as opened:
        await note.get_by_role("link", name="Log in again").click()
    tab = await opened.value
    await tab.get_by_label("Username").fill(console.username)
    await tab.get_by_label("Password").fill(console.password)
    await tab.get_by_role("button", name="Log in").click()
    await tab.wait_for_url(re.compile(r":\d+/$"))
    await tab.close()
    await page.bring_to_front()
    await page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(note).to_have_count(0)
    await page.get_by_test_id("submit").click()
    await page.wait_for_url(JOB_PAGE)
    await expect_status(page, "completed")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scheme", ["dark"])  # by day they are looked at with all pages
async def test_axe_finds_nothing(admin_page: Page, scheme: str, complaints: Complaints) -> None:
    page = admin_page
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its two
    await save(page, f"seen-by-all-{scheme}", commands("seen", "echo one"))
    await expect(page.get_by_test_id("version-findings")).to_contain_text("Nothing was found")
    score = page.url
    assert await faults(page) == []
    await page.get_by_test_id("edit").click()
    await write(page, commands("seen", "echo two").replace("total_items: 1", "total_items: many"))
    await expect(page.locator(".line-mark.is-error")).to_be_visible()
    await page.get_by_label("Score, as YAML").press("Control+Home")
    await page.get_by_label("Score, as YAML").press("Control+Space")
    await expect(page.get_by_role("listbox")).to_be_visible()
    assert await faults(page) == []
    await write(page, commands("seen", "echo two", sheets=3))
    await page.get_by_test_id("show-preview").click()
    await expect(page.get_by_test_id("prompt")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_test_id("save-version").click()
    await page.wait_for_url(SCORE_PAGE)
    addresses = (
        "/jobs/score/",
        score.replace("change/", "compare/"),
        f"{score}?version=1",
        "/jobs/score/templates/",
        "/jobs/score/templates/files/",
        "/jobs/score/reference/",
        "/jobs/score/import/",
        "/jobs/job/add/?sample=hello",
    )
    for address in addresses:
        await page.goto(address)
        assert await faults(page) == [], address
