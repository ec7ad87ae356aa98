r"""Do a score's regular expressions compile? Found out within a bounded time.

Compiling is no harmless thing: a dozen characters like `(?i)[\0-\U0010ffff]` cost 10 ms, and a
score has room for 50,000 of them. Short ASCII patterns, nearly all there are, are compiled here;
the rest in a child process with a deadline (`jobs.scores.child`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jobs.scores.child import ChildFailed, run_child
from jobs.scores.worker import fault_of

DEADLINE_S = 3.0  # for all patterns of one score together
CHEAP_CHARS = 1_000  # of one pattern
CHEAP_TOTAL_CHARS = 20_000  # of all patterns of one score that are compiled here

_ESCAPED_CODE = re.compile(r"\\[xuUN0-7]")
_known: ContextVar[Mapping[str, str | None] | None] = ContextVar("known_patterns", default=None)


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with a regular expression; None if it compiles."""
    known = _known.get()
    if known is not None and pattern in known:
        return known[pattern]
    return _faults([pattern])[pattern]


@contextmanager
def patterns_of(data: Any) -> Iterator[None]:
    """Look at all patterns of a score at once, so that the deadline is for all of them together."""
    token = _known.set(_faults(list(_patterns(data))))
    try:
        yield
    finally:
        _known.reset(token)


def _patterns(data: Any) -> Iterator[str]:
    """The texts that stand where the conductor compiles a regular expression."""
    if not isinstance(data, dict):
        return
    rules = data.get("validations")
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, dict) and rule.get("type") == "content_regex":
            yield from _texts([rule.get("pattern")])
    for section, key in (("rate_limit", "detection_patterns"), ("feedback", "pattern")):
        values = data.get(section)
        found = values.get(key) if isinstance(values, dict) else None
        yield from _texts(found if isinstance(found, list) else [found])


def _texts(values: Sequence[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))


def _faults(patterns: Sequence[str]) -> dict[str, str | None]:
    faults: dict[str, str | None] = {}
    dear: list[str] = []
    total = 0
    for pattern in dict.fromkeys(patterns):
        total += len(pattern)
        if _is_cheap(pattern) and total <= CHEAP_TOTAL_CHARS:
            faults[pattern] = fault_of(pattern)
        else:
            dear.append(pattern)
    return faults | _faults_found_by_child(dear)


def _is_cheap(pattern: str) -> bool:
    """Whether no character class can span more than ASCII, and there is not much of it."""
    return len(pattern) <= CHEAP_CHARS and pattern.isascii() and not _ESCAPED_CODE.search(pattern)


def _faults_found_by_child(patterns: Sequence[str]) -> dict[str, str | None]:
    if not patterns:
        return {}
    try:
        answers = run_child({"do": "compile", "patterns": patterns}, timeout_s=DEADLINE_S)["faults"]
    except ChildFailed as failure:
        return dict.fromkeys(patterns, f"The pattern cannot be compiled: {failure}")
    return dict(zip(patterns, answers, strict=True))
