"""A first pass over a score's YAML that builds nothing: is it well formed, flat and finite?"""

from __future__ import annotations

import re
from typing import TypeAlias

import yaml

from jobs.scores.findings import Finding, Origin
from jobs.scores.limits import ScoreLimits

Loader: TypeAlias = type[yaml.CSafeLoader] | type[yaml.SafeLoader]

MAX_CHARS_IN_DOUBT = 262_144  # PyYAML's own parser takes 3 s for 1 MB
MAX_EVENTS_IN_DOUBT = 20_000  # half a second of its time, of events that may be two letters long
MAX_SIXTIES = 4_096  # characters of a number such as 1:59:59, which is read in quadratic time
_SIXTIES = re.compile(r"[-+0-9_:.]+")
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})
_IN_DOUBT = re.compile(r"[\t?\ufeff]|!\S*,|[|>][-+0-9]*#")
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE


class Refused(Exception):
    """The YAML cannot be read; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Tiring(Exception):
    """The slow parser would take too long."""


class _Scan:
    """Follows the events of one document and keeps count."""

    def __init__(self, limits: ScoreLimits) -> None:
        self._limits = limits
        self._nodes = 0  # so far, aliases counted as what they stand for
        self._written = 0  # so far, aliases counted as one
        self._open: list[tuple[str | None, int]] = []  # anchor and node count at each open start
        self._sizes: dict[str, int] = {}  # nodes below each finished anchor
        self._unfinished: set[str] = set()

    def follow(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._nodes += 1
            self._write(event)
            if _is_long_number(event):
                raise _refused(event, "This number is far too large for Podium.", "podium")
            if event.anchor:
                self._sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            self._enter(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self._open.pop()
            if anchor:
                self._sizes[anchor] = self._nodes - before
                self._unfinished.discard(anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event)

    def _enter(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= self._limits.max_depth:
            depth = self._limits.max_depth
            raise _refused(
                event, f"The YAML is nested more than {depth} levels deep here.", "podium"
            )
        self._open.append((event.anchor, self._nodes))
        self._nodes += 1
        self._write(event)
        if event.anchor:
            self._unfinished.add(event.anchor)

    def _write(self, event: yaml.Event) -> None:
        self._written += 1
        if self._written > self._limits.max_nodes:
            message = f"The score has more than {self._limits.max_nodes:,} values."
            raise _refused(event, message, "podium")

    def _repeat(self, event: yaml.AliasEvent) -> None:
        name = str(event.anchor)
        if name in self._unfinished:
            raise _refused(event, "This alias refers to a value that contains it.", "podium")
        self._nodes += self._sizes.get(name, 1)
        self._write(event)
        if self._nodes - self._written > self._limits.max_alias_nodes:
            limit = self._limits.max_alias_nodes
            message = f"The aliases up to here stand for more than {limit:,} values."
            raise _refused(event, message, "podium")


def scan(text: str, limits: ScoreLimits) -> Loader:
    """Pass over all of the text; the answer is the loader that reads it as the conductor would.

    The conductor reads with PyYAML's own parser, Podium with libyaml, ten times as fast. They
    disagree on tabs, on question marks and, where libyaml refuses, on colons in flow collections:
    then the slow one decides, unless the text is long or has very many values.

    Raises:
        Refused: not YAML, nested too deeply, or aliases that stand for too much.
    """
    may_ask = len(text) <= MAX_CHARS_IN_DOUBT
    refusal: yaml.YAMLError | None = None
    try:
        _follow(text, limits, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        refusal = error
    if may_ask and (refusal or _IN_DOUBT.search(text)):
        try:
            _follow(text, limits, yaml.SafeLoader, MAX_EVENTS_IN_DOUBT)
        except yaml.YAMLError as error:
            raise Refused(malformed(error, text)) from error
        except _Tiring:
            pass
        else:
            return yaml.SafeLoader
    if refusal:
        raise Refused(malformed(refusal, text)) from refusal
    return yaml.CSafeLoader


def _follow(text: str, limits: ScoreLimits, loader: Loader, max_events: int | None = None) -> None:
    counts = _Scan(limits)
    for n, event in enumerate(yaml.parse(text, loader)):
        if n == max_events:
            raise _Tiring
        counts.follow(event)


def _is_long_number(event: yaml.ScalarEvent) -> bool:
    value = event.value
    if len(value) <= MAX_SIXTIES or ":" not in value:
        return False
    is_plain = not event.style and event.implicit[0]
    return event.tag in _NUMBERS or (is_plain and _SIXTIES.fullmatch(value) is not None)


def malformed(error: yaml.YAMLError, text: str) -> Finding:
    """The finding that says what the YAML library said."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)[:300]
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Finding("error", line, column, "", f"This is not valid YAML: {said}.")
    found = _UNPRINTABLE.search(text)
    before = text[: found.start()] if found else ""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Finding("error", line, column, "", "This character is not allowed in YAML.")


def _refused(event: yaml.Event, message: str, origin: Origin) -> Refused:
    mark = event.start_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Refused(Finding("error", line, column, "", message, origin))
