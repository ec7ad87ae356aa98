"""Takes the pictures of this folder anew: a fresh installation, a small team, some work, Chromium.

    .venv/bin/python docs/pictures/take.py

Everything on them is real: the jobs ran on the bundled conductor while the pictures were taken.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import ARGUMENTS  # noqa: E402 - found by the line above
from tests.browser.console import Console, running_console  # noqa: E402
from tests.browser.network import Network  # noqa: E402

SIZE: Final = {"width": 1360, "height": 900}
PASSWORD: Final = "the seventh seal 7"  # noqa: S105 - of people who live as long as this script
PEOPLE: Final = {"mira": "Operator", "jonas": "Operator", "lena": "Auditor"}


def main() -> None:
    """One installation for all pictures."""
    with running_console() as console:
        groups = "".join(
            f"User.objects.create_user({name!r}, password={PASSWORD!r})"
            f".groups.add(Group.objects.get(name={group!r}));"
            for name, group in PEOPLE.items()
        )
        console.manage(
            "shell", "-c", f"from django.contrib.auth.models import Group, User;{groups}"
        )
        asyncio.run(visit(console))


async def visit(console: Console) -> None:
    """Do some work, then look at it by day and by night."""
    program = shutil.which("chromium") or shutil.which("google-chrome") or ""
    async with (
        Network(console.network_port, console.port),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        failed = await work(browser, console)
        for scheme in ("light", "dark"):
            await look(browser, console, scheme, failed)
        await browser.close()


async def enter(browser: Browser, console: Console, name: str, scheme: str = "light") -> Page:
    """A tab of somebody who is logged in."""
    context = await browser.new_context(
        base_url=console.url,
        viewport={"width": SIZE["width"], "height": SIZE["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = await context.new_page()
    await page.goto("/login/")
    await page.get_by_label("Username").fill(name)
    password = console.password if name == console.username else PASSWORD
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/")
    return page


async def submit(page: Page, sample: str, name: str, reason: str) -> str:
    """Submit a sample under another name; the address of the job's page."""
    await page.goto(f"/jobs/job/add/?sample={sample}")
    await page.get_by_label("Job name").fill(name)
    await page.get_by_label("Reason").fill(reason)
    await page.get_by_test_id("submit").click()
    await page.wait_for_url("**/change/")
    return page.url


async def act(page: Page, url: str, verb: str, reason: str) -> None:
    """Confirm a verb on a job's page."""
    await page.goto(url)
    await page.get_by_test_id(f"act-{verb}").click()
    await page.get_by_label("Reason").fill(reason)
    await page.locator("dialog button[type=submit]").click()
    await page.wait_for_url("**/change/")
    await page.get_by_test_id("messages").wait_for()


async def until(page: Page, url: str, status: str) -> None:
    """Stay on a job's page until it has that status."""
    await page.goto(url)
    await page.locator(f'#job-status [data-status="{status}"]').wait_for(timeout=120_000)


async def work(browser: Browser, console: Console) -> str:
    """A morning's work of two people; the page of a job that failed."""
    mira, jonas = await enter(browser, console, "mira"), await enter(browser, console, "jonas")
    report = await submit(mira, "report", "machine-report", "Monthly inventory")
    failed = await submit(jonas, "failing", "import-orders", "Orders of week 47")
    thumbnails = await submit(jonas, "incremental", "thumbnails", "New pictures from the shoot")
    paused = await submit(jonas, "long", "translate-manual", "Second edition")
    await until(mira, report, "completed")
    await until(jonas, thumbnails, "completed")
    await act(jonas, paused, "pause", "Make room for the release")
    await until(jonas, failed, "failed")
    await act(mira, failed, "resume", "Is the file there by now?")
    await until(mira, failed, "failed")
    retried = await submit(mira, "retry", "weekly-digest", "")
    await until(mira, retried, "completed")
    await submit(mira, "long", "nightly-index", "Index for the new search")
    await until(mira, await submit(jonas, "parallel", "prime-search", "Load test"), "completed")
    return failed


async def look(browser: Browser, console: Console, scheme: str, failed: str) -> None:
    """All pictures in one scheme."""
    page = await enter(browser, console, console.username, scheme)
    context: BrowserContext = page.context
    await take(page, "/", "overview", scheme)
    await take(page, "/jobs/job/", "jobs", scheme)
    await take(page, failed, "job-failed", scheme)
    await submit(page, "hello", f"greetings-{scheme}", "To see it run")
    await page.get_by_test_id("sheet-2-status").get_by_text("running").wait_for()
    await page.get_by_text("step 3 of 5").nth(1).wait_for()
    await page.screenshot(path=HERE / f"job-running-{scheme}.png")
    await take(page, "/jobs/job/add/?sample=report", "submit", scheme)
    await take(page, "/jobs/auditrecord/", "audit", scheme)
    await page.goto("/jobs/auditrecord/?verb=pause")
    record = await page.locator("#result_list .what a").first.get_attribute("href")
    await take(page, record or "/", "record", scheme)
    await context.close()
    stranger = await browser.new_context(
        base_url=console.url,
        viewport={"width": SIZE["width"], "height": SIZE["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    await take(await stranger.new_page(), "/login/", "login", scheme)
    await stranger.close()


async def take(page: Page, address: str, name: str, scheme: str) -> None:
    """One picture, once the page is live."""
    await page.goto(address)
    state = page.get_by_test_id("live-state")
    if await state.count():
        await page.locator('[data-testid="live-state"][data-state="live"]').wait_for()
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=HERE / f"{name}-{scheme}.png")


if __name__ == "__main__":
    main()
