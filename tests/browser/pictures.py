"""Takes the pictures of docs/pictures: `make pictures`.

A console is started and filled with a team's ordinary afternoon (`demo.py`), then photographed in
light and dark, at the size of a laptop and of a phone.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import Literal

from playwright.async_api import (
    Browser,
    Page,
    StorageState,
    ViewportSize,
    expect,
)

from tests.browser.chromium import chromium_path, running_chromium
from tests.browser.console import ROOT, running_console
from tests.browser.demo import NIGHTLY_MENDED, Demo, prepared
from tests.browser.network import Network
from tests.browser.steps import log_in

FOLDER = ROOT / "docs" / "pictures"
LAPTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
MOST_BYTES = 300_000
AGE_S = 130  # a picture on which everything is “just now” says little

Scheme = Literal["light", "dark"]


def main() -> int:
    """Take all pictures; 1 when one is too big to be kept in a repository."""
    with running_console(PODIUM_ADMIN_USERNAME="mara") as console:
        demo = prepared(console)
        time.sleep(AGE_S)
        asyncio.run(take_all(demo))
    too_big = [path for path in FOLDER.glob("*.png") if path.stat().st_size > MOST_BYTES]
    for path in too_big:
        print(f"{path.name} has {path.stat().st_size} bytes", file=sys.stderr)  # noqa: T201
    return 1 if too_big else 0


async def take_all(demo: Demo) -> None:
    """Every page in every dress."""
    FOLDER.mkdir(exist_ok=True)
    program = chromium_path()
    assert program, "Chromium is not installed on this machine."
    console = demo.console
    async with (
        Network(console.network_port, console.port),
        running_chromium(program) as browser,
    ):
        session = await take_login(browser, demo)
        for scheme in ("light", "dark"):
            await take_laptop(browser, demo, session, scheme)
        await take_phone(browser, demo, session)


async def take_login(browser: Browser, demo: Demo) -> StorageState:
    """The login page; the session that all other pictures share."""
    page = await new_page(browser, demo, LAPTOP, "light")
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await page.goto("/login/")
        await take(page, f"login-{scheme}")
    await log_in(page, demo.console.username, demo.console.password)
    session = await page.context.storage_state()
    await page.context.close()
    return session


async def take_laptop(browser: Browser, demo: Demo, session: StorageState, scheme: Scheme) -> None:
    """The pages at a laptop's size."""
    page = await new_page(browser, demo, LAPTOP, scheme, session)
    for name, path in (
        ("overview", "/"),
        ("job-list", "/jobs/job/"),
        ("job-failed", demo.path("import-orders")),
        ("job-running", demo.path("release-2.14")),
        ("audit-list", "/jobs/auditrecord/"),
    ):
        await page.goto(path)
        await expect(page.get_by_test_id("live-state")).to_have_text("live")
        await take(page, f"{name}-{scheme}")
    await take_tabs(page, demo, scheme)
    await take_cancel(page, demo, scheme)
    await take_submit(page, scheme)
    await page.goto("/jobs/auditrecord/?verb=cancel&outcome=succeeded")
    await page.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    await page.wait_for_url(re.compile("/change/"))
    await take(page, f"audit-record-{scheme}")
    await take_scores(page, scheme)
    await page.context.close()


async def take_tabs(page: Page, demo: Demo, scheme: Scheme) -> None:
    """Each tab of a job, and the pages of finding and of a conductor."""
    failed, running = demo.path("nightly-reports"), demo.path("release-2.14")
    for tab in ("sheets", "files", "score", "events", "audit"):
        await page.goto(failed.replace("/change/", f"/{tab}/"))
        await expect(page.locator('[data-part][data-state="waiting"]')).to_have_count(0)
        await take(page, f"tab-{tab}-{scheme}")
    for tab in ("graph", "timeline", "log"):
        await page.goto(running.replace("/change/", f"/{tab}/"))
        await take(page, f"tab-{tab}-{scheme}")
    for name, path in (
        ("attention", "/attention/"),
        ("search", "/search/?q=release"),
        ("conductor", "/jobs/conductor/1/change/"),
    ):
        await page.goto(path)
        await expect(page.locator('[data-part][data-state="waiting"]')).to_have_count(0)
        await take(page, f"{name}-{scheme}")


async def take_cancel(page: Page, demo: Demo, scheme: Scheme) -> None:
    """The question before a cancel."""
    await page.goto(demo.path("release-2.14"))
    await page.get_by_test_id("act-cancel").click()
    question = page.get_by_test_id("confirmation")
    await question.get_by_label("Reason").fill("the integration environment is down")
    await take(page, f"cancel-{scheme}")


async def take_submit(page: Page, scheme: Scheme) -> None:
    """The submit page with a mistake that is found as one types."""
    await page.goto("/jobs/job/add/")
    await page.get_by_role("link", name="report", exact=True).click()
    text = page.get_by_label("Score, as YAML")
    await expect(text).to_have_value(re.compile("name: report"))
    await expect(page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await page.get_by_label("Reason").fill("figures for the Monday meeting")
    await take(page, f"submit-{scheme}")
    wrong = (await text.input_value()).replace("max_concurrent: 4", "max_concurrent: many")
    await text.fill(wrong)
    await page.get_by_test_id("findings").get_by_role("link").click()
    await take(page, f"submit-finding-{scheme}")


async def take_scores(page: Page, scheme: Scheme) -> None:
    """The library, a template with its preview, and the editor with its help."""
    await page.goto("/jobs/score/")
    await take(page, f"scores-{scheme}")
    await page.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    await page.wait_for_url(re.compile("/change/"))
    await expect(page.get_by_test_id("version-findings")).not_to_contain_text("Checking")
    await take(page, f"score-{scheme}")
    await page.goto("/jobs/score/templates/pipeline/")
    await page.get_by_test_id("fill").click()
    await expect(page.get_by_test_id("prompt")).to_be_visible()
    await page.get_by_test_id("preview").scroll_into_view_if_needed()
    await take(page, f"score-template-{scheme}")
    await page.goto("/jobs/score/add/?sample=pipeline")
    await expect(page.locator("form[data-helped]")).to_be_visible()
    text = page.get_by_label("Score, as YAML")
    await text.fill(
        (await text.input_value()).replace("instrument: cli", "instrument: cli\nretry:")
    )
    await text.press("Control+Home")
    for _ in range(8):
        await text.press("ArrowDown")
    await text.press("End")
    await text.press("Enter")
    await text.press_sequentially("ma")
    await expect(page.get_by_role("option").first).to_be_visible()
    await take(page, f"score-editor-{scheme}")


async def take_phone(browser: Browser, demo: Demo, session: StorageState) -> None:
    """A few pages at a phone's size."""
    page = await new_page(browser, demo, PHONE, "light", session)
    for name, path in (
        ("overview", "/"),
        ("job-list", "/jobs/job/"),
        ("job-running", demo.path("release-2.14")),
        ("audit-list", "/jobs/auditrecord/"),
    ):
        await page.goto(path)
        await expect(page.get_by_test_id("live-state")).to_have_text("live")
        await take(page, f"phone-{name}")
    await take_mending(page, demo)
    await page.context.close()


async def take_mending(page: Page, demo: Demo) -> None:
    """What docs/guide/failed-job.md tells: found, understood, edited, resumed."""
    await page.goto("/attention/")
    await take(page, "phone-attention")
    await page.goto(demo.path("nightly-reports"))
    await expect(page.get_by_test_id("live-state")).to_have_text("live")
    await take(page, "phone-job-failed")
    await page.get_by_test_id("remedy-modify").click()
    text = page.get_by_test_id("modify-text")
    await text.fill((await text.input_value()).replace(*NIGHTLY_MENDED))
    await expect(page.get_by_test_id("judgement")).to_contain_text("Acceptable")
    await take(page, "phone-modify")
    await page.get_by_test_id("modify-review").click()
    await page.get_by_label("Reason").fill("the template is called monthly now")
    await page.get_by_test_id("diff").scroll_into_view_if_needed()
    await take(page, "phone-modify-diff")
    await page.get_by_test_id("modify-send").click()
    await expect(page.get_by_test_id("job-status")).to_have_text("completed")
    await take(page, "phone-job-resumed")


async def new_page(
    browser: Browser,
    demo: Demo,
    size: ViewportSize,
    scheme: Scheme,
    session: StorageState | None = None,
) -> Page:
    """A tab of that size and dress."""
    context = await browser.new_context(
        base_url=demo.console.url,
        viewport=size,
        color_scheme=scheme,
        storage_state=session,
        locale="en-GB",
        reduced_motion="reduce",
    )
    return await context.new_page()


async def take(page: Page, name: str) -> None:
    """One picture."""
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")


if __name__ == "__main__":
    sys.exit(main())
