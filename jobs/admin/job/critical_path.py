"""The chain of sheets that decided when a run could end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jobs.scores import Expansion

MAX_LINKS: Final = 200_000  # looked at; a score with more is left without an answer


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """Sheets that wait for one another, in order, and the time that they took together."""

    numbers: tuple[int, ...]
    seconds: float


def critical_path(expansion: Expansion, durations: Mapping[int, float]) -> CriticalPath | None:
    """The chain of dependencies that took longest; sheets without a time break a chain.

    None where no sheet has a time, or where there are too many links to look at.
    """
    longest: dict[int, tuple[float, int | None]] = {}
    ordered = _in_order(expansion, durations)
    if ordered is None:
        return None
    for number, sources in ordered:
        timed = [source for source in sources if source in longest]
        before = max(timed, key=lambda source: longest[source][0], default=None)
        total = durations[number] + (longest[before][0] if before is not None else 0.0)
        longest[number] = total, before
    if not longest:
        return None
    last: int | None = max(longest, key=lambda number: longest[number][0])
    seconds = longest[last or 0][0]
    numbers: list[int] = []
    while last is not None:
        numbers.append(last)
        last = longest[last][1]
    return CriticalPath(tuple(reversed(numbers)), seconds)


def _in_order(
    expansion: Expansion, durations: Mapping[int, float]
) -> list[tuple[int, Sequence[int]]] | None:
    """The sheets with a time and what they wait for, each after all of these."""
    order: list[tuple[int, Sequence[int]]] = []
    met: set[int] = set()
    links = 0
    for start in sorted(number for number in durations if number <= expansion.total_sheets):
        waiting: list[tuple[int, Sequence[int] | None]] = [(start, None)]
        while waiting:
            number, sources = waiting.pop()
            if sources is not None:
                order.append((number, sources))
            elif number not in met and number in durations:
                met.add(number)
                sources = expansion.waits_for(number)
                links += len(sources)
                if links > MAX_LINKS:
                    return None
                waiting.append((number, sources))
                waiting.extend((source, None) for source in sources if source not in met)
    return order
