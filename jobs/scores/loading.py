"""A score's YAML as the conductor reads it: no rule of Podium's, yet nothing that hangs."""

from __future__ import annotations

from typing import Any

import yaml

from jobs.scores.collecting import collector_paused
from jobs.scores.limits import ScoreLimits
from jobs.scores.scanning import Loader, Refused, scan

# Deeper nesting ends the conductor's pure-Python reader with a RecursionError, and more aliases
# would keep it busy for good: both are refusals, only faster ones.
CONDUCTOR_LIMITS = ScoreLimits(max_depth=450, max_nodes=10**9, max_alias_nodes=10**6)


def load_mapping(text: str, name: str | None = None) -> dict[Any, Any]:
    """The values of a score, of two equal keys the last, as the conductor has it.

    Args:
        text: The score.
        name: The file's name, for the words of a refusal; None for a text without a file.

    Raises:
        ValueError: not a mapping.
        yaml.YAMLError: not YAML, or one that would hang its reader.
    """
    try:
        with collector_paused():
            loader = scan(text, CONDUCTOR_LIMITS)
            # What is no mapping need not be built to be refused.
            data = None
            if _may_be_mapping(text, loader):
                data = yaml.load(text, loader)  # noqa: S506 (safe loaders only)
    except Refused as refusal:
        if isinstance(refusal.__cause__, yaml.YAMLError):
            raise _named(refusal.__cause__, name) from None
        raise yaml.YAMLError(refusal.finding.message) from refusal
    except yaml.YAMLError as error:
        raise _named(error, name) from None
    except RecursionError as error:
        raise yaml.YAMLError("The YAML is nested too deeply.") from error
    except (LookupError, AttributeError, OverflowError, TypeError) as error:
        # PyYAML's own constructors stumble over texts that their tags do not allow.
        raise ValueError("The score holds a value that its tag does not allow.") from error
    if not isinstance(data, dict):
        raise ValueError(
            "The score is empty or no mapping: it needs at least 'name', 'sheet' and 'prompt'."
        )
    return data


def _may_be_mapping(text: str, loader: Loader) -> bool:
    """False where the text's first node is a list or a scalar; a well formed text is given."""
    first = next((e for e in yaml.parse(text, loader) if isinstance(e, yaml.NodeEvent)), None)
    return isinstance(first, yaml.MappingStartEvent)


def _named(error: yaml.YAMLError, name: str | None) -> yaml.YAMLError:
    """The error in the words it has for a file: its name, and no excerpt."""
    if name is None or not isinstance(error, yaml.MarkedYAMLError):
        return error
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None:
            mark.name = name
            if isinstance(mark, yaml.Mark):
                mark.buffer = None
    return error
