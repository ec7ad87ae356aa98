"""What every test is held to, as a pytest plugin.

- With CI=true a skipped test is a failed one: there nothing may be missing.
- A task that a test leaves running on its event loop fails that test.
- A test that touches the database gets the mark `database`, and one marked
  `vendor("sqlite")` or `vendor("postgresql")` is only chosen there.
- A pass that follows another one fails when that one did.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager

import pytest

from tests.waiting import patience

_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
_GRACE_S = 2.0


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks that this plugin sets and reads."""
    config.addinivalue_line("markers", "database: touches Django's database (set by itself)")
    config.addinivalue_line("markers", "vendor(name): makes sense only on this database")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that touch the database; leave out those meant for another one."""
    vendor = "postgresql" if os.environ.get("TEST_DATABASE_URL") else "sqlite"
    others = []
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & _DATABASE_FIXTURES:
            item.add_marker("database")
        mark = item.get_closest_marker("vendor")
        if mark and mark.args[0] != vendor:
            others.append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure on CI."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _on_ci():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI=true: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into an error on CI."""
    report = yield
    if report.skipped and _on_ci():
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, and CI=true: {_reason(report.longrepr)}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail when the pass before this one did."""
    if os.environ.get("PODIUM_EARLIER_PASS") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a pass without a failed test fails all the same."""
    if earlier := os.environ.get("PODIUM_EARLIER_PASS"):
        terminalreporter.section("failed before this pass", red=True)
        terminalreporter.write_line(f"Tests failed {earlier}; their report stands above.")


@pytest.fixture(autouse=True)
def _no_leaked_task(request: pytest.FixtureRequest) -> None:
    """Ask for the check first, so that it is torn down after all that the test itself uses."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_task_watch")


@pytest.fixture
async def _task_watch() -> AsyncIterator[None]:
    async with watching_tasks():
        yield


@asynccontextmanager
async def watching_tasks() -> AsyncIterator[None]:
    """Fail when a task that began in the block runs on after it."""
    earlier = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - earlier - {asyncio.current_task()}
    if leaked:
        # Closed transports take a turn or two of the loop to end their handlers.
        _, leaked = await asyncio.wait(leaked, timeout=patience(_GRACE_S))
    if leaked:
        names = ", ".join(sorted(f"{task.get_name()} ({task.get_coro()})" for task in leaked))
        pytest.fail(f"tasks still running at the end of the test: {names}")


def _on_ci() -> bool:
    return os.environ.get("CI") == "true"


def _reason(longrepr: object) -> str:
    return str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
