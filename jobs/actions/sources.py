"""What is to be submitted: a text, a file on the conductor's disk, or a score kept by Podium."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class InlineScore:
    """A score's text, given with the request. Without `name` the score's own name is used."""

    text: str = field(repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ScorePath:
    """A score file below one of the score roots; the job is named after the file."""

    path: str


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A score that Podium keeps: its newest version, or the one numbered `version`."""

    score_id: int
    version: int | None = None
    name: str | None = None


SubmitSource = InlineScore | ScorePath | StoredScore


@dataclass(frozen=True, slots=True)
class ScoreText:
    """The exact bytes of a score, read once: what is judged is what is hashed, kept and sent."""

    content: bytes = field(repr=False)
    file: Path | None = None  # where the conductor reads it itself; None: Podium writes a file

    @property
    def sha256(self) -> str:
        """The hash that the audit log keeps in place of the text."""
        return hashlib.sha256(self.content).hexdigest()


def described(source: SubmitSource) -> dict[str, str | int]:
    """The source as records and the fingerprint of a request have it: never the text itself."""
    told: dict[str, str | int | None]
    match source:
        case InlineScore(text, name):
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            told = {"score_sha256": digest, "name": name}
        case ScorePath(path):
            told = {"config_path": path}
        case StoredScore(score_id, version, name):
            told = {"score_id": score_id, "version": version, "name": name}
    return {name: value for name, value in told.items() if value is not None}


def wanted_of(
    source: SubmitSource,
    *,
    workspace: str = "",
    start_sheet: int = 1,
    self_healing: bool = False,
    fresh: bool = False,
) -> dict[str, Any]:
    """What a submit asks for, as it is fingerprinted, and recorded where it is turned away."""
    return {
        **described(source),
        "workspace": workspace,
        "start_sheet": start_sheet,
        "self_healing": self_healing,
        **({"fresh": True} if fresh else {}),
    }
