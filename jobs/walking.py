"""The way to something below a root, on which no link that is put there meanwhile is followed.

Who runs jobs may write where Podium reads: make links, or swap a folder for one between two looks.
So each folder on the way is opened from the one above it, and what something is gets judged on the
open handle. A handle of this module opens nothing yet: a pipe's other end never learns of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MAX_PATH_BYTES: Final = 4_096
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_ROOT: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class LinkOnTheWay(Exception):
    """A symbolic link where a folder was."""


class NoFolderOnTheWay(Exception):
    """Something that is no folder, and has more of the way below it."""


def lying_below(path: str, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]] | None:
    """The root that a path is below once links are followed, and the names that lead to it."""
    try:
        if not path.startswith("/") or "\0" in path or len(os.fsencode(path)) > MAX_PATH_BYTES:
            return None
    except UnicodeEncodeError:
        return None
    real = Path(os.path.realpath(path))
    for root in roots:
        top = Path(os.path.realpath(root))
        if real != top and real.is_relative_to(top):
            return top, real.relative_to(top).parts
    return None


def opened_root(root: Path) -> int:
    """The handle from which one walks."""
    return os.open(root, _ROOT)


def step(folder: int, name: str) -> int:
    """The handle of the next thing on the way; closes that of the folder once it is there.

    Raises:
        LinkOnTheWay: what should be a folder is a link.
        NoFolderOnTheWay: it is no folder.
        OSError: what the system says.
    """
    mode = os.fstat(folder).st_mode
    if stat.S_ISLNK(mode):
        raise LinkOnTheWay
    if not stat.S_ISDIR(mode):
        raise NoFolderOnTheWay
    handle = os.open(name, _LOOK, dir_fd=folder)
    os.close(folder)
    return handle


def walked(root: Path, names: Sequence[str]) -> int:
    """The handle of what the names lead to.

    Raises:
        LinkOnTheWay, NoFolderOnTheWay, OSError: see `step`.
    """
    handle = opened_root(root)
    try:
        for name in names:
            handle = step(handle, name)
    except BaseException:
        os.close(handle)
        raise
    return handle
