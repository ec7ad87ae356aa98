"""What callers send."""

from __future__ import annotations

from ninja import Schema
from pydantic import ConfigDict, Field

from jobs.actions import MAX_REASON_LETTERS


class Strict(Schema):
    """A body whose every key is known: a misspelt one must not be silently left out."""

    model_config = ConfigDict(extra="forbid")


class ReasonIn(Strict):
    """Why, in the person's own words, and what they saw before they asked."""

    reason: str = Field("", max_length=MAX_REASON_LETTERS)
    seen: str | None = Field(
        None,
        max_length=100,
        description="The status you saw: where the job has another by now, nothing is sent (409).",
    )


class ModifyIn(ReasonIn):
    """A new score for a job, in exactly one of two ways."""

    score_content: str | None = Field(None, description="The text of the score.")
    score_id: int | None = Field(None, ge=1, le=2**63 - 1, description="A score Podium keeps.")
    score_version: int | None = Field(None, ge=1, le=2**31 - 1, description="Default: newest.")
    replaces: str = Field(
        "",
        max_length=64,
        description="SHA-256 of the text you compared it with: where the job goes by another by "
        "now, nothing is sent (409).",
    )


class ClearLimitsIn(Strict):
    """Which limits, and why."""

    instrument: str = Field("", max_length=100, description="Default: those of all instruments.")
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
    fresh: bool = Field(
        False, description="Nothing that an earlier run of this name left is to be taken up."
    )
    reason: str = Field("", max_length=MAX_REASON_LETTERS)
