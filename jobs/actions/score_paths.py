"""Reading a score file that somebody named by its path.

Whether a file outside of the roots exists is told to nobody.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jobs.actions.paths import followed, lies_below
from jobs.actions.problems import unacceptable
from jobs.actions.sources import ScoreText
from jobs.conductor import is_job_name
from jobs.errors import ScoreError
from jobs.terms import JOB_NAME_RULE

PLACE: Final = "config_path"
_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def read_score(path: str, roots: Sequence[Path], max_bytes: int) -> ScoreText:
    """The bytes of a score file below one of the roots, and its path without symlinks.

    One byte more than `max_bytes` is read at most, so that the judgement can say "too large".
    What the conductor reads later may differ: the hash of what was judged is recorded, and
    compared once more after the submit.

    Raises:
        ScoreError: a path that is not acceptable, or no readable file there.
    """
    resolved = locate(path, roots)
    return ScoreText(read_below(resolved, roots, max_bytes), resolved)


def read_below(resolved: Path, roots: Sequence[Path], max_bytes: int) -> bytes:
    """The bytes of a regular file below one of the roots, at most one more than `max_bytes`.

    Raises:
        ScoreError: no readable file there.
    """
    try:
        # O_NONBLOCK: opening a FIFO that somebody put there would wait for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(resolved, flags)
    except FileNotFoundError as error:
        raise unacceptable(PLACE, f"There is no file {resolved}.") from error
    except OSError as error:
        raise unacceptable(PLACE, f"{resolved} cannot be read: {error.strerror}.") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise unacceptable(PLACE, f"{resolved} is not a file.")
        if _opened_elsewhere(descriptor, roots):
            raise _outside()
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)
    finally:
        os.close(descriptor)


def locate(path: str, roots: Sequence[Path]) -> Path:
    """Where a path leads after its symlinks, once it is known to be acceptable.

    Raises:
        ScoreError: relative, with `..`, outside the roots, not YAML, or not fit to name a job.
    """
    resolved = followed(path, PLACE, "path")
    if not lies_below(resolved, roots):
        raise _outside()
    if resolved.suffix not in _SUFFIXES or Path(path).suffix not in _SUFFIXES:
        raise unacceptable(PLACE, "A score's file name ends in .yaml or .yml.")
    if not is_job_name(resolved.stem):
        words = f"A job is named after its file, and this name does not fit: {JOB_NAME_RULE}."
        raise unacceptable(PLACE, words)
    return resolved


def _opened_elsewhere(descriptor: int, roots: Sequence[Path]) -> bool:
    """Whether a folder on the way was swapped between the check and the opening."""
    link = Path(f"/proc/self/fd/{descriptor}")
    if not link.exists():  # no such thing outside Linux
        return False
    return not lies_below(link.readlink(), roots)


def _outside() -> ScoreError:
    return unacceptable(PLACE, "The path lies outside the folders that scores may come from.")
