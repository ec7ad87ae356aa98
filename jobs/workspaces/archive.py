"""A folder of a workspace as a zip file that is made while it is sent.

Nothing is kept but the piece in hand and the archive's table of contents, which is as long as there
are entries. What could not be put in is told by a file in the archive itself.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from jobs.workspaces.listing import Kind, kind_of
from jobs.workspaces.names import MAX_DEPTH, Parts, zip_name
from jobs.workspaces.opening import (
    OpenFile,
    Place,
    list_handle,
    look,
    open_folder,
    open_handle,
)
from jobs.workspaces.trouble import WorkspaceTrouble

MAX_ENTRIES: Final = 10_000
MAX_BYTES: Final = 1024 * 1024 * 1024
PIECE_BYTES: Final = 128 * 1024
LEFT_OUT: Final = "LEFT-OUT-BY-PODIUM.txt"
NOT_OURS: Final = "from-the-workspace-"  # before the name of an entry that could be taken for it
_MAX_REMARKS: Final = 1_000
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # no zip file tells an earlier time
_LATEST_YEAR: Final = 2107
_FOLDER_ATTRIBUTES: Final = 0o40755 << 16 | 0x10


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an archive may hold at most."""

    entries: int = MAX_ENTRIES
    size: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Measure:
    """What an archive would hold; counting ends where a bound is passed."""

    entries: int
    size: int
    bounds: Bounds

    @property
    def is_too_much(self) -> bool:
        """Whether a bound is passed."""
        return self.entries > self.bounds.entries or self.size > self.bounds.size


@dataclass(slots=True)
class _Walk:
    """What is met below a folder, and what of it was passed by."""

    shows_hidden: bool
    bounds: Bounds
    entries: int = 0
    hidden: int = 0
    is_full: bool = False
    remarks: list[str] = field(default_factory=list)

    def remark(self, parts: Parts, words: str) -> None:
        if len(self.remarks) < _MAX_REMARKS:
            self.remarks.append(f"{zip_name(parts)}: {words}")

    def below(self, folder: int, above: Parts = ()) -> Iterator[tuple[Parts, int]]:
        """Each folder and file with a handle that is good until the next one is asked for."""
        for name in self._names(folder, above):
            parts = (*above, name)
            try:
                handle = look(folder, name)
            except WorkspaceTrouble as error:
                self.remark(parts, str(error))
                continue
            try:
                kind = kind_of(os.fstat(handle).st_mode)
                if kind in {Kind.FILE, Kind.FOLDER}:
                    yield parts, handle
                else:
                    self.remark(parts, f"a {kind.value}, which is never followed or opened.")
                if kind is Kind.FOLDER and not self.is_full:
                    yield from self._within(handle, parts)
            finally:
                os.close(handle)

    def _within(self, handle: int, parts: Parts) -> Iterator[tuple[Parts, int]]:
        if len(parts) >= MAX_DEPTH:
            self.remark(parts, "folders lie too deep in each other.")
            return
        try:
            folder = list_handle(handle)
        except WorkspaceTrouble as error:
            self.remark(parts, str(error))
            return
        try:
            yield from self.below(folder, parts)
        finally:
            os.close(folder)

    def _names(self, folder: int, above: Parts) -> list[str]:
        """The names in a folder, in order, no more than there is room for."""
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") and not self.shows_hidden:
                        self.hidden += 1
                        continue
                    self.entries += 1
                    if self.entries > self.bounds.entries:
                        self.is_full = True
                        break
                    names.append(entry.name)
        except OSError as error:
            self.remark(above, f"cannot be listed: {error.strerror}.")
        return sorted(names)


def measured(
    place: Place, parts: Parts, *, shows_hidden: bool, bounds: Bounds | None = None
) -> Measure:
    """How much an archive of this folder would hold.

    Raises:
        WorkspaceTrouble: the folder cannot be shown.
    """
    bounds = bounds or Bounds()
    walk = _Walk(shows_hidden, bounds)
    size = 0
    with open_folder(place, parts) as folder:
        for _, handle in walk.below(folder):
            facts = os.fstat(handle)
            size += facts.st_size if kind_of(facts.st_mode) is Kind.FILE else 0
            if size > bounds.size:
                break
    return Measure(walk.entries, size, bounds)


def zipped(
    place: Place, parts: Parts, *, shows_hidden: bool, bounds: Bounds | None = None
) -> Generator[bytes, None, None]:
    """The pieces of an archive of this folder. Close it, or draw it to its end.

    Raises:
        WorkspaceTrouble: the folder cannot be shown.
    """
    bounds = bounds or Bounds()
    walk = _Walk(shows_hidden, bounds)
    room = bounds.size
    sink = _Sink()
    taken: set[str] = set()
    with (
        open_folder(place, parts) as folder,
        # What is here is compressed once and sent once: speed matters more than the last percent.
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for inner, handle in walk.below(folder):
            facts = os.fstat(handle)
            info = zipfile.ZipInfo(_free(_entry_name(inner, walk), taken), _time(facts.st_mtime))
            if kind_of(facts.st_mode) is Kind.FOLDER:
                info.filename += "/"
                info.external_attr = _FOLDER_ATTRIBUTES
                archive.writestr(info, b"")
                continue
            if facts.st_size > room:
                walk.remark(inner, "the archive has no room left for it.")
                continue
            try:
                file = open_handle(handle)
            except WorkspaceTrouble as error:
                walk.remark(inner, str(error))
                continue
            info.compress_type = zipfile.ZIP_DEFLATED
            with file, archive.open(info, "w") as entry:
                room -= file.size
                for piece in _pieces(file, inner, walk):
                    entry.write(piece)
                    yield from sink.drained()
            yield from sink.drained()
        if walk.is_full:
            walk.remark(parts, f"more than {bounds.entries:,} entries; what came after is missing.")
        if walk.remarks:
            archive.writestr(_free(LEFT_OUT, taken), "\n".join([*walk.remarks, ""]))
    yield from sink.drained()


def _pieces(file: OpenFile, inner: Parts, walk: _Walk) -> Iterator[bytes]:
    """The file as long as it was when it was opened."""
    at = 0
    while at < file.size:
        try:
            piece = file.read(at, min(PIECE_BYTES, file.size - at))
        except WorkspaceTrouble as error:
            walk.remark(inner, f"incomplete: {error}")
            return
        if not piece:
            break
        at += len(piece)
        yield piece
    if file.has_changed():
        walk.remark(inner, "was written to while it was read; it may not fit together.")


class _Sink:
    """Where the archive is written to: what was not drawn yet. It cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing to give back."""

    def drained(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        if pieces:
            yield b"".join(pieces)


def _entry_name(inner: Parts, walk: _Walk) -> str:
    """The path in the archive. What tells of what was left out is Podium's word alone."""
    name = zip_name(inner)
    # As a system sees it that knows no capitals and no full stop or space at a name's end.
    if name.split("/", 1)[0].rstrip(" .").casefold() != LEFT_OUT.casefold():
        return name
    if len(inner) == 1:
        walk.remark(inner, f"the workspace's own; here its name begins with {NOT_OURS}.")
    return f"{NOT_OURS}{name}"


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where another entry has it already."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    taken.add(free)
    return free


def _time(seconds: float) -> tuple[int, int, int, int, int, int]:
    try:
        at = datetime.fromtimestamp(seconds)  # noqa: DTZ006 - a zip file tells the time on the wall
    except (OverflowError, ValueError, OSError):
        return _EARLIEST
    if not _EARLIEST[0] <= at.year <= _LATEST_YEAR:
        return _EARLIEST
    return (at.year, at.month, at.day, at.hour, at.minute, at.second)
