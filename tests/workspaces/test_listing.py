"""A page of a folder, however much lies in it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jobs.workspaces import Kind, Order, Place, list_folder, open_file, parts_of, quoted
from jobs.workspaces import listing as listing_module
from tests.waiting import patience


def names(place: Place, **options: object) -> list[str]:
    return [entry.name for entry in list_folder(place, (), **options).entries]  # type: ignore[arg-type]


def test_folders_come_first_and_names_without_regard_to_case(place: Place, work: Path) -> None:
    for name in ("b.txt", "A.txt", "c.txt"):
        (work / name).write_text("x")
    (work / "z").mkdir()
    assert names(place) == ["z", "A.txt", "b.txt", "c.txt"]
    assert names(place, descending=True) == ["z", "c.txt", "b.txt", "A.txt"]


def test_sorted_by_size_and_by_time(place: Place, work: Path) -> None:
    for number, name in enumerate(("late", "big", "old")):
        (work / name).write_bytes(b"x" * (100 if name == "big" else number))
        os.utime(work / name, (1_000 - number, 1_000 - number))
    (work / "sub").mkdir()
    assert names(place, order=Order.SIZE, descending=True) == ["sub", "big", "old", "late"]
    assert names(place, order=Order.TIME) == ["sub", "old", "big", "late"]


def test_numbers_in_names_are_sorted_as_numbers(place: Place, work: Path) -> None:
    wanted = ["1", "a", "Part-2.md", "part-10.md", "part-٣.md", "x" + "9" * 200]
    for name in reversed(wanted):
        (work / name).write_text("")
    assert names(place) == wanted


def test_hidden_ones_are_left_out_and_counted(place: Place, work: Path) -> None:
    (work / ".env").write_text("KEY=1")
    (work / "x").write_text("")
    assert names(place) == ["x"]
    assert list_folder(place, ()).hidden == 1
    assert names(place, shows_hidden=True) == [".env", "x"]


def test_each_kind_is_named_and_a_link_shows_where_it_leads(place: Place, work: Path) -> None:
    os.mkfifo(work / "pipe")
    (work / "link").symlink_to("../../etc/passwd")
    found = {entry.name: entry for entry in list_folder(place, ()).entries}
    assert found["pipe"].kind is Kind.PIPE
    assert found["link"].kind is Kind.LINK
    assert found["link"].target == "../../etc/passwd"
    assert found["link"].size is None


def test_a_name_of_any_bytes_is_listed_and_can_be_asked_for(place: Place, work: Path) -> None:
    raw = b"caf\xe9\n<b>\xff.txt"
    Path(os.fsdecode(os.fsencode(work) + b"/" + raw)).write_text("here")
    (entry,) = list_folder(place, ()).entries
    assert os.fsencode(entry.name) == raw
    assert quoted((entry.name,)) == "caf%E9%0A%3Cb%3E%FF.txt"
    with open_file(place, parts_of(entry.name)) as file:
        assert file.read(0, 9) == b"here"


def test_ten_thousand_files_in_one_folder_stay_quick(place: Place, work: Path) -> None:
    for number in range(10_000):
        os.close(os.open(work / f"sheet-{number:05}.log", os.O_CREAT | os.O_WRONLY, 0o600))
    for order in Order:
        began = time.process_time()
        listing = list_folder(place, (), order=order, page=3)
        assert time.process_time() - began < patience(0.5)
        assert (listing.total, listing.pages, listing.page) == (10_000, 50, 3)
        assert len(listing.entries) == 200
        assert not listing.is_cut
    assert list_folder(place, (), page=3).entries[0].name == "sheet-00400.log"
    assert list_folder(place, (), page=900).page == 50


def test_a_folder_without_end_is_cut_and_says_so(
    place: Place, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_module, "MAX_ENTRIES", 5)
    for number in range(8):
        (work / str(number)).write_text("")
    listing = list_folder(place, ())
    assert listing.is_cut
    assert listing.total == 5
    (work / "sub").mkdir()
    for number in range(5):
        (work / "sub" / str(number)).write_text("")
    assert not list_folder(place, ("sub",)).is_cut


def test_an_entry_that_goes_while_it_is_listed_is_shown_without_facts(
    place: Place, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "x").write_text("")
    read = listing_module._names

    def read_then_remove(folder: int, *, shows_hidden: bool) -> object:
        found = read(folder, shows_hidden=shows_hidden)
        (work / "x").unlink()
        return found

    monkeypatch.setattr(listing_module, "_names", read_then_remove)
    (entry,) = list_folder(place, ()).entries
    assert entry.kind is Kind.UNKNOWN
    assert entry.size is None


def test_a_time_that_no_calendar_has_is_none(place: Place, work: Path) -> None:
    (work / "x").write_text("")
    os.utime(work / "x", (2**40, 2**40))
    (entry,) = list_folder(place, ()).entries
    assert entry.modified_at is None or entry.modified_at.year < 9_999
