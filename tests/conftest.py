"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.folder import short_folder

pytest_plugins = ["tests.strictness", "tests.services.fixtures", "tests.append_only"]


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A new folder whose path is short enough for a Unix socket in it."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(autouse=True)
def _denials_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test's first denial is recorded: users of different tests have the same keys."""
    from jobs.access.denials import Denials
    from jobs.actions import permission

    monkeypatch.setattr(permission, "_denials", Denials())
