"""What a log is read from: a file that others write, or the bytes that a conductor reported."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from jobs import walking

WITNESS_BYTES: Final = 64
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Cause(StrEnum):
    """Why a log cannot be read."""

    MISSING = "missing"
    FORBIDDEN = "forbidden"
    OUTSIDE = "outside"  # of the folders that may be read
    NO_FILE = "no_file"  # a folder, a pipe, a device
    FAILED = "failed"


class LogUnavailable(Exception):
    """A log that cannot be read, with the cause."""

    def __init__(self, cause: Cause, words: str) -> None:
        super().__init__(words)
        self.cause = cause


class Source(Protocol):
    """Bytes that may grow."""

    @property
    def size(self) -> int:
        """How many there were when it was opened."""

    @property
    def identity(self) -> str:
        """What tells this file from another that takes its name."""

    def read(self, start: int, end: int) -> bytes:
        """The bytes between two places, fewer where the log has become shorter."""


class Bytes:
    """A log that is in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """Their number."""
        return len(self.data)

    @property
    def identity(self) -> str:
        """Of their own, for they may be other ones the next time."""
        return hashlib.blake2b(self.data, digest_size=8).hexdigest()

    def read(self, start: int, end: int) -> bytes:
        """The bytes between two places."""
        return self.data[max(0, start) : max(0, end)]


class LogFile:
    """An open file; what it is called now, or who else opens it, makes no difference any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        facts = os.fstat(descriptor)
        self._size = facts.st_size
        self.key = (facts.st_dev, facts.st_ino)

    @property
    def size(self) -> int:
        """In bytes, when it was opened."""
        return self._size

    @property
    def identity(self) -> str:
        """Device and inode."""
        return f"{self.key[0]:x}-{self.key[1]:x}"

    def read(self, start: int, end: int) -> bytes:
        """The bytes between two places, no further than its size when it was opened.

        Raises:
            LogUnavailable: the disk does not give them.
        """
        start, end = max(0, start), min(end, self._size)
        parts: list[bytes] = []
        try:
            while start < end:
                part = os.pread(self._descriptor, end - start, start)
                if not part:
                    break
                parts.append(part)
                start += len(part)
        except OSError as error:
            raise LogUnavailable(Cause.FAILED, f"{error.strerror}.") from error
        return parts[0] if len(parts) == 1 else b"".join(parts)


@contextmanager
def open_log(path: str, roots: Sequence[Path]) -> Iterator[LogFile]:
    """A regular file below one of these folders, wherever symbolic links may lead.

    What was judged to be below a root is what is opened: see `jobs.walking`.

    Raises:
        LogUnavailable: see `Cause`.
    """
    descriptor = _opened(path, roots)
    try:
        yield LogFile(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: str, roots: Sequence[Path]) -> int:
    place = walking.lying_below(path, roots)
    if place is None:
        words = "It is outside the folders that Podium may read."
        raise LogUnavailable(Cause.OUTSIDE, words)
    try:
        handle = walking.walked(*place)
        try:
            return _readable(handle)
        finally:
            os.close(handle)
    except (FileNotFoundError, walking.NoFolderOnTheWay) as error:
        raise LogUnavailable(Cause.MISSING, "There is no such file.") from error
    except PermissionError as error:
        words = "Podium's system user may not read it."
        raise LogUnavailable(Cause.FORBIDDEN, words) from error
    except walking.LinkOnTheWay as error:
        words = "A symbolic link is on the way; it is not followed."
        raise LogUnavailable(Cause.FAILED, words) from error
    except OSError as error:
        raise LogUnavailable(Cause.FAILED, f"{error.strerror}.") from error


def _readable(handle: int) -> int:
    """A regular file behind a handle that only stands for it."""
    mode = os.fstat(handle).st_mode
    if stat.S_ISLNK(mode):
        raise walking.LinkOnTheWay
    if not stat.S_ISREG(mode):
        raise LogUnavailable(Cause.NO_FILE, "It is not a regular file.")
    # The one way to read what a handle stands for, whatever has its name by now.
    return os.open(f"/proc/self/fd/{handle}", _FILE)


def witness(source: Source, end: int, key: bytes) -> str:
    """A mark of the bytes before a place, by which one knows later whether they are still there.

    Keyed, so that nobody can guess hidden bytes by it.
    """
    data = source.read(max(0, end - WITNESS_BYTES), end)
    text = f"{source.identity}.{end}.".encode()
    return hmac.new(key, text + data, hashlib.sha256).hexdigest()[:24]
