"""The browser tests' own eyes: what they claim to notice, they notice."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Route

from tests.browser.complaints import Complaints
from tests.waiting import eventually

pytestmark = pytest.mark.browser

PAGE = "http://127.0.0.1/page"


async def visit(browser: Browser, body: str, policy: str = "") -> Complaints:
    """What Chromium complains about on a page that never leaves it."""
    complaints = Complaints()
    context = await browser.new_context()
    await complaints.watch(context)

    async def answer(route: Route) -> None:
        headers = {"content-security-policy": policy} if policy else {}
        await route.fulfill(body=body, content_type="text/html", headers=headers)

    await context.route("**/*", answer)
    page = await context.new_page()
    await page.goto(PAGE)
    await page.evaluate("new Promise(requestAnimationFrame)")
    return complaints


async def test_an_inline_script_under_a_strict_policy_is_noticed(browser: Browser) -> None:
    found = await visit(browser, "<script>let a = 1</script>", "default-src 'self'")
    await eventually(lambda: any("policy violation: script-src" in text for text in found.found))


async def test_an_inline_style_under_a_strict_policy_is_noticed(browser: Browser) -> None:
    found = await visit(browser, '<p style="color: red">a</p>', "default-src 'self'")
    await eventually(lambda: any("policy violation: style-src" in text for text in found.found))


async def test_an_uncaught_error_is_noticed(browser: Browser) -> None:
    found = await visit(browser, "<script>throw new Error('moon')</script>")
    await eventually(lambda: any("moon" in text for text in found.found))


async def test_a_clean_page_brings_no_complaint(browser: Browser) -> None:
    found = await visit(browser, "<!doctype html><title>a</title><p>b</p>", "default-src 'self'")
    assert found.found == []
