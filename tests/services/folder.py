"""A short folder of our own: a Unix socket's path may have about 100 bytes."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_folder(prefix: str = "pod-", owner: pwd.struct_passwd | None = None) -> Iterator[Path]:
    """A new folder right below /tmp, mode 0700, removed with all that was put in it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
