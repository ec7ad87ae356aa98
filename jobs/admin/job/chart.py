"""The bars of a run along its time: everything as shares of the width, so that it fits any page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from jobs.admin.durations import duration_words
from jobs.admin.job.spans import Span, Stretch, in_places
from jobs.admin.job.ticks import Tick, ticks

HEAD: Final = 6.0  # above the first lane; the marks' words have a strip of their own
FOOT: Final = 8.0
MAX_LANES: Final = 600
MAX_BARS: Final = 1_500
LEAST: Final = 0.18  # percent; a shorter bar could not be seen
WORDS_FROM: Final = 3.2  # percent; in shorter bars no number is written
BLUR: Final = 0.15  # percent; where there are too many bars, neighbours shorter than this are one

# How high a lane is, by how many there are: the first that is not below their number.
HEIGHTS: Final = ((60, 28), (150, 16), (MAX_LANES, 9))


@dataclass(frozen=True, slots=True)
class Lane:
    """One row; `number` is a sheet's or, with several sheets in it, its own."""

    number: int
    name: str
    is_sheet: bool
    y: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar, in percent."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A sheet, or neighbours too short to be told apart."""

    number: int
    count: int
    x: float  # percent, as all widths
    width: float
    y: float
    height: float
    tone: str
    icon: str
    title: str
    words: str
    is_open: bool
    is_critical: bool
    started_at: datetime
    failures: tuple[float, ...]
    tries: tuple[Part, ...]  # attempts before the last one, which all failed
    waits: tuple[Part, ...]

    @property
    def middle(self) -> float:
        """The line through its middle."""
        return self.y + self.height / 2

    @property
    def words_y(self) -> float:
        """The line that its words stand on."""
        return self.middle + 4


@dataclass(frozen=True, slots=True)
class Join:
    """From the end of a sheet on the critical path to the start of the next one."""

    x1: float
    x2: float
    y1: float
    y2: float


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch in which nothing ran, or the run was paused, or over until it was resumed."""

    kind: str
    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All of it, ready to be written down."""

    start: datetime
    end: datetime
    now: float | None  # percent; None: the run has ended
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    joins: tuple[Join, ...]
    shades: tuple[Shade, ...]
    ticks: tuple[Tick, ...]
    lane_height: int
    height: float
    is_packed: bool
    lanes_left_out: int

    @property
    def seconds(self) -> float:
        """The time from its left to its right edge."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a chart is to show besides the bars."""

    names: Mapping[int, str]
    critical: Sequence[int]
    idle: Sequence[Stretch]
    paused: Sequence[Stretch]
    failed: Sequence[Stretch]  # over, until it was resumed
    retries: Sequence[Stretch]  # drawn with the bars
    is_packed: bool
    now: datetime | None  # None: the run has ended


def chart_of(spans: Sequence[Span], wishes: Wishes) -> Chart:
    """The chart of at least one span."""
    start = min(span.started_at for span in spans)
    end = max(span.ended_at for span in spans)
    if wishes.now is not None:
        end = max(end, wishes.now)
    length = max(1.0, (end - start).total_seconds())
    if wishes.now is not None:  # room to grow until the page is asked for again
        end += timedelta(seconds=max(length * 0.04, 3.0))
    end = max(end, start + timedelta(seconds=1))
    rows = in_places(spans) if wishes.is_packed else [[span] for span in spans]
    shown = rows[:MAX_LANES]
    height = next(height for most, height in HEIGHTS if len(shown) <= most)
    drawing = _Drawing(start, end, height, wishes, has_many=len(spans) > MAX_BARS)
    lanes, bars = drawing.rows(shown)
    return Chart(
        start=start,
        end=end,
        now=drawing.percent(wishes.now) if wishes.now else None,
        lanes=tuple(lanes),
        bars=tuple(bars),
        joins=tuple(drawing.joins(bars)),
        shades=tuple(drawing.shades()),
        ticks=tuple(ticks(start, end)),
        lane_height=height,
        height=HEAD + height * len(shown) + FOOT,
        is_packed=wishes.is_packed,
        lanes_left_out=len(rows) - len(shown),
    )


class _Drawing:
    def __init__(
        self, start: datetime, end: datetime, height: int, wishes: Wishes, *, has_many: bool
    ) -> None:
        self.start = start
        self.length = (end - start).total_seconds()
        self.height = height
        self.wishes = wishes
        self.critical = frozenset(wishes.critical)
        self.has_many = has_many
        self.waits = frozenset(wishes.retries)

    def percent(self, at: datetime) -> float:
        share = (at - self.start).total_seconds() / self.length * 100
        return round(min(100.0, max(0.0, share)), 3)

    def rows(self, rows: Sequence[Sequence[Span]]) -> tuple[list[Lane], list[Bar]]:
        lanes: list[Lane] = []
        bars: list[Bar] = []
        for at, row in enumerate(rows):
            y = HEAD + at * self.height
            number = at + 1 if self.wishes.is_packed else row[0].number
            name = "" if self.wishes.is_packed else self.wishes.names.get(number, "")
            lanes.append(Lane(number, name, not self.wishes.is_packed, y))
            for group in self._together(row):
                bars.append(self._bar(group, y))
        return lanes, bars

    def _together(self, row: Sequence[Span]) -> list[list[Span]]:
        """Bars of one lane; where all are too many, those too short to be told apart are one."""
        groups: list[list[Span]] = []
        for span in row:
            is_short = self.has_many and span.seconds / self.length * 100 < BLUR
            last = groups[-1] if groups else None
            if (
                is_short
                and last
                and last[0].look == span.look
                and (span.ended_at - last[0].started_at).total_seconds() / self.length * 100 < BLUR
            ):
                last.append(span)
            else:
                groups.append([span])
        return groups

    def _bar(self, group: Sequence[Span], lane_y: float) -> Bar:
        first, last = group[0], group[-1]
        gap = 4 if self.height > 20 else 3 if self.height > 12 else 1
        whole = [piece for span in group for piece in span.worked]
        single = first.worked if len(group) == 1 else ()
        tries = [piece for piece in single if piece.is_failed]
        rest = [piece for piece in whole if piece not in tries] or whole[-1:]
        x = self.percent(rest[0].started_at)
        width = max(LEAST, self.percent(rest[-1].ended_at) - x)
        number = str(first.number)
        return Bar(
            number=first.number,
            count=len(group),
            x=min(x, 100 - LEAST),
            width=round(width, 3),
            y=lane_y + gap,
            height=self.height - 2 * gap,
            tone=first.look.tone,
            icon=first.look.icon,
            title=self._title(group),
            words=number if width > WORDS_FROM and self.height > 20 else "",
            is_open=last.is_open and last.status != "retry_scheduled",
            is_critical=any(span.number in self.critical for span in group),
            started_at=first.started_at,
            failures=tuple(self.percent(at) for span in group for at in span.failed_at),
            tries=tuple(
                self._part(piece.started_at, piece.ended_at, "an attempt that failed took")
                for piece in tries
                if piece not in rest
            ),
            waits=tuple(
                self._part(wait.began_at, wait.ended_at, "waited for another attempt for")
                for wait in (first.waits if len(group) == 1 else ())
                if wait in self.waits
            ),
        )

    def _part(self, since: datetime, until: datetime, words: str) -> Part:
        x = self.percent(since)
        width = max(LEAST, self.percent(until) - x)
        took = duration_words((until - since).total_seconds())
        return Part(min(x, 100 - LEAST), round(width, 3), f"{words} {took}")

    def _title(self, group: Sequence[Span]) -> str:
        first, last = group[0], group[-1]
        if len(group) > 1:
            return f"{len(group)} sheets, {first.number} to {last.number}: {first.look.word}"
        name = self.wishes.names.get(first.number, "")
        told = [f"Sheet {first.number}{': ' + name if name else ''} – {first.look.word}"]
        told.append(f"{'for' if first.is_open else 'took'} {duration_words(first.seconds)}")
        after = (first.started_at - self.start).total_seconds()
        told.append(f"began {duration_words(after)} after the first")
        if first.attempts and first.attempts > 1:
            told.append(f"{first.attempts} attempts")
        if first.number in self.critical:
            told.append("on the critical path")
        return ", ".join(told)

    def joins(self, bars: Sequence[Bar]) -> list[Join]:
        by_number = {bar.number: bar for bar in bars if bar.is_critical}
        path = [by_number[number] for number in self.wishes.critical if number in by_number]
        return [
            Join(round(one.x + one.width, 3), other.x, one.middle, other.middle)
            for one, other in pairwise(path)
        ]

    def shades(self) -> list[Shade]:
        found = []
        for kind, words, stretches in (
            ("idle", "Nothing ran for", self.wishes.idle),
            ("failed", "Ended until it was resumed, for", self.wishes.failed),
            ("paused", "Paused for", self.wishes.paused),
        ):
            for stretch in stretches:
                x = self.percent(stretch.began_at)
                width = self.percent(stretch.ended_at) - x
                if width > 0:
                    title = f"{words} {duration_words(stretch.seconds)}"
                    found.append(Shade(kind, x, round(width, 3), title))
        return found
