"""Whatever lies in a workspace, nothing outside it is ever opened."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from jobs.workspaces import Cause, Place, WorkspaceTrouble, list_folder, open_file, parts_of
from jobs.workspaces import opening as opening_module
from tests.workspaces.handles import open_handles


def cause_of(place: Place, path: str) -> Cause:
    with pytest.raises(WorkspaceTrouble) as caught:
        open_file(place, parts_of(path)).close()
    return caught.value.cause


def test_a_file_is_read_from_the_middle(place: Place, work: Path) -> None:
    (work / "a").mkdir()
    (work / "a" / "b.txt").write_bytes(b"0123456789")
    with open_file(place, ("a", "b.txt")) as file:
        assert file.size == 10
        assert file.read(3, 4) == b"3456"
        assert not file.has_changed()


@pytest.mark.parametrize(
    "path", ["..", "../other/x", "a/../../x", ".", "a/./b", "x\0y", "a/" * 65, "x" * 5_000]
)
def test_a_path_that_leads_nowhere_or_upwards_is_none(path: str) -> None:
    with pytest.raises(WorkspaceTrouble) as caught:
        parts_of(path)
    assert caught.value.cause is Cause.BAD_PATH


def test_an_absolute_path_is_taken_from_the_workspace(place: Place, work: Path) -> None:
    assert parts_of("/etc/passwd") == ("etc", "passwd")
    assert cause_of(place, "/etc/passwd") is Cause.MISSING


def test_links_are_not_followed_wherever_they_lead(
    place: Place, work: Path, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("no")
    (work / "inside.txt").write_text("x")
    (work / "out").symlink_to(tmp_path / "secret")
    (work / "up").symlink_to("..")
    (work / "here").symlink_to("inside.txt")
    (work / "circle").symlink_to("circle")
    (work / "folder").symlink_to(tmp_path)
    assert cause_of(place, "out") is Cause.LINK
    assert cause_of(place, "here") is Cause.LINK
    assert cause_of(place, "circle") is Cause.LINK
    assert cause_of(place, "up/nightly/inside.txt") is Cause.LINK
    assert cause_of(place, "folder/secret") is Cause.LINK
    assert cause_of(place, "circle/x") is Cause.LINK
    with pytest.raises(WorkspaceTrouble) as caught:
        list_folder(place, ("folder",))
    assert caught.value.cause is Cause.LINK


def test_a_workspace_that_is_a_link_out_of_the_roots_is_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("no")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    assert cause_of(Place.of(str(root / "link"), [root]), "x") is Cause.OUTSIDE


def test_a_workspace_that_is_a_link_within_the_roots_is_shown(root: Path, work: Path) -> None:
    (work / "x").write_text("yes")
    (root / "link").symlink_to(work)
    with open_file(Place.of(str(root / "link"), [root]), ("x",)) as file:
        assert file.read(0, 10) == b"yes"


@pytest.mark.parametrize(
    "path", ["", "relative", "/", "/etc", "/nul\0l", "/lone\ud800", "/" * 5_000]
)
def test_other_workspaces_are_outside(root: Path, path: str) -> None:
    assert cause_of(Place.of(path, [root]), "passwd") is Cause.OUTSIDE


def test_the_root_itself_is_no_workspace(root: Path) -> None:
    (root / "x").write_text("no")
    assert cause_of(Place.of(str(root), [root]), "x") is Cause.OUTSIDE


def test_a_folder_swapped_for_a_link_between_two_looks_is_not_followed(
    root: Path, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workspace is judged by its real path; then its parent becomes a link elsewhere."""
    inner = root / "team" / "nightly"
    inner.mkdir(parents=True)
    (inner / "x").write_text("yes")
    outside = tmp_path / "outside" / "nightly"
    outside.mkdir(parents=True)
    (outside / "x").write_text("no")
    judge = opening_module._lying_below

    def judge_then_swap(place: Place) -> object:
        found = judge(place)
        (root / "team").rename(root / "was")
        (root / "team").symlink_to(tmp_path / "outside")
        return found

    monkeypatch.setattr(opening_module, "_lying_below", judge_then_swap)
    assert cause_of(Place.of(str(inner), [root]), "x") is Cause.LINK


def test_a_folder_that_is_swapped_all_the_time_never_leads_out(
    place: Place, work: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("no")
    (work / "real").mkdir()
    (work / "real" / "x").write_text("yes")
    (work / "fake").symlink_to(outside)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for name in ("real", "fake"):
                (work / name).rename(work / "now")
                (work / "now").rename(work / name)

    swapping = threading.Thread(target=swap)
    swapping.start()
    read = set()
    causes = set()
    try:
        for _ in range(3_000):
            try:
                with open_file(place, ("now", "x")) as file:
                    read.add(file.read(0, 10))
            except WorkspaceTrouble as error:
                causes.add(error.cause)
    finally:
        over.set()
        swapping.join()
    assert b"no" not in read
    assert causes <= {Cause.LINK, Cause.MISSING}


def test_pipes_sockets_and_devices_are_never_opened(
    place: Place, work: Path, short_tmp: Path
) -> None:
    os.mkfifo(work / "pipe")
    (work / "sub").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short_tmp / "s"))
        (short_tmp / "s").rename(work / "socket")
        assert cause_of(place, "pipe") is Cause.NO_FILE
        assert cause_of(place, "socket") is Cause.NO_FILE
        assert cause_of(place, "sub") is Cause.NO_FILE
        assert cause_of(place, "pipe/x") is Cause.NO_FOLDER
    # Nobody has the reading end: a writer that does not wait is refused.
    with pytest.raises(OSError, match="No such device"):
        os.open(work / "pipe", os.O_WRONLY | os.O_NONBLOCK)


@pytest.mark.root
def test_what_may_not_be_read_is_said_to_be_so(place: Place, work: Path) -> None:
    (work / "locked").write_text("x")
    (work / "locked").chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65_534)
    try:
        assert cause_of(place, "locked") is Cause.FORBIDDEN
    finally:
        if is_root:
            os.seteuid(0)


def test_a_refusal_of_the_system_is_told_as_one(
    place: Place, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "x").write_text("x")

    def refuse(*_args: object, **_fields: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(opening_module, "open_handle", lambda handle: refuse())
    with pytest.raises(PermissionError):
        open_file(place, ("x",))
    monkeypatch.undo()
    monkeypatch.setattr("jobs.workspaces.opening.os.open", refuse)
    assert cause_of(place, "x") is Cause.FORBIDDEN


def test_a_workspace_that_is_gone_is_told_from_a_file_that_is(place: Place, work: Path) -> None:
    assert cause_of(place, "x") is Cause.MISSING
    assert cause_of(place, "x" * 300) is Cause.MISSING
    work.rmdir()
    assert cause_of(place, "x") is Cause.GONE
    work.write_text("a file now")
    assert cause_of(place, "x") is Cause.GONE


def test_a_file_that_is_written_to_meanwhile_has_changed(place: Place, work: Path) -> None:
    (work / "log").write_text("one\n")
    with open_file(place, ("log",)) as file, (work / "log").open("a") as log:
        log.write("two\n")
        log.flush()
        assert file.has_changed()
        assert file.size == 4


def test_no_handle_is_left_open_whatever_happens(place: Place, work: Path) -> None:
    (work / "x").write_text("x")
    (work / "link").symlink_to("x")
    (work / "sub").mkdir()
    before = open_handles()
    for path in ("x", "link", "none", "sub", "x/y", "link/y", "sub/y"):
        with suppress(WorkspaceTrouble):
            open_file(place, parts_of(path)).close()
        with suppress(WorkspaceTrouble):
            list_folder(place, parts_of(path))
    assert open_handles() == before
