"""What callers send."""

from __future__ import annotations

from ninja import Schema
from pydantic import ConfigDict, Field

from jobs.actions import MAX_REASON_LETTERS


class Strict(Schema):
    """A body whose every key is known: a misspelt one must not be silently left out."""

    model_config = ConfigDict(extra="forbid")


class ReasonIn(Strict):
    """Why, in the person's own words."""

    reason: str = Field("", max_length=MAX_REASON_LETTERS)


class ScoreIn(Strict):
    """A score, in exactly one of three ways, and how it would be run."""

    score_content: str | None = Field(None, description="The text of the score.")
    config_path: str | None = Field(None, description="A file below PODIUM_SCORE_ROOTS.")
    score_id: int | None = Field(None, ge=1, le=2**63 - 1, description="A score Podium keeps.")
    score_version: int | None = Field(None, ge=1, le=2**31 - 1, description="Default: newest.")
    name: str | None = Field(
        None, max_length=500, description="The job's name; default: the score's own."
    )
    conductor: str | None = Field(None, max_length=50, description="A slug; default: the only one.")
    workspace: str = Field("", max_length=4_000)
    start_sheet: int = Field(1, ge=1, le=2**31 - 1)


class SubmitIn(ScoreIn):
    """A score to be run."""

    self_healing: bool = False
    reason: str = Field("", max_length=MAX_REASON_LETTERS)
