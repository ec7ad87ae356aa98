"""Which files are read at all, and what becomes of them while they are."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.logs import Cause, LogUnavailable, open_log, witness
from tests.workspaces.handles import open_handles


def cause_of(path: Path | str, *roots: Path) -> Cause:
    with pytest.raises(LogUnavailable) as caught, open_log(str(path), roots):
        pass
    return caught.value.cause


def test_a_file_below_a_root_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.log").write_bytes(b"hello")
    with open_log(str(tmp_path / "a" / "x.log"), [tmp_path]) as log:
        assert (log.size, log.read(1, 3)) == (5, b"el")


@pytest.mark.parametrize("name", ["../x.log", "root/../../x.log", "root", "x.log"])
def test_a_file_elsewhere_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "x.log").write_bytes(b"hello")
    assert cause_of(tmp_path / name, tmp_path / "root") == Cause.OUTSIDE


def test_a_link_that_leads_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_bytes(b"hello")
    (tmp_path / "root" / "x.log").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "up").symlink_to(tmp_path)
    assert cause_of(tmp_path / "root" / "x.log", tmp_path / "root") == Cause.OUTSIDE
    assert cause_of(tmp_path / "root" / "up" / "secret", tmp_path / "root") == Cause.OUTSIDE


def test_a_link_that_stays_below_the_root_is_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "root")
    (tmp_path / "root" / "x.log").write_bytes(b"hello")
    with open_log(str(tmp_path / "link" / "x.log"), [tmp_path / "link"]) as log:
        assert log.size == 5


def test_a_link_that_is_put_there_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_bytes(b"hello")
    (tmp_path / "root" / "x.log").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(os.path, "realpath", os.fspath)  # the look, before the link was put there
    assert cause_of(tmp_path / "root" / "x.log", tmp_path / "root") == Cause.FAILED


def test_a_folder_that_is_swapped_for_a_link_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.log").write_bytes(b"hello")
    (tmp_path / "root" / "a").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(os.path, "realpath", os.fspath)
    before = open_handles()
    assert cause_of(tmp_path / "root" / "a" / "x.log", tmp_path / "root") == Cause.FAILED
    assert open_handles() == before


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "folder.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    assert cause_of(tmp_path / "folder.log", tmp_path) == Cause.NO_FILE
    assert cause_of(tmp_path / "pipe.log", tmp_path) == Cause.NO_FILE


@pytest.mark.parametrize("name", ["x.log", "gone/x.log"])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    assert cause_of(tmp_path / name, tmp_path) == Cause.MISSING


@pytest.mark.parametrize("path", ["", "x.log", "/a\0b", "/" + "x" * 5_000, "/\ud800"])
def test_a_path_that_is_none_is_outside(tmp_path: Path, path: str) -> None:
    assert cause_of(path, tmp_path) == Cause.OUTSIDE


def test_a_file_that_may_not_be_read_is_said_to_be_so(short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    (short_tmp / "x.log").touch(mode=0o000)
    with without_root():
        assert cause_of(short_tmp / "x.log", short_tmp) == Cause.FORBIDDEN


@contextmanager
def without_root() -> Iterator[None]:
    """As nobody where the tests run as root, who may read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(before)


def test_an_open_log_can_be_deleted_and_truncated(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"hello world")
    with open_log(str(path), [tmp_path]) as log:
        os.truncate(path, 3)
        assert log.read(0, 11) == b"hel"
        path.unlink()
        assert log.read(0, 11) == b"hel"


def test_a_rotated_file_has_another_identity_and_witness(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"hello\n")
    with open_log(str(path), [tmp_path]) as old:
        path.rename(tmp_path / "x.log.1")
        path.write_bytes(b"hello\n")
        with open_log(str(path), [tmp_path]) as new:
            assert new.identity != old.identity
            assert witness(new, 6, b"key") != witness(old, 6, b"key")


def test_a_witness_outlasts_growth_and_no_rewriting(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"hello\n")
    with open_log(str(path), [tmp_path]) as log:
        seen = witness(log, 6, b"key")
    with path.open("ab") as file:
        file.write(b"more\n")
    with open_log(str(path), [tmp_path]) as log:
        assert witness(log, 6, b"key") == seen
    path.write_bytes(b"HELLO\nmore\n")
    with open_log(str(path), [tmp_path]) as log:
        assert witness(log, 6, b"key") != seen
