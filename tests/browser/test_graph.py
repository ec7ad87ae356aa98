"""The graph and the timeline in a browser: live, by keyboard, zoomed, small, without script."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.axe import faults
from tests.browser.console import Console
from tests.browser.scores import Gates
from tests.browser.steps import expect_live, expect_status, submit, workspace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DIAMOND = """\
name: {name}
workspace: ./{name}
instrument: cli
pause_between_sheets_seconds: 0
sheet:
  size: 1
  total_items: 4
  descriptions:
    1: WRITE DOWN WHAT MUST BE KNOWN
    2: Write the release notes
    3: Right
    4: Merge
  dependencies:
    2: [1]
    3: [1]
    4: [2, 3]
prompt:
  template: |
    while [ ! -e open-{{{{ sheet_num }}}} ]; do sleep 0.05; done
"""


# By how much the words of a card are wider than it, in the picture's own units.
OVER = """
() => [...document.querySelectorAll(".graph .card .name")].map((name) => {
  const box = name.getBBox();
  return box.x + box.width - 220;
})
"""


def tab(page: Page, name: str) -> str:
    return re.sub(r"/jobs/job/(\d+)/.*", rf"/jobs/job/\1/{name}/", page.url)


async def open_diamond(page: Page, console: Console, name: str, on: str = "graph") -> Gates:
    await submit(page, DIAMOND.format(name=name))
    await expect_status(page, "running")
    await page.goto(tab(page, on))
    await expect_live(page)
    return Gates(workspace(console, name))


async def test_nodes_change_colour_and_words_while_one_looks(
    admin_page: Page, console: Console
) -> None:
    gates = await open_diamond(admin_page, console, "graph-live")
    first = admin_page.locator("#n1")
    await expect(first).to_have_class(re.compile("tone-run"))
    await expect(first).to_contain_text("running")
    gates.open(1, 2)
    await expect(first).to_have_class(re.compile("tone-ok"))
    await expect(admin_page.locator("#n2")).to_contain_text("completed")
    await expect(admin_page.locator("#n4")).to_contain_text("pending")
    gates.open(3, 4)
    await expect(admin_page.locator("#n4")).to_contain_text("completed")


async def test_names_stay_on_their_cards(admin_page: Page, console: Console) -> None:
    gates = await open_diamond(admin_page, console, "graph-names")
    over = await admin_page.evaluate(OVER)
    assert len(over) == 4
    assert max(over) < 0, over
    gates.open(1, 2, 3, 4)


async def test_arrows_go_along_the_lines_and_enter_opens_the_sheet(
    admin_page: Page, console: Console
) -> None:
    gates = await open_diamond(admin_page, console, "graph-keys")
    await admin_page.locator("#n1").focus()
    await admin_page.keyboard.press("ArrowDown")
    await expect(admin_page.locator("#n2:focus, #n3:focus")).to_have_count(1)
    await admin_page.keyboard.press("ArrowDown")
    await expect(admin_page.locator("#n4")).to_be_focused()
    await admin_page.keyboard.press("ArrowUp")
    await admin_page.keyboard.press("ArrowUp")
    await expect(admin_page.locator("#n1")).to_be_focused()
    await admin_page.keyboard.press("Enter")
    await admin_page.wait_for_url("**/sheets/1/")
    gates.open(1, 2, 3, 4)


async def test_the_focus_lights_up_all_before_and_after_and_outlives_a_refresh(
    admin_page: Page, console: Console
) -> None:
    gates = await open_diamond(admin_page, console, "graph-lit")
    await admin_page.locator("#n2").focus()
    await expect(admin_page.locator(".node.is-lit")).to_have_count(3)
    await expect(admin_page.locator("#n3")).not_to_have_class(re.compile("is-lit"))
    await expect(admin_page.locator(".edge.is-lit")).to_have_count(2)
    gates.open(1)
    await expect(admin_page.locator("#n1")).to_have_class(re.compile("tone-ok"))
    await expect(admin_page.locator("#n2")).to_be_focused()
    await expect(admin_page.locator(".node.is-lit")).to_have_count(3)
    gates.open(2, 3, 4)


async def test_the_picture_is_zoomed_and_fitted(admin_page: Page, console: Console) -> None:
    gates = await open_diamond(admin_page, console, "graph-zoom")
    picture = admin_page.locator("#graph")
    whole = await picture.get_attribute("viewBox")
    await admin_page.get_by_role("button", name="Zoom in").click()
    await expect(picture).not_to_have_attribute("viewBox", whole or "")
    await admin_page.locator("#n1").focus()
    await admin_page.keyboard.press("0")
    await expect(picture).to_have_attribute("viewBox", whole or "")
    box = await admin_page.locator(".graph-view").bounding_box()
    assert box
    await admin_page.mouse.move(box["x"] + 60, box["y"] + 60)
    await admin_page.keyboard.down("Control")
    await admin_page.mouse.wheel(0, -200)
    await admin_page.keyboard.up("Control")
    await expect(picture).not_to_have_attribute("viewBox", whole or "")
    gates.open(1, 2, 3, 4)


async def test_the_timeline_grows_and_is_walked_and_zoomed(
    admin_page: Page, console: Console
) -> None:
    gates = await open_diamond(admin_page, console, "time-live", on="timeline")
    bar = admin_page.locator("#s1 rect")
    await expect(bar).to_be_visible()
    before = float((await bar.get_attribute("width") or "0").rstrip("%"))
    await admin_page.wait_for_function(
        "before => parseFloat(document.querySelector('#s1 rect').getAttribute('width')) !== before",
        arg=before,
    )
    gates.open(1)
    await expect(admin_page.locator("#time-bars a")).to_have_count(2)
    await admin_page.locator("#s1").focus()
    await admin_page.keyboard.press("ArrowDown")
    await expect(admin_page.locator("#s2")).to_be_focused()
    await admin_page.keyboard.press("+")
    await expect(admin_page.locator("#timeline")).to_have_attribute("width", "160%")
    gates.open(2, 3, 4)
    await expect_status(admin_page, "completed")
    await expect(admin_page.get_by_test_id("path-words")).to_contain_text("one after another")
    await expect(admin_page.locator("#timeline")).to_have_attribute("width", "160%")


@pytest.mark.parametrize("name", ["graph", "timeline"])
@pytest.mark.parametrize("scheme", ["dark"])  # by day they are looked at with all pages
async def test_axe_finds_nothing(
    admin_page: Page, console: Console, name: str, scheme: str
) -> None:
    job = f"axe-{name}-{scheme}"
    await admin_page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of its two
    gates = await open_diamond(admin_page, console, job, on=name)
    gates.open(1)
    await expect_live(admin_page)
    for details in await admin_page.locator("details > summary").all():
        await details.click()
    assert await faults(admin_page) == []
    gates.open(2, 3, 4)


@pytest.mark.parametrize("name", ["graph", "timeline"])
async def test_a_phone_is_wide_enough(admin_page: Page, console: Console, name: str) -> None:
    await admin_page.set_viewport_size({"width": 390, "height": 844})
    gates = await open_diamond(admin_page, console, f"phone-{name}", on=name)
    wider = await admin_page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wider <= 0
    gates.open(1, 2, 3, 4)


async def test_the_open_tab_is_in_sight_on_a_phone(admin_page: Page, console: Console) -> None:
    await admin_page.set_viewport_size({"width": 390, "height": 844})
    gates = await open_diamond(admin_page, console, "phone-tabs", on="audit")
    strip = admin_page.locator("#job-tabs")
    await expect(admin_page.get_by_test_id("tab-audit")).to_be_in_viewport(ratio=0.9)
    await expect(strip).to_have_class(re.compile("has-before"))
    await admin_page.goto(tab(admin_page, "change"))
    await expect(strip).to_have_class(re.compile("has-more"))
    gates.open(1, 2, 3, 4)


async def test_the_axis_stays_above_the_bars(admin_page: Page, console: Console) -> None:
    await admin_page.set_viewport_size({"width": 1200, "height": 560})
    gates = await open_diamond(admin_page, console, "axis", on="timeline")
    gates.open(1, 2, 3, 4)
    await expect(admin_page.locator("#time-bars a")).to_have_count(4)
    await admin_page.locator("#s4").scroll_into_view_if_needed()
    await admin_page.evaluate(
        "scrollTo(0, document.getElementById('s4').getBoundingClientRect().y + scrollY - 140)"
    )
    await expect(admin_page.locator("#time-axis-box")).to_be_in_viewport(ratio=1)
    places = await admin_page.evaluate(
        "['time-axis', 'timeline'].map(id => document.getElementById(id).getBoundingClientRect().x)"
    )
    assert abs(places[0] - places[1]) < 1


async def test_both_pictures_are_there_without_a_script(
    admin_page: Page, browser: Browser, console: Console
) -> None:
    gates = await open_diamond(admin_page, console, "no-script")
    context = await browser.new_context(
        base_url=console.direct_url,
        java_script_enabled=False,
        storage_state=await admin_page.context.storage_state(),
    )
    plain = await context.new_page()
    address = tab(admin_page, "graph").replace(console.url, console.direct_url)
    await plain.goto(address)
    await expect(plain.locator("#n4")).to_be_visible()
    await plain.locator("#n4").click()
    await plain.wait_for_url("**/sheets/4/")
    await plain.goto(tab(plain, "timeline"))
    await expect(plain.locator("#s1 rect")).to_be_visible()
    await context.close()
    gates.open(1, 2, 3, 4)
