"""What the critical path means for a run, and what it waited for beside its own sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jobs.admin.durations import duration_words
from jobs.admin.job.critical_path import CriticalPath
from jobs.admin.job.spans import Span, Stretch

_LEAST_S: Final = 1.0  # a shorter rest is how a conductor breathes, and so is a small share
_LEAST_SHARE: Final = 0.15
_NAMED_S: Final = 0.05
_NAMED_SHARE: Final = 0.02  # of the rest; less is not worth a word


@dataclass(frozen=True, slots=True)
class Holds:
    """When a run is known not to have gone on; a moment counts for the first that has it."""

    over: Sequence[Stretch] = ()  # ended, until it was resumed
    paused: Sequence[Stretch] = ()
    limits: Mapping[int, Sequence[Stretch]] | None = None  # of rate limits, by sheet


def path_words(path: CriticalPath, spans: Sequence[Span], holds: Holds) -> str:
    """What the critical path means for this run, in a sentence or two; there is a span."""
    whole = Stretch(min(span.started_at for span in spans), max(span.ended_at for span in spans))
    took, whole_words = duration_words(path.seconds), duration_words(whole.seconds)
    if len(path.numbers) == 1:
        words = f"One sheet alone took {took} of {whole_words}; no chain of sheets took longer."
    else:
        words = (
            f"These {len(path.numbers)} sheets had to be done one after another. They took {took} "
            f"of {whole_words}, longer than any other chain: only where one of them gets faster "
            "can the job end earlier."
        )
    rest_s = whole.seconds - path.seconds
    if rest_s <= max(_LEAST_S, whole.seconds * _LEAST_SHARE):
        return words
    return f"{words} {_rest_words(rest_s, _known(whole, path, spans, holds))}"


def _rest_words(rest_s: float, known: Sequence[tuple[str, float]]) -> str:
    """The time beside the path: what is known of it, and only the rest as something else."""
    least_s = max(_NAMED_S, rest_s * _NAMED_SHARE)
    told = [(words, seconds) for words, seconds in known if seconds >= least_s]
    if not told:
        return (
            f"For the other {duration_words(rest_s)} sheets waited for something else, such as a "
            "free place."
        )
    other_s = rest_s - sum(seconds for _, seconds in known)
    if other_s >= least_s:
        told.append(("sheets waited for something else, such as a free place,", other_s))
    parts = [f"{words} for {duration_words(seconds)}" for words, seconds in told]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    return f"Of the other {duration_words(rest_s)}, {listed}."


def _known(
    whole: Stretch, path: CriticalPath, spans: Sequence[Span], holds: Holds
) -> list[tuple[str, float]]:
    """Each reason with its seconds while the path stood still.

    A sheet beside the path holds it up only while nothing else runs.
    """
    numbers = frozenset(path.numbers)
    at_work = [_stretches_of(span) for span in spans]
    on_path = [
        piece for span, own in zip(spans, at_work, strict=True) if span.number in numbers
        for piece in own
    ]  # fmt: skip
    anywhere = [piece for own in at_work for piece in own]
    taken: list[Stretch] = []
    limits = holds.limits or {}
    retries = {span.number: span.waits for span in spans}
    found: list[tuple[str, float]] = []
    for words, by_sheet in (
        ("the job had ended until it was resumed", {None: holds.over}),
        ("it was paused", {None: holds.paused}),
        ("a sheet waited for a rate limit", limits),
        ("a sheet waited for another attempt", retries),
    ):
        own = [
            stretch
            for number, stretches in by_sheet.items()
            if number is None or number in numbers
            for stretch in stretches
        ]
        every = [stretch for stretches in by_sheet.values() for stretch in stretches]
        seconds = _added_s(whole, [*on_path, *taken], own)
        seconds += _added_s(whole, [*anywhere, *taken, *own], every)
        taken += every
        found.append((words, seconds))
    return found


def _stretches_of(span: Span) -> list[Stretch]:
    return [Stretch(piece.started_at, piece.ended_at) for piece in span.worked]


def _added_s(whole: Stretch, taken: Sequence[Stretch], more: Sequence[Stretch]) -> float:
    """How much of the whole these cover that the others do not."""
    return _covered_s(whole, [*taken, *more]) - _covered_s(whole, taken) if more else 0.0


def _covered_s(whole: Stretch, stretches: Iterable[Stretch]) -> float:
    """How much of the whole lies in at least one of them."""
    seconds, until = 0.0, whole.began_at
    for stretch in sorted(stretches, key=lambda stretch: stretch.began_at):
        began_at = max(stretch.began_at, until)
        ended_at = min(stretch.ended_at, whole.ended_at)
        if ended_at > began_at:
            seconds += (ended_at - began_at).total_seconds()
            until = ended_at
    return seconds
