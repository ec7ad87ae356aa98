"""Paths that people type: absolute, without `..`, and looked at where their symlinks lead.

The roots guard against mistakes; they are no boundary, for whoever may submit may run code as the
conductor's user.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jobs.actions.problems import unacceptable

_MAX_LETTERS: Final = 4_000


def followed(path: str, place: str, noun: str) -> Path:
    """Where an absolute path leads; `place` names its field, `noun` what it is to the reader.

    Raises:
        ScoreError: unprintable, too long, relative, with `..`, or with symlinks that go in circles.
    """
    if not path.isprintable() or len(path) > _MAX_LETTERS:
        raise unacceptable(place, f"The {noun} has unprintable characters or is too long.")
    if not path.startswith("/"):
        raise unacceptable(place, f"The {noun} has to start at the root, with a '/'.")
    if ".." in path.split("/"):
        raise unacceptable(place, f"The {noun} must not contain '..'.")
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: symlinks in circles
        raise unacceptable(place, f"The {noun} cannot be followed.") from error


def lies_below(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a path without symlinks is one of the roots or lies below one."""
    return any(path.is_relative_to(root) for root in roots)
