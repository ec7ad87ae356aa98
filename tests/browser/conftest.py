"""A console, a wire to it, and Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import chromium_path, running_chromium
from tests.browser.complaints import Complaints
from tests.browser.console import Console, running_console
from tests.browser.network import Network
from tests.browser.people import People, make_people
from tests.browser.shared_loop import LOOP_SCOPE, fixture_on_shared_loop
from tests.strictness import watching_tasks
from tests.waiting import patience

ACTION_S = 15.0

expect.set_options(timeout=patience(ACTION_S) * 1000)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Put the tests of this package on one event loop, that of their one Chromium."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope=LOOP_SCOPE), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure, say what the console said and what it knew."""
    report = yield
    console = getattr(item, "funcargs", {}).get("console")
    if report.failed and isinstance(console, Console) and console.home.is_dir():
        report.sections.append(("what manage.py up said", console.output[-4_000:]))
        report.sections.append(("its last events", "\n".join(console.events(20))))
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    if path := chromium_path():
        return path
    pytest.skip("Chromium is not installed on this machine.")


@pytest.fixture(scope="package")
def console(chromium: str) -> Iterator[Console]:
    """An installation that all browser tests share."""
    with running_console() as running:
        yield running


@pytest.fixture(scope="package")
def people(console: Console) -> People:
    """Somebody for each group that comes with Podium."""
    return make_people(console)


@pytest.fixture(scope="package")
def token(console: Console) -> str:
    """A bearer token of the administrator."""
    return console.manage("token", "create", console.username, "--name", "tests").split()[-1]


@fixture_on_shared_loop()
async def api(console: Console, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program that acts for the administrator, past the network that can be cut."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=console.direct_url, headers=headers, timeout=patience(ACTION_S)
    ) as client:
        yield client


@fixture_on_shared_loop()
async def network(console: Console) -> AsyncIterator[Network]:
    """The wire between browser and console."""
    assert console.process.poll() is None, f"manage.py up has ended:\n{console.output}"
    async with Network(console.network_port, console.port) as wire:
        yield wire


@fixture_on_shared_loop(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Chromium without a window, shared by the tests: each has profiles of its own in it."""
    async with running_chromium(chromium) as running:
        yield running


@fixture_on_shared_loop()
async def _task_watch() -> AsyncIterator[None]:
    async with watching_tasks():
        yield


@fixture_on_shared_loop()
async def complaints() -> AsyncIterator[Complaints]:
    """What the browser complained about; anything left at the end fails the test."""
    collected = Complaints()
    yield collected
    assert collected.found == []


@fixture_on_shared_loop()
async def context(
    console: Console, network: Network, browser: Browser, complaints: Complaints
) -> AsyncIterator[BrowserContext]:
    """A browser profile of its own, with everything it complains about collected."""
    fresh = await browser.new_context(
        base_url=console.url, viewport={"width": 1280, "height": 800}, locale="en-GB"
    )
    fresh.set_default_timeout(patience(ACTION_S) * 1000)
    await complaints.watch(fresh)
    yield fresh
    for used in browser.contexts:  # those of other people in the test, too
        await used.close()


@fixture_on_shared_loop()
async def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return await context.new_page()


@pytest.fixture(scope="package")
def admin_cookies(console: Console) -> dict[str, str]:
    """A session of the administrator; a login of its own for each test would take a second."""
    with httpx.Client(base_url=console.direct_url, timeout=patience(ACTION_S)) as client:
        client.get("/login/")
        form = {
            "username": console.username,
            "password": console.password,
            "csrfmiddlewaretoken": client.cookies["podium_csrf"],
        }
        answer = client.post("/login/", data=form, headers={"Origin": console.url})
        assert answer.status_code == 302
        return dict(client.cookies)


@fixture_on_shared_loop()
async def admin_page(page: Page, console: Console, admin_cookies: dict[str, str]) -> Page:
    """A tab on the overview, logged in as the first administrator."""
    await page.context.add_cookies(
        [
            {"name": name, "value": value, "url": console.url}
            for name, value in admin_cookies.items()
        ]
    )
    await page.goto("/")
    return page
