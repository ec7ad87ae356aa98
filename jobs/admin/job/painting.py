"""How the sheets of a run fare, laid over the picture of its score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs.admin.durations import duration_words, span_words
from jobs.admin.job.layout import GraphView, Node
from jobs.admin.looks import Look, Tone, sheet_look
from jobs.registry.models import Job
from jobs.registry.sheet_times import TOLD, took_s
from jobs.terms import RUNNING_SHEET_STATUSES

# What a cell of many sheets is coloured by: the first of these that one of them has.
_LOUDEST: Final[tuple[Tone, ...]] = ("bad", "odd", "warn", "run", "ok", "idle")
_ICONS: Final[dict[Tone, str]] = {
    "bad": "cross",
    "odd": "unknown",
    "warn": "alert",
    "run": "running",
    "ok": "check",
    "idle": "clock",
}
_ORDER: Final[dict[Tone, int]] = {"ok": 0, "bad": 1, "odd": 2, "run": 3, "warn": 4, "idle": 5}
_UNREPORTED: Final = Look("not reported", "idle", "clock", "The conductor has not told of it yet")
BAR: Final = 98.0  # the width of the bar in a cell of many sheets
BAR_X: Final = 10.0


@dataclass(frozen=True, slots=True)
class SheetState:
    """What the picture tells of one sheet."""

    number: int
    status: str
    look: Look
    took: str  # empty where it was not reported
    since: datetime | None  # it runs, and its clock counts on from here


@dataclass(frozen=True, slots=True)
class Part:
    """One colour of the bar in a cell of many sheets."""

    tone: Tone
    x: float
    width: float

    @property
    def shown_x(self) -> float:
        """Where it begins in its cell."""
        return round(self.x + BAR_X, 1)


@dataclass(frozen=True, slots=True)
class Painted:
    """A cell with its colours and words."""

    node: Node
    look: Look | None  # None: a score that no run is shown of
    status: str
    words: str
    took: str
    since: datetime | None
    title: str
    url: str
    parts: tuple[Part, ...]

    @property
    def text_x(self) -> int:
        """Where the words of a card begin: beside its icon, if it has one."""
        return 52 if self.look else 16


@dataclass(frozen=True, slots=True)
class Tally:
    """How many sheets look alike."""

    look: Look
    count: int


def states_of(job: Job) -> dict[int, SheetState]:
    """All sheets of a run, in one query and without their long texts."""
    rows = job.sheets.order_by("number").values_list("number", "status", "started_at", *TOLD)
    looks: dict[str, Look] = {}
    ended = job.is_terminal
    found: dict[int, SheetState] = {}
    for number, status, started_at, *told in rows:
        look = looks.get(status)
        if look is None:
            look = looks[status] = sheet_look(status, job_is_terminal=ended)
        seconds = took_s(*told)
        is_running = status in RUNNING_SHEET_STATUSES and not ended
        found[number] = SheetState(
            number,
            status,
            look,
            "" if seconds is None or is_running else duration_words(seconds),
            started_at if is_running else None,
        )
    return found


def painted(
    view: GraphView, states: Mapping[int, SheetState] | None, now: datetime, *, base_url: str = ""
) -> list[Painted]:
    """The cells of a picture in their colours; without states, in none."""
    return [_painted(node, view, states, now, base_url) for node in view.nodes]


def tallies(states: Iterable[SheetState]) -> list[Tally]:
    """How many sheets look alike, in the order of the bar."""
    counts = Counter(state.look for state in states)
    return [
        Tally(look, counts[look])
        for look in sorted(counts, key=lambda look: (_ORDER[look.tone], look.word))
    ]


def _painted(
    node: Node,
    view: GraphView,
    states: Mapping[int, SheetState] | None,
    now: datetime,
    base_url: str,
) -> Painted:
    if len(node.numbers) > 1:
        return _painted_range(node, states, base_url)
    number = node.number
    name = f": {node.full_name}" if node.full_name else ""
    after = f"; waits for {view.waits[number]}" if view.waits.get(number) else ""
    url = f"{base_url}{number}/" if base_url else ""
    if states is None:
        return Painted(node, None, "", "", "", None, f"Sheet {number}{name}{after}", url, ())
    state = states.get(number)
    look = state.look if state else _UNREPORTED
    words = look.word
    took = state.took if state else ""
    if state and state.since:
        took = span_words(int((now - state.since).total_seconds()))
    title = f"Sheet {number}{name}: {words}{', ' + took if took else ''}{after}"
    return Painted(
        node,
        look,
        state.status if state else "",
        words,
        took,
        state.since if state else None,
        title,
        url,
        (),
    )


def _painted_range(node: Node, states: Mapping[int, SheetState] | None, base_url: str) -> Painted:
    # The page of the list on which its first sheet stands.
    url = f"{base_url}?sheets={(node.number - 1) // 100 + 1}" if base_url else ""
    count = f"{len(node.numbers):,} sheets"
    if states is None:
        return Painted(node, None, "", count, "", None, f"{node.label}: {count}", url, ())
    counts = Counter(
        state.look if (state := states.get(number)) else _UNREPORTED for number in node.numbers
    )
    ordered = sorted(counts.items(), key=lambda pair: (_ORDER[pair[0].tone], pair[0].word))
    parts = []
    x = 0.0
    for look, many in ordered:
        width = BAR * many / len(node.numbers)
        parts.append(Part(look.tone, round(x, 1), round(width, 1)))
        x += width
    told = ", ".join(f"{many:,} {look.word}" for look, many in ordered)
    tones = {look.tone for look in counts}
    tone = next(tone for tone in _LOUDEST if tone in tones)
    loudest = [(look, many) for look, many in ordered if look.tone == tone]
    icon = loudest[0][0].icon if len(loudest) == 1 else _ICONS[tone]
    words = f"{sum(many for _, many in loudest):,} {loudest[0][0].word}"
    return Painted(
        node,
        Look(words, tone, icon),
        tone,
        words,
        "",
        None,
        f"{node.label}, {count}: {told}",
        url,
        tuple(parts),
    )
