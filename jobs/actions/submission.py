"""A submit with everything settled: what is sent, and what the audit log keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.actions.score_files import Readers
from jobs.actions.sources import ScoreText
from jobs.conductor.messages import JobRequest
from jobs.registry.models import ScoreVersion
from jobs.scores import Summary


@dataclass(frozen=True, slots=True)
class Submission:
    """All that is sent, and where from."""

    name: str
    score: ScoreText
    summary: Summary
    version: ScoreVersion
    path: Path
    workspace: Path
    readers: Readers
    start_sheet: int
    self_healing: bool
    fresh: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether the file is written by Podium, for this submit alone."""
        return self.score.file is None

    def arguments(self) -> Mapping[str, Any]:
        """What the audit log keeps: enough to prove which text it was, never the text."""
        return {
            "name": self.name,
            "sha256": self.score.sha256,
            "bytes": len(self.score.content),
            "score_version": self.version.pk,
            "config_path": str(self.path),
            "written_by_podium": self.is_ours,
            "workspace": str(self.workspace),
            "total_sheets": self.summary.total_sheets,
            "start_sheet": self.start_sheet,
            "self_healing": self.self_healing,
            "fresh": self.fresh,
        }

    def request(self) -> JobRequest:
        """The call; `start_sheet` is left out where it asks for nothing."""
        return JobRequest(
            config_path=self.path,
            workspace=self.workspace,
            start_sheet=self.start_sheet if self.start_sheet > 1 else None,
            self_healing=self.self_healing,
            fresh=self.fresh,
        )
