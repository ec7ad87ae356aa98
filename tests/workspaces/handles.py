"""Counting the handles that this process has open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def open_handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def open_under(folder: Path) -> Iterator[tuple[str, str]]:
    """The handles of this process that lead to something below a folder."""
    for handle in Path("/proc/self/fd").iterdir():
        try:
            target = str(handle.readlink())
        except OSError:  # the one that listed them
            continue
        if target.startswith(f"{folder}/"):
            yield handle.name, target
