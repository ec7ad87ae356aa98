"""Where an embedded conductor keeps its things, and where its socket is."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOCKET_PATH_BYTES = 100  # the kernel takes 107 and a zero; a little is left for a caller's suffix


class UnsafeFolder(RuntimeError):
    """A folder that should be ours alone belongs to somebody else or is open to others."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one embedded conductor (`PODIUM_HOME`)."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Held for as long as a conductor lives; holds its pid."""
        return self.folder / "conductor.lock"

    @property
    def socket_note(self) -> Path:
        """Names the socket that is in use."""
        return self.folder / "conductor.path"

    @property
    def state(self) -> Path:
        """The conductor's own folder: nobody else writes there."""
        return self.folder / "conductor"

    @property
    def database(self) -> Path:
        """The checkpoint."""
        return self.state / "state.db"

    @property
    def runs(self) -> Path:
        """One folder per run, with its scripts and logs."""
        return self.state / "runs"

    @property
    def monitor_log(self) -> Path:
        """Snapshots of the machine, one a line."""
        return self.state / "monitor.jsonl"

    def prepare(self) -> None:
        """Make the folders, readable to their owner alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.state, self.runs):
            folder.mkdir(mode=0o700, exist_ok=True)


def socket_path_for(home: Path | Home) -> Path:
    """The socket that a conductor of this home uses when none is named.

    `<home>/conductor.sock`, or, where that is too long for a socket address, a file in a private
    folder of ours. A conductor writes the path in use to `conductor.path`, which is read first.
    """
    folder = home.folder if isinstance(home, Home) else home
    folder = folder.resolve()
    noted = read_note(Home(folder))
    return noted or default_socket_path(folder)


def default_socket_path(folder: Path) -> Path:
    """As `socket_path_for`, without asking what a conductor has noted."""
    folder = folder.resolve()
    path = folder / "conductor.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    if len(base) > SOCKET_PATH_BYTES // 2:
        base = "/tmp"  # noqa: S108 - the folder below it is checked to be ours alone
    return Path(base) / f"podium-{os.getuid()}-{digest}" / "conductor.sock"


def read_note(home: Home) -> Path | None:
    """The socket path that the last conductor of this home noted."""
    try:
        text = home.socket_note.read_text("utf-8").strip()
    except OSError:
        return None
    return Path(text) if text else None


def ensure_private_folder(folder: Path) -> None:
    """Make a run folder of ours, or prove that the one that is there is ours alone.

    Raises:
        UnsafeFolder: it belongs to another user, is a link, or others may enter it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise UnsafeFolder(f"The run folder {folder} is not ours alone; remove it.")
