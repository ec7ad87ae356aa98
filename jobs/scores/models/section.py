"""What all sections of a score have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A mapping of a score in which every key has to be known.

    Values are read as leniently as pydantic reads them by default ("1" is a whole number, a whole
    number is no text), for so does the conductor: its recorded refusals are pydantic's.

    Rules that tie several keys together are the conductor's own (0.1.0) unless they say otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


def breach(message: str, *at: str | int, at_key: bool = False) -> PydanticCustomError:
    """The refusal to raise where a rule beyond types and ranges is broken.

    It reads like any ValueError's in pydantic's report, and carries along which part below the
    refused one is to blame, so that a finding can point at it.

    Args:
        message: A sentence for the author of the score.
        at: The way from the refused field or section down to the culprit.
        at_key: Whether its key is to blame rather than its value.
    """
    # Braces would be taken for placeholders of the report's own template.
    return PydanticCustomError(
        "value_error", "Value error, {said}", {"said": message, "at": at, "at_key": at_key}
    )
