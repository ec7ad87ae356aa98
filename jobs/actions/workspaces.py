"""Where a job works: below one of the workspace roots, always told to the conductor explicitly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jobs.actions.problems import unacceptable

PLACE: Final = "workspace"
_MAX_PATH_LETTERS: Final = 4_000


def workspace_for(asked: str, name: str, roots: Sequence[Path]) -> Path:
    """The workspace of a job, without symlinks.

    A relative or empty one becomes a folder of the job's name below the first root. Whether the
    parent folder exists is for the conductor to say, on whose machine it has to.

    Raises:
        ScoreError: outside the roots.
    """
    if not asked.startswith("/"):
        return roots[0] / name
    if not asked.isprintable() or len(asked) > _MAX_PATH_LETTERS:
        raise unacceptable(PLACE, "The workspace has unprintable characters or is too long.")
    if ".." in asked.split("/"):
        raise unacceptable(PLACE, "The workspace must not contain '..'.")
    try:
        resolved = Path(asked).resolve()
    except (OSError, RuntimeError) as error:
        raise unacceptable(PLACE, "The workspace cannot be followed.") from error
    if not any(resolved.is_relative_to(root) and resolved != root for root in roots):
        places = ", ".join(str(root) for root in roots)
        message = f"The workspace has to lie below {places}; a relative one is put there."
        raise unacceptable(PLACE, message)
    return resolved
