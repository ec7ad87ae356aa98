"""Where jobs may work."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.actions.workspaces import workspace_for
from jobs.errors import ScoreError


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("first", "second"):
        (tmp_path.resolve() / name).mkdir()
    return tmp_path.resolve() / "first", tmp_path.resolve() / "second"


@pytest.mark.parametrize("asked", ["", "workspace", "./here", "~/home", "../../etc"])
def test_relative_workspace_becomes_a_folder_of_the_jobs_name(
    roots: tuple[Path, Path], asked: str
) -> None:
    assert workspace_for(asked, "nightly", roots) == roots[0] / "nightly"


def test_absolute_workspace_below_any_root_is_taken(roots: tuple[Path, Path]) -> None:
    asked = roots[1] / "a" / "b"
    assert workspace_for(str(asked), "nightly", roots) == asked


@pytest.mark.parametrize("where", ["/etc", "{root}", "{root}-beside/x", "{root}/../x", "/\0"])
def test_workspace_elsewhere_is_refused(roots: tuple[Path, Path], where: str) -> None:
    with pytest.raises(ScoreError) as caught:
        workspace_for(where.format(root=roots[0]), "nightly", roots)
    assert caught.value.findings[0].path == "workspace"


def test_symlink_out_of_the_roots_is_refused(roots: tuple[Path, Path], tmp_path: Path) -> None:
    (roots[0] / "out").symlink_to("/etc")
    with pytest.raises(ScoreError):
        workspace_for(f"{roots[0]}/out/x", "nightly", roots)
