"""What is in one folder of a workspace: a page of it, bounded however much there is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from jobs.workspaces.names import Parts
from jobs.workspaces.opening import Place, moment_of, open_folder
from jobs.workspaces.trouble import Cause, WorkspaceTrouble

ENTRIES_PER_PAGE: Final = 200
MAX_ENTRIES: Final = 50_000  # names that are read of one folder


class Kind(StrEnum):
    """What an entry is. Only folders and files are ever opened."""

    FOLDER = "folder"
    FILE = "file"
    LINK = "link"
    PIPE = "pipe"
    SOCKET = "socket"
    DEVICE = "device"
    UNKNOWN = "unknown"  # gone before it could be looked at


class Order(StrEnum):
    """What a listing goes by; folders come first in each."""

    NAME = "name"
    SIZE = "size"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder."""

    name: str
    kind: Kind
    size: int | None = None  # of a file
    modified_at: datetime | None = None
    target: str = ""  # of a link, as it is written there


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a folder's entries."""

    entries: tuple[Entry, ...]
    total: int  # entries on all pages
    page: int  # from 1
    pages: int
    hidden: int  # entries that are left out because they are hidden
    is_cut: bool  # there are more than were read: `total` is the number of those that were


def list_folder(
    place: Place,
    parts: Parts,
    *,
    shows_hidden: bool = False,
    order: Order = Order.NAME,
    descending: bool = False,
    page: int = 1,
) -> Listing:
    """A page of a folder of the workspace.

    Names are read as a stream. By name only those of the page are looked at more closely; by size
    or time all have to be.

    Raises:
        WorkspaceTrouble: the folder cannot be shown.
    """
    with open_folder(place, parts) as folder:
        try:
            found, hidden, is_cut = _names(folder, shows_hidden=shows_hidden)
        except OSError as error:
            raise WorkspaceTrouble(
                Cause.FAILED, f"It cannot be listed: {error.strerror}."
            ) from error
        if order is Order.NAME:
            found.sort(key=_by_name, reverse=descending)
            found.sort(key=_after_folders)
            entries = None
        else:
            entries = _sorted([_entry(folder, name) for name, _ in found], order, descending)
        pages = max(1, -(-len(found) // ENTRIES_PER_PAGE))
        page = min(max(1, page), pages)
        chosen = slice((page - 1) * ENTRIES_PER_PAGE, page * ENTRIES_PER_PAGE)
        shown = entries[chosen] if entries else [_entry(folder, name) for name, _ in found[chosen]]
    return Listing(tuple(shown), len(found), page, pages, hidden, is_cut)


def kind_of(mode: int) -> Kind:
    """What the mode of a `stat` says that something is."""
    for is_such, kind in _KINDS:
        if is_such(mode):
            return kind
    return Kind.DEVICE


_DIGITS: Final = re.compile("([0-9]+)")
_KINDS: Final[tuple[tuple[Callable[[int], bool], Kind], ...]] = (
    (stat.S_ISDIR, Kind.FOLDER),
    (stat.S_ISREG, Kind.FILE),
    (stat.S_ISLNK, Kind.LINK),
    (stat.S_ISFIFO, Kind.PIPE),
    (stat.S_ISSOCK, Kind.SOCKET),
)


def _names(folder: int, *, shows_hidden: bool) -> tuple[list[tuple[str, bool]], int, bool]:
    """Each name and whether it is a folder, how many were left out, and whether there are more."""
    found: list[tuple[str, bool]] = []
    hidden = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if len(found) + hidden >= MAX_ENTRIES:
                return found, hidden, True
            if entry.name.startswith(".") and not shows_hidden:
                hidden += 1
            else:
                found.append((entry.name, _is_folder(entry)))
    return found, hidden, False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _entry(folder: int, name: str) -> Entry:
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return Entry(name, Kind.UNKNOWN)
    kind = kind_of(facts.st_mode)
    return Entry(
        name,
        kind,
        facts.st_size if kind is Kind.FILE else None,
        moment_of(facts.st_mtime),
        _target(folder, name) if kind is Kind.LINK else "",
    )


def _target(folder: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return ""


def _by_name(found: tuple[str, bool]) -> tuple[list[str | int], str]:
    return _in_order(found[0])


def _in_order(name: str) -> tuple[list[str | int], str]:
    """What sorts `part-2` before `part-10`."""
    parts = _DIGITS.split(name.casefold())  # words and numbers take turns, so that like meets like
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


def _after_folders(found: tuple[str, bool]) -> bool:
    return not found[1]


def _sorted(entries: list[Entry], order: Order, descending: bool) -> list[Entry]:
    def rank(entry: Entry) -> Any:
        value = entry.size if order is Order.SIZE else entry.modified_at
        known = value is not None
        return (known, value if known else 0)

    entries.sort(key=lambda entry: _in_order(entry.name))
    entries.sort(key=rank, reverse=descending)
    entries.sort(key=lambda entry: entry.kind is not Kind.FOLDER)
    return entries
