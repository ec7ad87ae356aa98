"""The file that a submit sends: written once, for one action, and never changed.

A conductor reads the score again on resume, so the file stays for as long as the job may be
resumed; a later submit of the same name gets a file of its own.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from jobs.conductor.submissions import write_once
from jobs.registry.models import Conductor

_ROOT: Final = 0  # reads whatever it likes


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read a submission: its owner, or (with `group`) that group's members too."""

    group: int | None = None


def readers_for(conductor: Conductor) -> Readers | None:
    """Who has to read what is written for this conductor; None when it could not.

    The socket's owner is taken for the conductor's user. A socket that is not there tells
    nothing, and the call will fail on it anyway.
    """
    if conductor.kind == Conductor.Kind.EMBEDDED:
        return Readers()
    try:
        socket = Path(conductor.socket_path).stat()
    except OSError:
        return Readers()
    if socket.st_uid in {os.geteuid(), _ROOT}:
        return Readers()
    if socket.st_gid in {os.getegid(), *os.getgroups()}:
        return Readers(group=socket.st_gid)
    return None


def place_for(root: Path, action_id: UUID, name: str) -> Path:
    """Where the file of an action goes; the name is the job's, for a conductor goes by it."""
    return root / str(action_id) / f"{name}.yaml"


def write(path: Path, content: bytes, readers: Readers) -> None:
    """Write the file and see it on the disk; what could not be written whole leaves nothing.

    Raises:
        OSError: not written; also when its folder exists, for it is never overwritten.
    """
    root = path.parent.parent
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if readers.group is not None:
        root.chmod(0o711)  # to pass through; what lies in it cannot be listed
    write_once(path, content, group=readers.group)


def discard(path: Path) -> None:
    """Take away a file that no job will ever read.

    Raises:
        OSError: it is still there.
    """
    shutil.rmtree(path.parent)
