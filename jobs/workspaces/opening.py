"""Opening what is in a workspace, and nothing else, whatever is put in the way meanwhile.

Who runs jobs may write in their workspaces: make links, swap a folder for a link between two looks,
leave pipes and devices. So each folder on the way is opened from the one above it and no link is
followed; what something is gets judged on the open handle, before it is read.
"""

from __future__ import annotations

import errno
import os
import stat
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from jobs import walking
from jobs.workspaces.names import Parts, is_hidden
from jobs.workspaces.trouble import Cause, WorkspaceTrouble

# O_PATH opens nothing yet: a pipe's other end and a device never learn of it.
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_EARLIEST_S: Final = -62_000_000_000
_LATEST_S: Final = 253_000_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace as its conductor names it, and the folders that may be shown."""

    path: str
    roots: tuple[Path, ...]
    may_be_hidden: bool = False

    @classmethod
    def of(cls, path: str, roots: Sequence[Path], *, may_be_hidden: bool = False) -> Self:
        """The workspace `path`, if it lies below one of `roots` once links are followed.

        With a dot folder on the way from that root it is opened where it `may_be_hidden` only:
        whoever submits chooses the workspace.
        """
        return cls(path, tuple(roots), may_be_hidden)


class OpenFile:
    """A regular file that is open; closing it is its owner's task.

    Without an owner, as when a download is dropped before it began, it closes by itself.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._closing = weakref.finalize(self, os.close, descriptor)
        self._closing.atexit = False
        self._before = os.fstat(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the handle back; once is enough, twice does no harm."""
        self._descriptor = -1
        self._closing()

    @property
    def size(self) -> int:
        """In bytes, when it was opened."""
        return self._before.st_size

    @property
    def modified_at(self) -> datetime | None:
        """When it was written last, as of opening."""
        return moment_of(self._before.st_mtime)

    def has_changed(self) -> bool:
        """Whether somebody has written to it since it was opened."""
        now = os.fstat(self._descriptor)
        before = self._before
        return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)

    def read(self, start: int, most: int) -> bytes:
        """Up to `most` bytes from `start` on; fewer at its end.

        Raises:
            WorkspaceTrouble: the disk does not give them.
        """
        parts: list[bytes] = []
        try:
            while most > 0 and (part := os.pread(self._descriptor, most, start)):
                parts.append(part)
                start += len(part)
                most -= len(part)
        except OSError as error:
            raise WorkspaceTrouble(Cause.FAILED, f"It cannot be read: {error.strerror}.") from error
        return b"".join(parts)


def open_file(place: Place, parts: Parts) -> OpenFile:
    """A regular file of the workspace.

    Raises:
        WorkspaceTrouble: see `Cause`.
    """
    handle = _walked(place, parts)
    try:
        return open_handle(handle)
    finally:
        os.close(handle)


def open_handle(handle: int) -> OpenFile:
    """The file behind a handle of `look`, for reading.

    Raises:
        WorkspaceTrouble: it is no regular file, or may not be read.
    """
    mode = os.fstat(handle).st_mode
    if stat.S_ISLNK(mode):
        raise WorkspaceTrouble(Cause.LINK, "It is a symbolic link; links are not followed.")
    if not stat.S_ISREG(mode):
        raise WorkspaceTrouble(Cause.NO_FILE, "It is not a regular file.")
    with _told("It"):
        # The one way to read what a handle stands for, whatever has its name by now.
        return OpenFile(os.open(f"/proc/self/fd/{handle}", _READ))


@contextmanager
def open_folder(place: Place, parts: Parts) -> Iterator[int]:
    """A folder of the workspace, as a handle that can be listed.

    Raises:
        WorkspaceTrouble: see `Cause`.
    """
    handle = _walked(place, parts)
    try:
        folder = list_handle(handle)
    finally:
        os.close(handle)
    try:
        yield folder
    finally:
        os.close(folder)


def list_handle(handle: int) -> int:
    """The folder behind a handle of `look`, for listing.

    Raises:
        WorkspaceTrouble: it is no folder, or may not be listed.
    """
    mode = os.fstat(handle).st_mode
    if stat.S_ISLNK(mode):
        raise WorkspaceTrouble(Cause.LINK, "It is a symbolic link; links are not followed.")
    if not stat.S_ISDIR(mode):
        raise WorkspaceTrouble(Cause.NO_FOLDER, "It is not a folder.")
    with _told("It"):
        return os.open(".", _LIST, dir_fd=handle)


def look(folder: int, name: str) -> int:
    """A handle of what is called so in a folder, without opening it; a link stands for itself.

    Raises:
        WorkspaceTrouble: there is no such thing, or it may not be looked at.
    """
    with _told("It"):
        return os.open(name, _LOOK, dir_fd=folder)


def moment_of(seconds: float) -> datetime | None:
    """A time of the disk; None where no calendar has it."""
    if not _EARLIEST_S < seconds < _LATEST_S:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC)


def _walked(place: Place, parts: Parts) -> int:
    """A handle of what the path leads to, link by link from its root."""
    root, above = _lying_below(place)
    with _told("The workspace", Cause.GONE):
        handle = walking.opened_root(root)
    try:
        for name in above:
            handle = _step(handle, name, is_within=False)
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            raise WorkspaceTrouble(Cause.GONE, "The workspace is not a folder (any more).")
        for name in parts:
            handle = _step(handle, name, is_within=True)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _step(folder: int, name: str, *, is_within: bool) -> int:
    """The handle of the next thing on the way; gives that of the folder back once it is there."""
    noun, missing = ("It", Cause.MISSING) if is_within else ("The workspace", Cause.GONE)
    try:
        with _told(noun, missing):
            return walking.step(folder, name)
    except walking.LinkOnTheWay as error:
        words = "A symbolic link is on the way; it is not followed."
        raise WorkspaceTrouble(Cause.LINK, words) from error
    except walking.NoFolderOnTheWay as error:
        words = "Something on the way is not a folder."
        raise WorkspaceTrouble(Cause.NO_FOLDER, words) from error


def _lying_below(place: Place) -> tuple[Path, Parts]:
    """The root that the workspace lies below once links are followed, and the way from there."""
    found = walking.lying_below(place.path, place.roots)
    if found is None:
        words = "The workspace is not below a folder that Podium may show."
        raise WorkspaceTrouble(Cause.OUTSIDE, words)
    if is_hidden(found[1]) and not place.may_be_hidden:
        words = (
            "The workspace is a folder whose name begins with a dot, or lies in one. "
            "Such folders often hold keys and settings."
        )
        raise WorkspaceTrouble(Cause.HIDDEN, words)
    return found


@contextmanager
def _told(noun: str, missing: Cause = Cause.MISSING) -> Iterator[None]:
    """What the system says, in words for the reader."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise WorkspaceTrouble(missing, f"{noun} is not there (any more).") from error
    except PermissionError as error:
        words = f"{noun} may not be read by the system user that Podium runs as."
        raise WorkspaceTrouble(Cause.FORBIDDEN, words) from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise WorkspaceTrouble(missing, "No file has a name as long as this.") from error
        raise WorkspaceTrouble(Cause.FAILED, f"{noun}: {error.strerror}.") from error
