"""Score files named by their path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobs.actions.score_paths import read_score
from jobs.errors import ScoreError

LIMIT = 1_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "scores"
    root.mkdir()
    (root / "nightly.yaml").write_text("name: nightly\n")
    return root


def refusal(path: str, root: Path) -> str:
    with pytest.raises(ScoreError) as caught:
        read_score(path, (root,), LIMIT)
    [finding] = caught.value.findings
    assert (finding.severity, finding.path, finding.origin) == ("error", "config_path", "podium")
    return str(finding.message)


def test_file_below_a_root_is_read_with_its_hash(root: Path) -> None:
    score = read_score(f"{root}/nightly.yaml", (root,), LIMIT)
    assert (score.content, score.file) == (b"name: nightly\n", root / "nightly.yaml")
    assert len(score.sha256) == 64


def test_dots_are_refused_before_they_are_followed(root: Path) -> None:
    assert "'..'" in refusal(f"{root}/sub/../nightly.yaml", root)


def test_relative_path_is_refused(root: Path) -> None:
    assert "start at the root" in refusal("nightly.yaml", root)


def test_path_outside_the_roots_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("name: x")
    assert "outside" in refusal(f"{tmp_path.resolve()}/other.yaml", root)


def test_whether_a_file_outside_exists_is_not_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "there.yaml").write_text("x")
    there, missing = f"{tmp_path.resolve()}/there.yaml", f"{tmp_path.resolve()}/missing.yaml"
    assert refusal(there, root) == refusal(missing, root)


def test_symlink_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("x")
    (root / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    assert "outside" in refusal(f"{root}/link.yaml", root)


def test_symlinked_folder_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.yaml").write_text("x")
    (root / "in").symlink_to(tmp_path / "out")
    assert "outside" in refusal(f"{root}/in/a.yaml", root)


def test_symlink_within_the_roots_is_sent_as_what_it_points_to(root: Path) -> None:
    (root / "alias.yaml").symlink_to(root / "nightly.yaml")
    assert read_score(f"{root}/alias.yaml", (root,), LIMIT).file == root / "nightly.yaml"


def test_symlinks_in_a_circle_are_refused(root: Path) -> None:
    (root / "a.yaml").symlink_to(root / "b.yaml")
    (root / "b.yaml").symlink_to(root / "a.yaml")
    assert refusal(f"{root}/a.yaml", root)


def test_missing_file_is_named(root: Path) -> None:
    assert f"no file {root}/absent.yaml" in refusal(f"{root}/absent.yaml", root)


@pytest.mark.parametrize("name", ["nightly.txt", "nightly", "nightly.yaml.bak", "nightly.YAML"])
def test_other_suffix_is_refused(root: Path, name: str) -> None:
    (root / name).write_text("x")
    assert ".yaml or .yml" in refusal(f"{root}/{name}", root)


def test_yaml_link_to_a_file_of_another_kind_is_refused(root: Path) -> None:
    (root / "notes.txt").write_text("x")
    (root / "notes.yaml").symlink_to(root / "notes.txt")
    assert ".yaml or .yml" in refusal(f"{root}/notes.yaml", root)


@pytest.mark.parametrize("stem", ["two words", "<b>bold</b>".replace("/", ""), "'quoted'", "-x"])
def test_name_that_no_job_may_have_is_refused(root: Path, stem: str) -> None:
    (root / f"{stem}.yaml").write_text("x")
    assert "named after its file" in refusal(f"{root}/{stem}.yaml", root)


@pytest.mark.parametrize("path", ["/a\0b.yaml", "/a\nb.yaml", "/" + "x" * 5_000 + ".yaml"])
def test_unprintable_or_endless_path_is_refused(root: Path, path: str) -> None:
    assert "unprintable" in refusal(path, root)


def test_name_longer_than_the_file_system_takes_is_refused(root: Path) -> None:
    assert refusal(f"{root}/{'x' * 500}.yaml", root)


def test_folder_is_not_a_score(root: Path) -> None:
    (root / "folder.yaml").mkdir()
    assert "not a file" in refusal(f"{root}/folder.yaml", root)


def test_fifo_is_refused_without_waiting_for_a_writer(root: Path) -> None:
    os.mkfifo(root / "pipe.yaml")
    assert "not a file" in refusal(f"{root}/pipe.yaml", root)


def test_one_byte_more_than_the_limit_is_read_at_most(root: Path) -> None:
    (root / "huge.yaml").write_bytes(b"x" * 5_000)
    assert len(read_score(f"{root}/huge.yaml", (root,), LIMIT).content) == LIMIT + 1
