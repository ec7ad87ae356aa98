"""A score's YAML as the conductor reads it: no rule of Podium's, yet nothing that hangs."""

from __future__ import annotations

from typing import Any

import yaml

from jobs.scores.limits import ScoreLimits
from jobs.scores.scanning import Refused, scan

# Deeper nesting ends the conductor's pure-Python reader with a RecursionError, and more aliases
# would keep it busy for good: both are refusals, only faster ones.
CONDUCTOR_LIMITS = ScoreLimits(max_bytes=16_777_216, max_depth=450, max_alias_nodes=1_000_000)


def load_mapping(text: str) -> dict[Any, Any]:
    """The values of a score, of two equal keys the last, as the conductor has it.

    Raises:
        ValueError: not a mapping.
        yaml.YAMLError: not YAML, or one that would hang its reader.
    """
    try:
        scan(text, CONDUCTOR_LIMITS)
    except Refused as refusal:
        if isinstance(refusal.__cause__, yaml.YAMLError):
            raise refusal.__cause__ from None
        raise yaml.YAMLError(refusal.finding.message) from refusal
    data = yaml.load(text, yaml.CSafeLoader)
    if not isinstance(data, dict):
        raise ValueError(
            "The score is empty or no mapping: it needs at least 'name', 'sheet' and 'prompt'."
        )
    return data
