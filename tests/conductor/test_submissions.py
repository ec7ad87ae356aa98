"""Scores given as text become files that last, readable only to their owner."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from jobs.conductor import Submissions, is_job_name


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_score_is_kept_under_the_job_s_name_for_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = Submissions(tmp_path / "kept").keep("nightly", "text: \N{SNOWMAN}\n")
    finally:
        os.umask(old)
    assert path.name == "nightly.yaml"
    assert path.read_text(encoding="utf-8") == "text: \N{SNOWMAN}\n"
    assert (mode(path), mode(path.parent), mode(tmp_path / "kept")) == (0o600, 0o700, 0o700)


def test_same_name_again_leaves_the_first_as_it_is(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path)
    first, second = submissions.keep("x", "one"), submissions.keep("x", "two")
    assert first != second
    assert first.read_text() == "one"


def test_folder_that_others_could_write_to_is_closed_first(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    Submissions(tmp_path).keep("x", "one")
    assert mode(tmp_path) & 0o077 & ~0o050 == 0


def test_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError):
        Submissions(tmp_path / "link").keep("x", "one")


def test_shared_group_may_read_and_nobody_may_write(tmp_path: Path) -> None:
    path = Submissions(tmp_path / "kept", group=os.getgid()).keep("x", "one")
    assert (mode(path), mode(path.parent), mode(tmp_path / "kept")) == (0o640, 0o750, 0o750)
    assert path.stat().st_gid == os.getgid()


def test_score_that_could_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            Submissions(tmp_path).keep("x", "one" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_discard_takes_out_its_own_and_nothing_else(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path / "kept")
    path, other = submissions.keep("x", "one"), submissions.keep("x", "two")
    stranger = tmp_path / "else" / "x.yaml"
    stranger.parent.mkdir()
    stranger.touch()
    submissions.discard(path)
    submissions.discard(stranger)
    assert not path.parent.exists()
    assert other.exists()
    assert stranger.exists()


@pytest.mark.parametrize(
    "name", ["", ".x", "../x", "a/b", "a b", "a\n", "x" * 101, "\N{SNOWMAN}", "a\0", "-x"]
)
def test_name_that_would_leave_the_folder_or_confuse_is_refused(name: str, tmp_path: Path) -> None:
    assert not is_job_name(name)
    with pytest.raises(ValueError, match="name of a job"):
        Submissions(tmp_path).keep(name, "x")
    assert list(tmp_path.iterdir()) == []


def test_default_folder_is_the_user_s_and_outlives_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = Submissions().keep("x", "one")
    assert path.parent.parent == tmp_path / "podium" / "submissions"
