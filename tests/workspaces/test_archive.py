"""A folder as a zip file that is made while it is sent."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from jobs.workspaces import Bounds, Cause, Place, WorkspaceTrouble, measured, zipped
from jobs.workspaces import archive as archive_module
from tests.workspaces.handles import open_handles


def unpacked(
    place: Place, parts: tuple[str, ...] = (), *, shows_hidden: bool = False, **bounds: int
) -> dict[str, bytes]:
    pieces = zipped(place, parts, shows_hidden=shows_hidden, bounds=Bounds(**bounds))
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_files_and_folders_are_in_it(place: Place, work: Path) -> None:
    (work / "a" / "b").mkdir(parents=True)
    (work / "a" / "b" / "c.txt").write_text("deep")
    (work / "x.txt").write_text("flat")
    assert unpacked(place) == {"a/": b"", "a/b/": b"", "a/b/c.txt": b"deep", "x.txt": b"flat"}
    assert unpacked(place, ("a", "b")) == {"c.txt": b"deep"}


def test_hidden_ones_are_left_out_unless_they_are_asked_for(place: Place, work: Path) -> None:
    (work / ".env").write_text("KEY")
    (work / ".git").mkdir()
    (work / ".git" / "config").write_text("x")
    assert unpacked(place) == {}
    assert set(unpacked(place, shows_hidden=True)) == {".env", ".git/", ".git/config"}


def test_links_and_pipes_are_left_out_and_that_is_told_in_it(
    place: Place, work: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("no")
    (work / "out").symlink_to(tmp_path / "secret")
    (work / "folder").symlink_to(tmp_path)
    (work / "circle").symlink_to(".")
    os.mkfifo(work / "pipe")
    found = unpacked(place)
    assert list(found) == [archive_module.LEFT_OUT]
    told = found[archive_module.LEFT_OUT].decode()
    assert "out: a link" in told
    assert "circle: a link" in told
    assert "pipe: a pipe" in told


def test_no_file_of_the_workspace_passes_for_what_podium_tells(place: Place, work: Path) -> None:
    (work / "LEFT-OUT-BY-PODIUM.txt").write_text("nothing was left out")
    (work / "left-out-by-podium.TXT. ").mkdir()
    (work / "left-out-by-podium.TXT. " / "x").write_text("1")
    found = unpacked(place)
    assert found.pop(f"{archive_module.NOT_OURS}LEFT-OUT-BY-PODIUM.txt") == b"nothing was left out"
    told = found.pop(archive_module.LEFT_OUT).decode()
    assert told.count("the workspace's own") == 2
    assert len(found) == 2
    assert all(name.startswith(archive_module.NOT_OURS) for name in found)


def test_names_that_nobody_could_unpack_are_written_out(place: Place, work: Path) -> None:
    Path(os.fsdecode(os.fsencode(work) + b"/caf\xe9\n")).write_text("1")
    (work / "a\\evil").write_text("2")
    (work / "caf%E9%0A").write_text("3")
    found = unpacked(place)
    assert found["caf%E9%0A"] in {b"1", b"3"}
    assert found["caf%E9%0A (2)"] in {b"1", b"3"}
    assert found["a%5Cevil"] == b"2"


def test_a_bound_is_noticed_before_anything_is_sent(place: Place, work: Path) -> None:
    for number in range(5):
        (work / str(number)).write_bytes(b"x" * 100)
    assert not measured(place, (), shows_hidden=False).is_too_much
    assert measured(place, (), shows_hidden=False, bounds=Bounds(entries=4)).is_too_much
    assert measured(place, (), shows_hidden=False, bounds=Bounds(size=499)).is_too_much
    assert not measured(place, (), shows_hidden=False, bounds=Bounds(5, 500)).is_too_much


def test_what_grows_past_a_bound_meanwhile_is_left_out_and_told(place: Place, work: Path) -> None:
    for name in "abcd":
        (work / name).write_bytes(name.encode() * 100)
    found = unpacked(place, size=250)
    assert set(found) == {"a", "b", archive_module.LEFT_OUT}
    assert b"no room left" in found[archive_module.LEFT_OUT]
    found = unpacked(place, entries=2)
    assert len(found) == 3
    assert b"more than 2 entries" in found[archive_module.LEFT_OUT]


def test_only_a_piece_of_a_large_file_is_ever_held(place: Place, work: Path) -> None:
    (work / "large").write_bytes(os.urandom(3_000_000))
    pieces = list(zipped(place, (), shows_hidden=False))
    assert len(pieces) > 20
    assert max(map(len, pieces)) < 2 * archive_module.PIECE_BYTES


def test_a_file_that_is_written_to_meanwhile_is_told(place: Place, work: Path) -> None:
    (work / "log").write_bytes(os.urandom(400_000))
    pieces = zipped(place, (), shows_hidden=False)
    data = next(pieces)
    with (work / "log").open("ab") as log:
        log.write(b"more")
    data += b"".join(pieces)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.read("log")) == 400_000
        assert b"written to" in archive.read(archive_module.LEFT_OUT)


def test_stopping_in_the_middle_leaves_no_handle_open(place: Place, work: Path) -> None:
    (work / "a").mkdir()
    (work / "a" / "large").write_bytes(os.urandom(600_000))
    before = open_handles()
    pieces = zipped(place, (), shows_hidden=False)
    next(pieces)
    assert open_handles() > before
    pieces.close()
    assert open_handles() == before


def test_a_workspace_that_is_gone_is_told(place: Place, work: Path) -> None:
    work.rmdir()
    with pytest.raises(WorkspaceTrouble) as caught:
        measured(place, (), shows_hidden=False)
    assert caught.value.cause is Cause.GONE


def test_times_that_a_zip_file_cannot_tell_are_the_earliest(place: Place, work: Path) -> None:
    (work / "old").write_text("x")
    os.utime(work / "old", (0, 0))
    data = b"".join(zipped(place, (), shows_hidden=False))
    assert zipfile.ZipFile(io.BytesIO(data)).infolist()[0].date_time[0] == 1980
