"""A score's text as numbered lines, and in a few words what it expands to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from jobs.admin.highlight import yaml_html
from jobs.admin.visible import one_line, visible
from jobs.scores import Expansion, parse_score

MAX_LINES: Final = 5_000
MAX_JUDGED_LETTERS: Final = 200_000  # judging a longer one takes longer than anybody waits
MAX_COUNTED_SHEETS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Line:
    """A numbered line, marked as YAML where that is not too long."""

    number: int
    text: SafeString | str


@dataclass(frozen=True, slots=True)
class Outline:
    """What a score expands to."""

    sheets: int
    stages: int
    starts: int | None  # sheets that wait for no other; None: too many to count
    waits: int | None  # how many sheets wait for others
    widest: int | None  # the most that one sheet waits for
    instrument: str
    description: str


def numbered(text: str) -> tuple[list[Line], int]:
    """Its lines, and how many more there are than are shown."""
    marked = yaml_html(text)
    lines = marked.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    shown = lines[:MAX_LINES]
    if isinstance(marked, SafeString):
        # Pygments ends each mark at the end of its line, so that every line stands alone.
        return [
            Line(number, mark_safe(line))  # noqa: S308 - a piece of what was marked and escaped
            for number, line in enumerate(shown, 1)
        ], len(lines) - len(shown)
    return [Line(number, line) for number, line in enumerate(shown, 1)], len(lines) - len(shown)


def outline_of(sha256: str, text: str) -> Outline | None:
    """What a score expands to; None where that cannot be told, or would take too long."""
    return None if len(text) > MAX_JUDGED_LETTERS else _outline(sha256, text)


@lru_cache(maxsize=64)
def _outline(_sha256: str, text: str) -> Outline | None:
    summary = parse_score(text).summary
    if summary is None:
        return None
    waits = _waits(summary.sheets)
    return Outline(
        sheets=summary.total_sheets,
        stages=summary.total_stages,
        starts=waits.count(0) if waits is not None else None,
        waits=sum(count > 0 for count in waits) if waits is not None else None,
        widest=max(waits, default=0) if waits is not None else None,
        instrument=one_line(summary.instrument or ""),
        description=visible((summary.description or "")[:600]),
    )


def _waits(sheets: Expansion) -> Sequence[int] | None:
    """For how many others each sheet waits."""
    if len(sheets) > MAX_COUNTED_SHEETS:
        return None
    return [len(sheets.waits_for(number)) for number in range(1, len(sheets) + 1)]
