"""Takes the pictures of docs/pictures: `make pictures`.

A console is started and filled with a team's ordinary afternoon (`demo.py`), then photographed in
light and dark, at the size of a laptop and of a phone.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import time
from typing import Literal

from playwright.async_api import (
    Browser,
    Page,
    StorageState,
    ViewportSize,
    async_playwright,
    expect,
)

from tests.browser.console import ROOT, running_console
from tests.browser.demo import Demo, prepared
from tests.browser.network import Network
from tests.browser.steps import log_in

FOLDER = ROOT / "docs" / "pictures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
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
    program = next(path for name in PROGRAMS if (path := shutil.which(name)))
    console = demo.console
    async with Network(console.network_port, console.port), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        session = await take_login(browser, demo)
        for scheme in ("light", "dark"):
            await take_laptop(browser, demo, session, scheme)
        await take_phone(browser, demo, session)
        await browser.close()


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
    await take_cancel(page, demo, scheme)
    await take_submit(page, scheme)
    await page.goto("/jobs/auditrecord/?verb=cancel&outcome=succeeded")
    await page.locator("#result_list tbody tr").first.get_by_role("link").first.click()
    await page.wait_for_url(re.compile("/change/"))
    await take(page, f"audit-record-{scheme}")
    await page.context.close()


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
    await page.context.close()


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
