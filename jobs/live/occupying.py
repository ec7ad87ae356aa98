"""One `manage.py up` for one PODIUM_HOME: a second would end the first one's conductor with it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_NAME: Final = "up.lock"
_MAX_BYTES: Final = 500


class HomeTaken(Exception):
    """Another one runs from this folder; the text says where it is to be found."""


@contextmanager
def occupied(home: Path, url: str) -> Iterator[None]:
    """Hold the folder for this process, until it ends in whatever way.

    Raises:
        HomeTaken: another process holds it.
    """
    fd = os.open(home / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = os.pread(fd, _MAX_BYTES, 0).decode("utf-8", "replace").strip()
            raise HomeTaken(
                f"Podium runs already from {home}: {where or 'it is just starting'}. End that one, "
                "or set PODIUM_HOME to another folder."
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{url}/ (pid {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(fd)
