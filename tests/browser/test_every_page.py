"""How the console's pages fit and look, and its error pages, without one complaint of the browser.

The `complaints` fixture fails a test for any console error, warning or violation of the policy.
"""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string
from playwright.async_api import Page, Route, ViewportSize, expect

from tests.browser.complaints import Complaints
from tests.browser.console import Console
from tests.browser.people import People
from tests.browser.scores import commands
from tests.browser.steps import expect_status, log_in, submit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# What is wider than its place: the page itself, or something that its card cuts off.
WIDER = """
() => [document.documentElement, ...document.querySelectorAll("main .card")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => `${box.tagName} ${box.id} ${box.className} by ${box.scrollWidth - box.clientWidth}`)
"""
SIZES: tuple[ViewportSize, ...] = (
    {"width": 1280, "height": 800},
    {"width": 390, "height": 844},
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_its_place(
    admin_page: Page, console: Console, scheme: str
) -> None:
    await submit(admin_page, commands(f"wide-{scheme}", f"echo {'long' * 200}", "exit 4"))
    await expect_status(admin_page, "failed")
    job = admin_page.url
    await admin_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for size in SIZES:
        await admin_page.set_viewport_size(size)
        for path in (
            "/",
            "/jobs/job/",
            "/jobs/job/add/?sample=report",
            job,
            job.replace("/change/", "/clear/"),
            "/jobs/auditrecord/",
            "/jobs/auditrecord/1/change/",
            "/jobs/score/",
            "/jobs/score/1/change/",
            "/jobs/conductor/",
            "/jobs/conductor/1/change/",
            "/auth/user/",
            "/auth/user/1/change/",
            "/auth/group/",
            "/password_change/",
        ):
            await admin_page.goto(path)
            assert await admin_page.evaluate(WIDER) == [], f"{path} at {size['width']} px"


async def brightness_of(page: Page) -> float:
    colour = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3


async def test_dark_is_dark_and_light_is_light(page: Page) -> None:
    brightness = {}
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await page.goto("/login/")
        brightness[scheme] = await brightness_of(page)
    assert brightness["light"] > 200
    assert brightness["dark"] < 60


async def test_what_one_chose_stays_whatever_the_system_has(admin_page: Page) -> None:
    await admin_page.emulate_media(color_scheme="light")
    for _ in range(3):
        if await admin_page.locator("html").get_attribute("data-theme") == "dark":
            break
        await admin_page.locator(".theme-toggle").first.click()
    assert await brightness_of(admin_page) < 60
    await admin_page.goto("/jobs/job/")
    assert await brightness_of(admin_page) < 60


async def test_an_address_that_is_none_has_a_page(admin_page: Page, complaints: Complaints) -> None:
    with complaints.allowing("status of 404"):
        answer = await admin_page.goto("/no/such/page/")
    assert answer
    assert answer.status == 404
    await expect(admin_page.get_by_test_id("not-found")).to_be_visible()


async def test_a_job_that_is_none_has_the_same_page(
    admin_page: Page, complaints: Complaints
) -> None:
    with complaints.allowing("status of 404"):
        answer = await admin_page.goto("/jobs/job/999999/change/")
    assert answer
    assert answer.status == 404
    await expect(admin_page.get_by_test_id("not-found")).to_be_visible()


async def test_what_one_may_not_see_has_a_page(
    page: Page, people: People, complaints: Complaints
) -> None:
    await log_in(page, people.viewer.username, people.viewer.password)
    with complaints.allowing("status of 403"):
        await page.goto("/jobs/job/add/")
    await expect(page.get_by_test_id("forbidden")).to_be_visible()


async def test_a_form_that_is_too_old_has_a_page(page: Page, complaints: Complaints) -> None:
    await page.goto("/login/")
    await page.context.clear_cookies()
    await page.get_by_label("Username").fill("admin")
    await page.get_by_label("Password").fill("irrelevant")
    with complaints.allowing("status of 403"):
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_test_id("csrf-failure")).to_be_visible()


async def test_a_request_for_a_foreign_host_has_a_page(
    page: Page, console: Console, complaints: Complaints
) -> None:
    with complaints.allowing("status of 400"):
        answer = await page.goto(f"http://elsewhere.localhost:{console.network_port}/")
    assert answer
    assert answer.status == 400
    await expect(page.get_by_role("heading")).to_contain_text("makes no sense")


async def test_a_breakdown_has_a_page(page: Page) -> None:
    login = await page.goto("/login/")
    assert login
    policy = login.headers["content-security-policy"]

    async def break_down(route: Route) -> None:
        await route.fulfill(
            status=200,  # as 500 the browser would complain of the answer itself
            body=render_to_string("500.html"),
            headers={"content-type": "text/html", "content-security-policy": policy},
        )

    await page.route("**/jobs/job/", break_down)
    await page.goto("/jobs/job/")
    await expect(page.get_by_role("heading")).to_contain_text("Something broke")
