"""A disk that is soon full, for programs that a test starts."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_BYTES = 6 * 1024 * 1024


@contextmanager
def small_disk(folder: Path) -> Iterator[tuple[Path, str]]:
    """A disk of 6 MB, and what is said when it is full.

    Where none may be mounted, a folder in which the program limits the size of its files.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield folder, "the disk under the database cannot be written"
        return
    try:
        yield folder, "the disk under the database is full"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(home: Path) -> Iterator[None]:
    """In such a program: no byte more fits onto the disk."""
    filler = home / "filler"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if shutil.disk_usage(home).total <= SIZE_BYTES:
            _fill(filler)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        filler.unlink(missing_ok=True)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
