"""What all sections of a score have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping of a score in which every key has to be known.

    Values are read as leniently as pydantic reads them by default ("1" is a whole number, a whole
    number is no text), for so does the conductor: its recorded refusals are pydantic's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
