"""Fixtures of the embedded conductor's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.process import EmbeddedProcess


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[EmbeddedProcess]:
    """A running conductor with a home of its own."""
    with EmbeddedProcess(short_tmp / "home", "--grace", "0.2") as process:
        yield process
