"""Searching a file for a score's regular expression, in bounded time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs.scores.child import ChildFailed, ask_child

SEARCH_S = 5.0  # 16 MiB are searched in a tenth of it, unless the pattern backtracks


class SearchFailed(Exception):
    """The search came to no end: a file that cannot be read, or a pattern that takes too long."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern was found: the line, counted from 1, and the start of what matched."""

    line: int
    text: str


async def search_file(
    pattern: str, path: Path | str, *, timeout_s: float = SEARCH_S
) -> Match | None:
    """The first place in a file that matches; None if there is none.

    `^` and `$` mean the ends of lines, as in the conductor's `content_regex`.

    Raises:
        SearchFailed: see there.
    """
    request = {"do": "search", "pattern": pattern, "path": str(path)}
    try:
        answer = await ask_child(request, timeout_s=timeout_s)
    except ChildFailed as failure:
        raise SearchFailed(f"The search came to no end: {failure}") from failure
    if not answer["found"]:
        return None
    return Match(line=int(answer["line"]), text=str(answer["text"]))
