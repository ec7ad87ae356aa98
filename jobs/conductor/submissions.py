"""Scores that were given as text, kept as files for as long as their jobs may be resumed.

The conductor reads the file again on resume and names the job after it, so the file has the
job's name, stands in a folder of its own, and is never written again.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import uuid
from pathlib import Path

from jobs.terms import JOB_NAME_PATTERN

_NAME = re.compile(JOB_NAME_PATTERN)


def is_job_name(name: str) -> bool:
    """Whether a job may have this name; it becomes the name of a file."""
    return _NAME.fullmatch(name) is not None


def write_once(path: Path, content: bytes, *, group: int | None = None) -> None:
    """Write a score into a new folder of its own, and see both on the disk; all of it or nothing.

    For its owner alone, or with `group` (a gid) for that group's members to read.

    Raises:
        OSError: not written; also when the folder exists, for nothing is ever overwritten.
    """
    folder = path.parent
    folder.mkdir(mode=0o700)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _share(path, 0o640, group)
        _share(folder, 0o750, group)
        for changed in (folder, folder.parent):
            _sync(changed)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _share(path: Path, mode: int, group: int | None) -> None:
    if group is not None:
        os.chown(path, -1, group)
        path.chmod(mode)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Submissions:
    """A private folder of score files.

    With a `group` (a gid) the files are 0640 and its, for a conductor that runs as another user;
    without, they are 0600.
    """

    def __init__(self, folder: Path | None = None, *, group: int | None = None) -> None:
        self._folder = folder
        self._group = group

    def keep(self, name: str, content: str) -> Path:
        """Write a score once, durably, as `<folder>/<uuid>/<name>.yaml`.

        Raises:
            ValueError: `name` is no job name.
            OSError: it cannot be written, or the folder is not ours alone.
        """
        if not is_job_name(name):
            raise ValueError(f"{name[:100]!r} cannot be the name of a job.")
        path = self._own_folder() / uuid.uuid4().hex / f"{name}.yaml"
        write_once(path, content.encode(), group=self._group)
        return path

    def discard(self, path: Path) -> None:
        """Take out a score that no conductor has any use for."""
        if path.parent.parent == self._folder:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = _default_folder()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self._folder.lstat()
        others = stat.S_IWOTH if self._group is not None else stat.S_IRWXO | stat.S_IWGRP
        if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
            raise PermissionError(f"The folder {self._folder} for submissions is not ours.")
        if found.st_mode & others:
            self._folder.chmod(stat.S_IMODE(found.st_mode) & ~others)
        _share(self._folder, 0o750, self._group)
        return self._folder


def _default_folder() -> Path:
    """A folder of this user that outlives the process, and where there is a home also a reboot."""
    state = os.environ.get("XDG_STATE_HOME")
    if state and Path(state).is_absolute():
        return Path(state) / "podium" / "submissions"
    try:
        return Path.home() / ".local" / "state" / "podium" / "submissions"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"podium-submissions-{os.geteuid()}"
