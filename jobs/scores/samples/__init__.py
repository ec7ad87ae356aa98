"""Scores that come with Podium, to try things out on.

A sample's title is the first comment line of its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jobs.scores.models.job import JobConfig


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
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return tuple(_sample(name, (folder / name).read_text(encoding="utf-8")) for name in names)


def _sample(name: str, text: str) -> Sample:
    config = JobConfig.from_yaml_string(text)
    return Sample(
        slug=name.removesuffix(".yaml").partition("-")[2],
        title=text.partition("\n")[0].removeprefix("# "),
        description=config.description or "",
        text=text,
    )
