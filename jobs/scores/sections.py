"""Which keys a score knows, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from jobs.scores.models.job import JobConfig
from jobs.scores.models.section import Section
from jobs.scores.positions import Path


@cache
def keys_of(section: type[Section]) -> tuple[str, ...]:
    """The keys of a section, as written in YAML."""
    return tuple(field.alias or name for name, field in section.model_fields.items())


def section_at(path: Path) -> type[Section] | None:
    """The section that a path leads to; None where keys are free or there are none."""
    section: type[Section] | None = JobConfig
    annotation: Any = JobConfig
    for step in path:
        section = _section_in(annotation)
        if section is None:
            return None
        # In a list or a mapping of sections the step only chooses one.
        annotation = _annotation_of(section, step) if annotation is section else section
    return _section_in(annotation)


def _annotation_of(section: type[Section], step: str | int) -> Any:
    for name, field in section.model_fields.items():
        if step in (name, field.alias):
            kept = _section_in(field.annotation)
            is_optional = type(None) in get_args(field.annotation)
            return kept if is_optional else field.annotation
    return None


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((s for a in get_args(annotation) if (s := _section_in(a))), None)


def likely_key(key: str, path: Path) -> str | None:
    """What the author may have meant by a key unknown at this path, as the end of a sentence."""
    section = section_at(path)
    if section is None:
        return None
    known = keys_of(section)
    close = close_match(key, known)
    if close is not None:
        return f"Did you mean '{close}'?"
    homes = list(_homes_of(key))
    if homes:
        return f"It belongs under {' or '.join(f'{home!r}' for home in homes[:3])}."
    if len(known) <= 12:
        return f"Known here: {', '.join(known)}."
    return None


def close_match(word: str, words: tuple[str, ...]) -> str | None:
    """The word that is most like it, if one is."""
    found = difflib.get_close_matches(word[:60].lower(), words, n=1, cutoff=0.7)
    return found[0] if found else None


def _homes_of(key: str) -> Iterator[str]:
    """The top-level sections that know a key."""
    for name, field in JobConfig.model_fields.items():
        section = _section_in(field.annotation)
        if section is not None and key in keys_of(section):
            yield name
