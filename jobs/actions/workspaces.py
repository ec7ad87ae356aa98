"""Where a job works: below one of the workspace roots, always told to the conductor explicitly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jobs.actions.paths import followed, lies_below
from jobs.actions.problems import unacceptable

PLACE: Final = "workspace"


def workspace_for(asked: str, name: str, roots: Sequence[Path]) -> Path:
    """The workspace of a job, without symlinks.

    A relative or empty one becomes a folder of the job's name below the first root. Whether the
    parent folder exists is for the conductor to say, on whose machine it has to.

    Raises:
        ScoreError: outside the roots.
    """
    if not asked.startswith("/"):
        return roots[0] / name
    resolved = followed(asked, PLACE, "workspace")
    if not lies_below(resolved, roots) or resolved in roots:
        places = ", ".join(str(root) for root in roots)
        message = f"The workspace has to lie below {places}; a relative one is put there."
        raise unacceptable(PLACE, message)
    return resolved
