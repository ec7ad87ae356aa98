"""Scores for tests: valid defaults, the test states what matters."""

from __future__ import annotations

import json
from typing import Any

import yaml

from jobs.scores import JobConfig, Verdict, parse_score


def make_values(**changed: Any) -> dict[str, Any]:
    """The values of a small valid score, some of them changed."""
    values: dict[str, Any] = {
        "name": "small",
        "sheet": {"size": 1, "total_items": 3},
        "prompt": {"template": "echo {{ sheet_num }}"},
    }
    return {**values, **changed}


def make_score(**changed: Any) -> str:
    """The text of a small valid score, some of its values changed."""
    return yaml.safe_dump(make_values(**changed), sort_keys=False)


def make_config(**changed: Any) -> JobConfig:
    """A small score as the conductor reads it."""
    return JobConfig.from_values(make_values(**changed))


def messages(verdict: Verdict, severity: str = "error") -> list[str]:
    """What the findings of one severity say."""
    return [f.message for f in verdict.findings if f.severity == severity]


def told(text: str | bytes) -> list[tuple[int, int, str]]:
    """Line, column and path of each error in a score."""
    errors = (f for f in parse_score(text).findings if f.severity == "error")
    return [(f.line, f.column, f.path) for f in errors]


def as_json(value: Any) -> Any:
    """A value as JSON has it: every key a text."""
    return json.loads(json.dumps(value))
