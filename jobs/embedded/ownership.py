"""Who owns a home and its socket: the one conductor that holds the lock."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import time
from pathlib import Path

from jobs.embedded.paths import SOCKET_PATH_BYTES, Home, ensure_private_folder

PROBE_S = 2.0
CLAIM_S = 0.5  # `owner_of` holds the lock for an instant; a conductor holds it for good
MAX_SOCKET_PATH = SOCKET_PATH_BYTES + 7  # what the kernel takes, without its closing zero


class AlreadyOwned(RuntimeError):
    """Another conductor lives here; `pid` is its process when it says so."""

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class Ownership:
    """The lock on a home, held until `release` or the end of the process."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._fd = -1

    def claim(self) -> None:
        """Take the lock.

        Raises:
            AlreadyOwned: a live conductor holds it.
        """
        self._home.prepare()
        fd = os.open(self._home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up_at = time.monotonic() + CLAIM_S
        while not _locked(fd, fcntl.LOCK_EX):
            if time.monotonic() > give_up_at:
                pid = _pid_in(fd)
                os.close(fd)
                whose = "another conductor" if pid is None else f"the conductor with pid {pid}"
                raise AlreadyOwned(f"{self._home.folder} belongs to {whose}.", pid)
            time.sleep(0.02)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def prepare_socket(self, path: Path) -> None:
        """Make room for our socket; a stale one is removed, which only the lock's holder may do.

        Raises:
            AlreadyOwned: a conductor of another home listens there.
            OSError: the path cannot be used.
        """
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            raise OSError(errno.ENAMETOOLONG, "The socket's path is too long", str(path))
        if not path.parent.is_dir():
            ensure_private_folder(path.parent)
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise FileExistsError(errno.EEXIST, "Something that is no socket is there", str(path))
        if _is_answered(path):
            raise AlreadyOwned(f"Another conductor listens on {path}.")
        path.unlink()

    def note_socket(self, path: Path) -> None:
        """Write down which socket is in use; whole or not at all."""
        note = self._home.socket_note
        draft = note.with_name(f".{note.name}.{os.getpid()}")
        draft.write_text(f"{path}\n", "utf-8")
        draft.replace(note)

    def release(self) -> None:
        """Let the next conductor in."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def owner_of(home: Home) -> int | None:
    """The pid of the live conductor of a home, None when there is none."""
    try:
        fd = os.open(home.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _locked(fd, fcntl.LOCK_SH) else _pid_in(fd)
    finally:
        os.close(fd)


def _locked(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(fd: int) -> int | None:
    text = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else None


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # a full backlog, or not ours to reach: alive in any case
    return True
