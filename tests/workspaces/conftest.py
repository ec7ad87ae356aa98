"""A root with one workspace in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.workspaces import Place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspaces"
    folder.mkdir()
    return folder


@pytest.fixture
def work(root: Path) -> Path:
    folder = root / "nightly"
    folder.mkdir()
    return folder


@pytest.fixture
def place(root: Path, work: Path) -> Place:
    return Place.of(str(work), [root])
