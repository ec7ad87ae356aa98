"""A configured conductor that is not there, comes, dies in the middle of a job, and comes back."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.complaints import Complaints
from tests.browser.console import ROOT, Console, end, running_console
from tests.browser.scores import Gates, commands, gated
from tests.browser.shared_loop import fixture_on_shared_loop
from tests.browser.steps import (
    JOB_PAGE,
    expect_live,
    expect_sheet,
    expect_status,
    log_in,
    submit,
    workspace,
)
from tests.services.folder import short_folder

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# A conductor is looked for anew after a pause that grows to 5 s.
NOTICED_MS = 30_000


class Daemon:
    """A conductor that belongs to nobody's `manage.py up`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.socket_path = home / "marianne.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have it run."""
        if self._process is None:
            command = [sys.executable, "-m", "jobs.embedded"]
            command += ["--home", str(self._home), "--socket", str(self.socket_path)]
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def end(self) -> None:
        """End it in good order."""
        if self._process is not None:
            end(self._process)
            self._process = None


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """Not started yet."""
    with short_folder("cond-") as home:
        running = Daemon(home)
        yield running
        running.end()


@pytest.fixture(scope="module")
def console(chromium: str, daemon: Daemon) -> Iterator[Console]:
    """An installation of its own that was told of this conductor."""
    with running_console(PODIUM_CONDUCTOR=str(daemon.socket_path)) as running:
        yield running


@fixture_on_shared_loop()
async def admin_page(page: Page, console: Console) -> Page:
    """A tab on the overview."""
    await log_in(page, console.username, console.password)
    return page


async def test_a_conductor_that_is_not_there_is_said_to_be_and_a_submit_fails_truthfully(
    admin_page: Page, daemon: Daemon, complaints: Complaints
) -> None:
    daemon.end()
    health = admin_page.get_by_test_id("conductor-health")
    await expect(health).to_contain_text("not reachable", timeout=NOTICED_MS)
    await expect(health).to_contain_text(str(daemon.socket_path))
    await admin_page.goto("/jobs/job/add/")
    text = commands("in-vain", "echo hello")
    await admin_page.get_by_label("Score, as YAML").fill(text)
    with complaints.allowing("status of 503"):
        await admin_page.get_by_test_id("submit").click()
        error = admin_page.get_by_test_id("submit-error")
        await expect(error).to_contain_text("failed")
    await expect(admin_page.get_by_label("Score, as YAML")).to_have_value(text)
    await admin_page.goto("/jobs/auditrecord/?verb=submit")
    await expect(admin_page.locator("#result_list tbody tr").first).to_contain_text("failed")


async def test_a_conductor_that_comes_is_noticed_without_a_reload_and_works(
    admin_page: Page, daemon: Daemon
) -> None:
    await expect_live(admin_page)
    daemon.start()
    health = admin_page.get_by_test_id("conductor-health")
    await expect(health.locator('[data-status="reachable"]')).to_be_visible(timeout=NOTICED_MS)
    await submit(admin_page, commands("works-now", "echo hello", sheets=2))
    await expect_sheet(admin_page, 2, "completed")
    await expect_status(admin_page, "completed")


async def test_a_job_survives_the_death_of_its_conductor_and_the_page_says_what_it_knows(
    admin_page: Page, console: Console, daemon: Daemon
) -> None:
    daemon.start()
    await admin_page.goto("/jobs/job/add/")
    await admin_page.get_by_label("Score, as YAML").fill(gated("orphaned"))
    await expect(admin_page.get_by_test_id("judgement")).to_contain_text("Ready to submit")
    await admin_page.get_by_test_id("submit").click()
    await admin_page.wait_for_url(JOB_PAGE)
    await expect_sheet(admin_page, 1, "running")
    daemon.kill()
    note = admin_page.get_by_test_id("stale-note")
    await expect(note).to_contain_text("the last that was heard", timeout=NOTICED_MS)
    Gates(workspace(console, "orphaned")).open(1, 2)
    daemon.start()
    await expect(note).to_have_count(0, timeout=NOTICED_MS)
    await expect_status(admin_page, "completed")
