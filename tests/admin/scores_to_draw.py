"""Scores for the graph and the timeline: only their shape matters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from jobs.registry.models import Score, ScoreVersion
from jobs.scores import Expansion, parse_score


def shaped(
    items: int,
    fan_out: Mapping[int, int] | None = None,
    dependencies: Mapping[int, Iterable[int]] | None = None,
    names: Mapping[int, str] | None = None,
) -> str:
    """A score's text."""
    lines = [
        "name: shaped",
        "workspace: ./shaped",
        "instrument: cli",
        "sheet:",
        "  size: 1",
        f"  total_items: {items}",
    ]
    if fan_out:
        lines += ["  fan_out:", *(f"    {stage}: {count}" for stage, count in fan_out.items())]
    if dependencies:
        lines.append("  dependencies:")
        lines += [f"    {number}: {sorted(set(of))}" for number, of in dependencies.items()]
    if names:
        lines.append("  descriptions:")
        lines += [f"    {number}: {name!r}" for number, name in names.items()]
    return "\n".join([*lines, "prompt:", "  template: echo", ""])


def expansion(
    items: int,
    fan_out: Mapping[int, int] | None = None,
    dependencies: Mapping[int, Iterable[int]] | None = None,
) -> Expansion:
    """The sheets of such a score, which is acceptable."""
    verdict = parse_score(shaped(items, fan_out, dependencies))
    assert verdict.summary
    assert verdict.is_valid
    return verdict.summary.sheets


def kept(text: str, name: str = "shaped") -> ScoreVersion:
    """A version of a score with this text."""
    score, _ = Score.objects.get_or_create(name=name)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    number = score.versions.count() + 1
    return ScoreVersion.objects.create(
        score=score, number=number, sha256=sha256, text=text, author_name="olga"
    )
