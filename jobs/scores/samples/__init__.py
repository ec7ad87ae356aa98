"""Scores that come with Podium, to try things out on.

A sample's title is the first comment line of its file. What may be filled in stands in
`forms.yaml`, see `jobs.scores.gallery`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from jobs.scores.models.job import JobConfig

_NUMBERED: Final = re.compile(r"\d+-[a-z-]+\.yaml")


@dataclass(frozen=True, slots=True)
class Sample:
    """One shipped score."""

    slug: str  # the file's name without its ending
    title: str
    description: str
    text: str


@cache
def samples() -> tuple[Sample, ...]:
    """All shipped scores, in the order in which a newcomer should meet them."""
    folder = files(__package__)
    names = sorted(
        (entry.name for entry in folder.iterdir() if _NUMBERED.fullmatch(entry.name)),
        key=lambda name: int(name.partition("-")[0]),
    )
    return tuple(_sample(name, (folder / name).read_text(encoding="utf-8")) for name in names)


def _sample(name: str, text: str) -> Sample:
    config = JobConfig.from_yaml_string(text)
    return Sample(
        slug=name.removesuffix(".yaml").partition("-")[2],
        title=text.partition("\n")[0].removeprefix("# "),
        description=config.description or "",
        text=text,
    )
