"""Fixtures of the embedded conductor's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.process import EmbeddedProcess
from tests.services.folder import short_folder


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[EmbeddedProcess]:
    """A running conductor with a home of its own, which the test may kill."""
    with EmbeddedProcess(short_tmp / "home", "--grace", "0.2") as process:
        yield process


@pytest.fixture(scope="module")
def long_lived_conductor() -> Iterator[EmbeddedProcess]:
    """One process for all tests of a module."""
    with short_folder() as folder, EmbeddedProcess(folder / "home", "--grace", "0") as process:
        yield process


@pytest.fixture
def visited(long_lived_conductor: EmbeddedProcess, short_tmp: Path) -> Iterator[EmbeddedProcess]:
    """The module's conductor without a job, for tests that leave its process alone."""
    visitor = long_lived_conductor.visit(short_tmp / "visit")
    yield visitor
    visitor.leave()
