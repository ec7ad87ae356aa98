"""The Log tab in Chromium: long files, search, links to lines, and logs that change underfoot."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import pytest
from playwright.async_api import Error, Locator, Page, Route, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.shared_loop import fixture_on_shared_loop
from tests.browser.steps import expect_status, submit, submit_gated
from tests.waiting import eventually, patience

pytestmark = pytest.mark.browser

LONG = """\
name: {name}
workspace: ./{name}
instrument: cli
sheet:
  size: 1
  total_items: 1
prompt:
  template: |
    seq 1 60000 | sed 's/^/line number /'
    printf '\\033[31mERROR\\033[0m: it broke\\n'
    echo 'password=hunter2'
    echo 'the end'
"""


async def open_log(page: Page) -> None:
    await page.get_by_test_id("tab-log").click()
    await page.wait_for_url(re.compile(r"/log/"))
    await expect(page.get_by_test_id("log-follow")).to_be_visible()


async def submit_long(page: Page, name: str) -> None:
    await submit(page, LONG.format(name=name))
    await expect_status(page, "completed")
    await open_log(page)


def log_of(console: Console, words: str) -> Path:
    logs = (console.home / "conductor" / "runs").glob("*/sheet-*.log")
    return max(
        (log for log in logs if words in log.read_text()), key=lambda log: log.stat().st_mtime
    )


async def test_a_long_log_is_held_in_part_and_read_from_end_to_beginning(
    admin_page: Page, console: Console
) -> None:
    await submit_long(admin_page, "long-log")
    rows, pane = admin_page.get_by_test_id("log-rows"), admin_page.locator("#log-pane")
    await expect(rows).to_contain_text("the end")
    await expect(rows.locator(".a-ink-1")).to_have_text("ERROR")
    await expect(rows).not_to_contain_text("hunter2")
    await pane.focus()
    await admin_page.keyboard.press("g")
    await expect(rows.locator("#L1")).to_be_visible()
    for _ in range(12):
        await pane.evaluate("pane => { pane.scrollTop = pane.scrollHeight; }")
        await expect(admin_page.locator("#log-view[aria-busy]")).to_have_count(0)
    assert await rows.locator(".log-row").count() <= 1_200
    numbers = await rows.locator("a.log-number").all_inner_texts()
    assert [int(number) for number in numbers] == list(
        range(int(numbers[0]), int(numbers[0]) + len(numbers))
    )
    assert int(numbers[-1]) > 1_000
    await admin_page.keyboard.press("G")
    await expect(rows).to_contain_text("the end")


async def test_a_search_counts_and_goes_from_match_to_match(
    admin_page: Page, console: Console
) -> None:
    await submit_long(admin_page, "searched-log")
    await admin_page.locator("#log-pane").focus()
    await admin_page.keyboard.press("/")
    await admin_page.keyboard.type("NUMBER 777")
    await admin_page.keyboard.press("Enter")
    found = admin_page.get_by_test_id("log-found")
    await expect(found).to_have_text("11 lines")
    await admin_page.keyboard.press("g")
    await expect(admin_page.locator("#L1")).to_be_visible()
    await admin_page.keyboard.press("n")
    await expect(found).to_have_text("1 of 11 lines")
    await expect(admin_page.locator(".log-row.is-at")).to_contain_text("line number 777")
    await admin_page.keyboard.press("n")
    await expect(admin_page.locator(".log-row.is-at mark")).to_have_text("number 777")
    await expect(found).to_have_text("2 of 11 lines")
    await admin_page.get_by_test_id("level-error").check(force=True)
    await expect(found).to_have_text("0 lines")


async def short_of_breath(route: Route) -> None:
    """A search that comes no further than to 1,999 matches at once, as of a busy machine."""
    told = await (await route.fetch()).json()
    *offsets, until = told["offsets"]
    await route.fulfill(json=told | {"offsets": offsets, "until": until})


async def test_more_matches_than_are_kept_count_alike_however_far_each_answer_comes(
    admin_page: Page, console: Console
) -> None:
    await submit_long(admin_page, "short-of-breath")
    await admin_page.route(re.compile(r"/log/matches/"), short_of_breath)
    await admin_page.locator("#log-query").fill("number")
    await admin_page.keyboard.press("Enter")
    await expect(admin_page.get_by_test_id("log-found")).to_have_text("10,000+ lines")


async def test_a_line_has_an_address_that_outlasts_a_reload(
    admin_page: Page, console: Console
) -> None:
    await submit_long(admin_page, "linked-log")
    address = admin_page.url.partition("?")[0]
    await admin_page.goto(f"{address}?sheet=1#L31234")
    target = admin_page.locator(".log-row.is-target")
    await expect(target).to_contain_text("line number 31234")
    await expect(target).to_be_in_viewport()
    await admin_page.locator("#L31236").click()
    await expect(target).to_contain_text("line number 31236")
    assert admin_page.url.endswith("?sheet=1&line=31236#L31236")
    await admin_page.reload()
    await expect(target).to_contain_text("line number 31236")
    await expect(target).to_be_in_viewport()


async def test_lines_are_followed_as_they_are_written_until_one_holds(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "followed-log")
    await open_log(admin_page)
    rows = admin_page.get_by_test_id("log-rows")
    await expect(rows).to_contain_text("sheet 1 has begun")
    await expect(admin_page.get_by_test_id("log-follow")).to_have_text("Following")
    gates.say(1, "first words")
    await expect(rows).to_contain_text("first words")
    await admin_page.get_by_test_id("log-follow").click()
    gates.say(1, "second words")
    await admin_page.get_by_test_id("log-follow").click()
    await expect(rows).to_contain_text("second words")
    await admin_page.get_by_test_id("log-all").click()
    await expect(rows).to_contain_text("second words")
    gates.say(1, "third words")
    await expect(rows).to_contain_text("third words")
    gates.open(1, 2)
    await expect(rows).to_contain_text("sheet 2 has ended")


async def test_who_follows_a_job_goes_on_to_the_sheet_that_runs_next(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "moved-on-log", sheets=2)
    await open_log(admin_page)
    rows, title = admin_page.get_by_test_id("log-rows"), admin_page.locator("#log-title")
    await expect(rows).to_contain_text("sheet 1 has begun")
    gates.open(1)
    await expect(title).to_have_text("Sheet 2")
    await expect(rows).to_contain_text("sheet 2 has begun")
    await expect(rows).not_to_contain_text("sheet 1")
    await expect(admin_page.get_by_test_id("log-sheet")).to_have_value("2")
    await expect(choice_of(admin_page, 1)).to_have_text("1 (completed)")
    gates.say(2, "words of the second")
    await expect(rows).to_contain_text("words of the second")
    gates.open(2)
    await expect(choice_of(admin_page, 2)).to_have_text("2 (completed)")
    await expect(rows).to_contain_text("sheet 2 has ended")
    await expect(title).to_have_text("Sheet 2")


@pytest.mark.parametrize("query", ["", "?sheet=1"])
async def test_who_stays_with_a_sheet_is_told_which_one_runs(
    admin_page: Page, console: Console, query: str
) -> None:
    gates = await submit_gated(admin_page, console, f"held-log{len(query)}", sheets=2)
    await open_log(admin_page)
    await admin_page.goto(admin_page.url + query)
    rows, title = admin_page.get_by_test_id("log-rows"), admin_page.locator("#log-title")
    await expect(rows).to_contain_text("sheet 1 has begun")
    if not query:
        await admin_page.get_by_test_id("log-follow").click()
    gates.open(1)
    await expect(choice_of(admin_page, 2)).to_have_text("2 (running)")
    await expect(title).to_have_text("Sheet 1")
    await expect(admin_page.locator("#log-sheet-status")).to_contain_text("completed")
    await expect(rows).to_contain_text("sheet 1 has begun")
    await admin_page.get_by_test_id("log-running").click()
    await expect(title).to_have_text("Sheet 2")
    await expect(rows).to_contain_text("sheet 2 has begun")
    gates.open(2)
    await expect(admin_page.locator("#log-sheet-status")).to_contain_text("completed")
    await expect(admin_page.get_by_test_id("log-running")).to_have_count(0)


async def test_statuses_of_sheets_are_live_where_the_log_of_all_is_shown(
    admin_page: Page, console: Console
) -> None:
    gates = await submit_gated(admin_page, console, "all-of-log")
    await open_log(admin_page)
    await admin_page.get_by_test_id("log-all").click()
    await expect(choice_of(admin_page, 1)).to_have_text("1 (running)")
    gates.open(1, 2)
    await expect(choice_of(admin_page, 2)).to_have_text("2 (completed)")
    await expect(admin_page.get_by_test_id("log-sheet")).to_have_value("all")


def choice_of(page: Page, sheet: int) -> Locator:
    """A sheet in the list of those that can be chosen."""
    return page.locator(f'#log-sheet option[value="{sheet}"]')


@pytest.mark.parametrize("change", ["truncated", "rotated", "deleted"])
async def test_a_log_that_changes_underfoot_is_told(
    admin_page: Page, console: Console, change: str
) -> None:
    gates = await submit_gated(admin_page, console, f"{change}-log")
    gates.say(1, f"words of {change}")
    await open_log(admin_page)
    rows = admin_page.get_by_test_id("log-rows")
    await expect(rows).to_contain_text(f"words of {change}")
    log = log_of(console, f"words of {change}")
    if change == "truncated":
        log.write_bytes(b"short\n")
    else:
        log.unlink()
    if change == "rotated":
        log.write_bytes(b"another file\n" * 20)
    words = {"truncated": "cut shorter", "rotated": "replaced by another", "deleted": "is gone"}
    note = admin_page.get_by_test_id("log-words")
    await expect(note).to_contain_text(words[change], timeout=patience(15) * 1000)
    gates.open(1, 2)


async def test_a_log_that_was_replaced_is_not_mixed_with_the_old_one_by_scrolling_back(
    admin_page: Page, console: Console
) -> None:
    await submit_long(admin_page, "retried-log")
    rows = admin_page.get_by_test_id("log-rows")
    await expect(rows).to_contain_text("the end")
    log = log_of(console, "line number 60000")
    log.rename(log.with_suffix(".1"))  # which keeps its inode from being used again
    log.write_bytes(b"another file\n" * 200_000)
    await admin_page.locator("#log-pane").evaluate("pane => { pane.scrollTop = 0; }")
    await expect(rows).to_contain_text("another file")
    await expect(rows).not_to_contain_text("line number")
    await expect(admin_page.get_by_test_id("log-words")).to_contain_text("replaced by another")


class Counting:
    """Lines that are not counted yet, as of a log of some gigabytes."""

    def __init__(self) -> None:
        self.asked = 0
        self.waits = 0  # so many answers more

    async def answer(self, route: Route) -> None:
        """In the place of the server."""
        self.asked += 1
        if self.asked > self.waits:
            await route.continue_()
            return
        unknown = re.sub(r"line=\d+", "line=999999", route.request.url)
        told = await (await route.fetch(url=unknown)).json()
        await route.fulfill(json=told | {"is_waiting": True})


@fixture_on_shared_loop()
async def counting(page: Page) -> Counting:
    """How far the lines of logs are counted for this tab."""
    lines = Counting()
    await page.route(re.compile(r"/log/window/.*[?&]line="), lines.answer)
    return lines


async def test_a_line_that_was_not_counted_yet_is_pointed_at_once_it_is(
    admin_page: Page, console: Console, counting: Counting
) -> None:
    await submit_long(admin_page, "counted-log")
    counting.waits = 2
    await admin_page.goto(f"{admin_page.url.partition('?')[0]}?sheet=1#L31234")
    target = admin_page.locator(".log-row.is-target")
    await expect(target).to_contain_text("line number 31234")
    await expect(target).to_be_in_viewport()
    assert counting.asked == 3


async def test_whoever_goes_elsewhere_is_not_thrown_to_a_line_that_is_counted_later(
    admin_page: Page, console: Console, counting: Counting
) -> None:
    await submit_long(admin_page, "left-log")
    counting.waits = 1_000
    await admin_page.clock.install()
    await admin_page.goto(f"{admin_page.url.partition('?')[0]}?sheet=1#L31234")
    await eventually(lambda: counting.asked, what="a first answer")
    await expect(admin_page.locator("#log-view[aria-busy]")).to_have_count(0)
    await admin_page.locator("#log-pane").focus()
    await admin_page.keyboard.press("End")
    await expect(admin_page.locator("#log-view[aria-busy]")).to_have_count(0)
    counting.waits = asked = counting.asked
    await admin_page.clock.fast_forward(5_000)
    await admin_page.evaluate("url => fetch(url)", "/search/?q=left-log")  # is asked after it
    assert counting.asked == asked
    await expect(admin_page.get_by_text("the end")).to_be_in_viewport()


class Held:
    """Answers that are on their way for as long as a test wants."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_go = asyncio.Event()

    async def answer(self, route: Route) -> None:
        """In the place of the server."""
        self.asked += 1
        await self.may_go.wait()
        with contextlib.suppress(Error):  # nobody waits for it any more
            await route.continue_()


@pytest.mark.parametrize("act", ["the number of a line", "the next match", "hold", "follow"])
async def test_a_filter_is_applied_whatever_is_done_before_its_answer(
    admin_page: Page, console: Console, act: str
) -> None:
    await submit_long(admin_page, f"overtaken-{act.replace(' ', '-')}")
    rows, pane = admin_page.get_by_test_id("log-rows"), admin_page.locator("#log-pane")
    await pane.focus()
    await admin_page.keyboard.press("/")
    await admin_page.keyboard.type("e")
    await admin_page.keyboard.press("Enter")
    await expect(admin_page.get_by_test_id("log-found")).to_have_text("10,000+ lines")
    await expect(rows).to_contain_text("the end")
    held = Held()
    await admin_page.route(re.compile(r"/log/window/.*[?&]level="), held.answer)
    await admin_page.get_by_test_id("level-error").check(force=True)
    await expect(admin_page.get_by_test_id("log-found")).to_have_text("1 line")
    await eventually(lambda: held.asked, what="the question for what the filter leaves")
    if act == "the number of a line":
        await admin_page.locator("#L60001").click()
    elif act == "follow":
        await admin_page.get_by_test_id("log-follow").click()
        await admin_page.get_by_test_id("log-follow").click()
    else:
        await pane.focus()
        await admin_page.keyboard.press({"the next match": "n", "hold": "f"}[act])
    held.may_go.set()
    await expect(rows).not_to_contain_text("the end")
    await expect(rows.locator(".log-row")).to_have_count(1)
    await expect(rows).to_contain_text("it broke")


class Crowd:
    """Searches of others, which leave no room for so many questions more."""

    def __init__(self) -> None:
        self.left = 0
        self.places: list[str | None] = []

    async def answer(self, route: Route) -> None:
        """In the place of the server."""
        place = re.search(r"[?&]from=(\d+)", route.request.url)
        self.places.append(place and place[1])
        if self.left <= 0:
            await route.continue_()
            return
        self.left -= 1
        await route.fulfill(status=503, headers={"Retry-After": "2"}, json={"fault": "Too many"})


async def test_a_search_that_finds_no_room_is_asked_for_again(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    await submit_long(admin_page, "crowded-log")
    crowd = Crowd()
    await admin_page.route(re.compile(r"/log/matches/"), crowd.answer)
    crowd.left = 1
    found = admin_page.get_by_test_id("log-found")
    with complaints.allowing("status of 503"):
        await admin_page.locator("#log-query").fill("number 777")
        await admin_page.keyboard.press("Enter")
        await expect(found).to_contain_text("Trying again")
        await expect(found).to_have_text("11 lines")
    assert crowd.places[:2] == ["0", "0"]


async def test_a_filter_that_finds_no_room_is_asked_for_again(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    await submit_long(admin_page, "crowded-filter")
    rows, note = admin_page.get_by_test_id("log-rows"), admin_page.get_by_test_id("log-words")
    await admin_page.locator("#log-pane").focus()
    await admin_page.keyboard.press("g")
    await expect(rows.locator("#L1")).to_be_visible()
    crowd = Crowd()
    await admin_page.route(re.compile(r"/log/window/.*[?&]level="), crowd.answer)
    crowd.left = 1
    with complaints.allowing("status of 503"):
        await admin_page.get_by_test_id("level-error").check(force=True)
        await expect(note).to_contain_text("Trying again")
        await expect(rows).to_contain_text("it broke")
    await expect(rows).not_to_contain_text("line number")
    await expect(note).to_have_count(0)
    assert crowd.places[:2] == ["0", "0"]


async def test_a_filter_that_never_finds_room_leaves_no_rows_of_another(
    admin_page: Page, console: Console, complaints: Complaints
) -> None:
    await submit_long(admin_page, "full-log")
    await admin_page.clock.install()
    rows, note = admin_page.get_by_test_id("log-rows"), admin_page.get_by_test_id("log-words")
    await expect(rows).to_contain_text("the end")
    crowd = Crowd()
    await admin_page.route(re.compile(r"/log/window/.*[?&]level="), crowd.answer)
    crowd.left = 1_000

    async def is_given_up() -> bool:
        await admin_page.clock.fast_forward(3_000)
        return "Try again in a moment" in await note.inner_text()

    with complaints.allowing("status of 503"):
        await admin_page.get_by_test_id("level-error").check(force=True)
        await expect(note).to_contain_text("Trying again")
        await eventually(is_given_up, timeout_s=30, what="the last try")
    await expect(rows.locator(".log-row")).to_have_count(0)
    crowd.left = 0
    await admin_page.get_by_test_id("log-follow").click()
    await admin_page.get_by_test_id("log-follow").click()
    await expect(rows).to_contain_text("it broke")


# What the server sends while too many search; runs before the scripts of the page.
WITHOUT_ROOM = """
document.addEventListener("readystatechange", () => {
  const view = document.getElementById("log-view");
  if (document.readyState !== "interactive" || !view) return;
  Object.assign(view.dataset, { state: "busy", start: 0, end: 0, next: 0, size: 0, identity: "" });
  document.getElementById("log-rows").replaceChildren();
});
"""


async def test_a_page_that_found_no_room_gets_its_rows_from_the_script(
    admin_page: Page, console: Console
) -> None:
    await submit_long(admin_page, "restored-log")
    await admin_page.add_init_script(WITHOUT_ROOM)
    await admin_page.goto(f"{admin_page.url.partition('?')[0]}?sheet=1&q=number")
    await expect(admin_page.get_by_test_id("log-rows")).to_contain_text("the end")


async def test_nothing_is_wider_than_a_phone(admin_page: Page, console: Console) -> None:
    await submit_long(admin_page, "phone-log")
    await admin_page.set_viewport_size({"width": 390, "height": 800})
    await expect(admin_page.get_by_test_id("log-rows")).to_contain_text("the end")
    width = await admin_page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
