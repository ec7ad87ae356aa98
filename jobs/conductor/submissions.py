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
        folder = self._own_folder() / uuid.uuid4().hex
        folder.mkdir(mode=0o700)
        path = folder / f"{name}.yaml"
        try:
            self._write(path, content.encode())
            self._share(folder, 0o750)
        except BaseException:
            self.discard(path)
            raise
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
        self._share(self._folder, 0o750)
        return self._folder

    def _write(self, path: Path, body: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        self._share(path, 0o640)
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)

    def _share(self, path: Path, mode: int) -> None:
        if self._group is not None:
            os.chown(path, -1, self._group)
            path.chmod(mode)


def _default_folder() -> Path:
    """A folder of this user that outlives the process, and where there is a home also a reboot."""
    state = os.environ.get("XDG_STATE_HOME")
    if state and Path(state).is_absolute():
        return Path(state) / "podium" / "submissions"
    try:
        return Path.home() / ".local" / "state" / "podium" / "submissions"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"podium-submissions-{os.geteuid()}"
