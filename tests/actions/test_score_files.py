"""The files that submits send."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.actions import score_files
from jobs.actions.score_files import Readers, readers_for
from jobs.registry.models import Conductor


def test_file_is_private_and_named_after_the_job(tmp_path: Path) -> None:
    path = score_files.place_for(tmp_path / "submissions", uuid4(), "nightly")
    score_files.write(path, b"name: nightly", Readers())
    assert (path.name, path.read_bytes()) == ("nightly.yaml", b"name: nightly")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_shared_group_may_read_and_nobody_else(tmp_path: Path) -> None:
    path = score_files.place_for(tmp_path, uuid4(), "nightly")
    score_files.write(path, b"x", Readers(group=os.getegid()))
    assert (path.stat().st_mode & 0o777, path.stat().st_gid) == (0o640, os.getegid())
    assert path.parent.stat().st_mode & 0o777 == 0o750
    assert path.parent.parent.stat().st_mode & 0o777 == 0o711


def test_file_is_never_overwritten(tmp_path: Path) -> None:
    path = score_files.place_for(tmp_path, uuid4(), "nightly")
    score_files.write(path, b"first", Readers())
    with pytest.raises(FileExistsError):
        score_files.write(path, b"second", Readers())
    assert path.read_bytes() == b"first"


def test_discarded_file_leaves_nothing(tmp_path: Path) -> None:
    path = score_files.place_for(tmp_path, uuid4(), "nightly")
    score_files.write(path, b"x", Readers())
    score_files.discard(path)
    assert list(tmp_path.iterdir()) == []


def test_conductor_of_our_own_user_reads_private_files(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(short_tmp / "c.sock"))
        conductor = Conductor(kind=Conductor.Kind.REAL, socket_path=str(short_tmp / "c.sock"))
        assert readers_for(conductor) == Readers()


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Conductor:
    """A conductor of user 4242 and our own group."""
    conductor = Conductor(kind=Conductor.Kind.REAL, socket_path="/c.sock")
    facts = os.stat_result((0o140660, 0, 0, 0, 4_242, os.getegid(), 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda *_: facts)
    return conductor


def test_conductor_of_another_user_is_written_for_through_a_shared_group(
    foreign: Conductor,
) -> None:
    assert readers_for(foreign) == Readers(group=os.getegid())


def test_conductor_of_another_user_and_group_cannot_be_written_for(
    foreign: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getegid", lambda: 4_243)
    monkeypatch.setattr(os, "getgroups", lambda: [])
    assert readers_for(foreign) is None
