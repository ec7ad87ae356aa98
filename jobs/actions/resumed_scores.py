"""The text that a resume runs: a conductor reads the file again, whatever it holds by now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from jobs.actions.score_paths import read_score
from jobs.database import in_database
from jobs.errors import ScoreError
from jobs.registry.models import Job, ScoreVersion

_CHANGED: Final = (
    "The score file has changed since it was submitted: what runs now was not judged by Podium."
)
_UNREAD: Final = "Podium could not read the score file, so it may have changed since the submit."


async def resumed_text(job: Job) -> Mapping[str, Any]:
    """What the audit log keeps of the file: its hash now, and whether it is what was submitted.

    Both are None where that is not known; nothing at all for a run whose file is not known.
    """
    if not job.config_path:
        return {}
    submitted = await in_database(_submitted_sha256)(job)
    sha256, is_readable = await asyncio.to_thread(_sha256_now, job.config_path)
    has_changed = is_readable and sha256 != submitted
    known = bool(submitted) and is_readable
    return {
        "config_path": job.config_path,
        "submitted_sha256": submitted or None,
        "sha256": sha256,
        "changed_since_submit": has_changed if known else None,
    }


def words_about(arguments: Mapping[str, Any]) -> str:
    """A sentence for whoever resumed; empty where the text is the one that was submitted."""
    if not arguments.get("submitted_sha256") or arguments["changed_since_submit"] is False:
        return ""
    return _CHANGED if arguments["changed_since_submit"] else _UNREAD


def _submitted_sha256(job: Job) -> str:
    versions = ScoreVersion.objects.filter(jobs=job)
    return versions.values_list("sha256", flat=True).first() or ""


def _sha256_now(path: str) -> tuple[str | None, bool]:
    """The hash, and whether the file could be read; None for one longer than Podium reads."""
    limit = settings.PODIUM_MAX_SCORE_BYTES
    roots = (*settings.PODIUM_SCORE_ROOTS, settings.PODIUM_SUBMISSIONS)
    try:
        now = read_score(path, roots, limit)
    except ScoreError:
        return None, False
    return (now.sha256 if len(now.content) <= limit else None), True
