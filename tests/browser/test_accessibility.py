"""Every page of the console opened, and put before axe-core: by day at a desk, by night on a phone.

The `complaints` fixture fails a test for any console error, warning or violation of the policy.
"""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.addresses import pages
from tests.browser.axe import faults
from tests.browser.console import Console
from tests.browser.scores import commands
from tests.browser.steps import expect_status, submit, submit_gated

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LOOKS: dict[str, tuple[bool, ViewportSize]] = {
    "desk": (False, {"width": 1280, "height": 800}),
    "night": (True, {"width": 390, "height": 844}),
}
# Swagger's own markup, shipped by django-ninja, is not ours to mend.
NOT_OURS = ("/api/docs",)


async def faults_of(page: Page, paths: list[str]) -> str:
    """A line for each fault of these pages; empty without any."""
    found: list[str] = []
    for path in paths:
        answer = await page.goto(path)
        assert answer
        assert answer.status == 200, f"{path} answered {answer.status}"
        if path in NOT_OURS:
            await expect(page.locator("#swagger-ui")).to_be_visible()
            continue
        await expect(page.get_by_role("main")).to_be_visible()
        await expect(page.locator('[data-part][data-state="waiting"]')).to_have_count(0)
        found += [f"{path}: {fault}" for fault in await faults(page)]
    return "\n".join(found)


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_opens_cleanly_and_axe_finds_nothing(
    admin_page: Page, console: Console, look: str
) -> None:
    await submit(admin_page, commands(f"seen-{look}", "echo done", "exit 3"))
    await expect_status(admin_page, "failed")
    failed = int(re.findall(r"/job/(\d+)/", admin_page.url)[0])
    gates = await submit_gated(admin_page, console, f"seen-running-{look}")
    running = int(re.findall(r"/job/(\d+)/", admin_page.url)[0])
    is_dark, size = LOOKS[look]
    await admin_page.emulate_media(
        color_scheme="dark" if is_dark else "light", reduced_motion="reduce"
    )
    await admin_page.set_viewport_size(size)
    of_running = await pages(admin_page, {"jobs/job": running})
    of_failed = [f"/jobs/job/{failed}/{tab}/" for tab in ("change", "sheets", "log", "recover")]
    assert len(of_running) > 15, of_running
    assert await faults_of(admin_page, [*of_running, *of_failed]) == ""
    gates.open(1, 2)


async def test_axe_finds_nothing_on_lists_with_the_longest_of_names(
    admin_page: Page, api: httpx.AsyncClient
) -> None:
    score = {"score_content": commands("longest", "exit 3"), "name": "a" * 100}
    answer = await api.post("/api/jobs", json=score)
    await admin_page.goto(f"/jobs/job/{answer.json()['job']['id']}/change/")
    await expect_status(admin_page, "failed")
    assert await faults_of(admin_page, ["/", "/jobs/job/", "/attention/"]) == ""


async def test_axe_finds_nothing_on_the_login_page(page: Page) -> None:
    assert await faults_of(page, ["/login/"]) == ""
