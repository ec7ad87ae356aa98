"""A score's YAML as the conductor reads it: no rule of Podium's, yet nothing that hangs."""

from __future__ import annotations

from typing import Any

import yaml

from jobs.scores.limits import ScoreLimits
from jobs.scores.scanning import Refused, scan

# Deeper nesting ends the conductor's pure-Python reader with a RecursionError, and more aliases
# would keep it busy for good: both are refusals, only faster ones.
CONDUCTOR_LIMITS = ScoreLimits(max_depth=450, max_alias_nodes=1_000_000)
# The conductor's reader says other words than libyaml where it refuses, and takes 5 s for 1 MB.
CHARS_TO_REREAD = 65_536


def load_mapping(text: str, name: str = "<unicode string>") -> dict[Any, Any]:
    """The values of a score, of two equal keys the last, as the conductor has it.

    Args:
        text: The score.
        name: The file's name, for the words of a refusal.

    Raises:
        ValueError: not a mapping.
        yaml.YAMLError: not YAML, or one that would hang its reader.
    """
    data = _load(text, name)
    if not isinstance(data, dict):
        raise ValueError(
            "The score is empty or no mapping: it needs at least 'name', 'sheet' and 'prompt'."
        )
    return data


def _load(text: str, name: str) -> Any:
    try:
        scan(text, CONDUCTOR_LIMITS)
        return yaml.load(text, yaml.CSafeLoader)
    except Refused as refusal:
        if not isinstance(refusal.__cause__, yaml.YAMLError):
            raise yaml.YAMLError(refusal.finding.message) from refusal
        if len(text) > CHARS_TO_REREAD:
            raise refusal.__cause__ from None
    except yaml.YAMLError:
        if len(text) > CHARS_TO_REREAD:
            raise
    loader = yaml.SafeLoader(text)
    loader.name = name
    try:
        return loader.get_single_data()
    except RecursionError as error:
        raise yaml.YAMLError("The YAML is nested too deeply.") from error
    finally:
        loader.dispose()
