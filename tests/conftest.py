"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.folder import short_folder

# A shell's background job ignores Ctrl-C, and so would every process that a test starts and ends.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.strictness", "tests.services.fixtures", "tests.append_only"]


def pytest_collection_finish() -> None:
    """Let no collection of garbage go through what is there to stay: half a second each."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A new folder whose path is short enough for a Unix socket in it."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(autouse=True)
def _denials_are_due(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test's first denial is recorded: users of different tests have the same keys."""
    from jobs.access.denials import Denials
    from jobs.actions import denied

    monkeypatch.setattr(denied, "_denials", Denials())
    yield
    denied.stop_tending()  # what is counted in a test is not written into the next one's log
