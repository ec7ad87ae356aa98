"""From bytes to plain values, safely: what a score's YAML says, and where it says it.

Three passes, each bounded by the one before: libyaml's events (depth and aliases, nothing built),
its node tree (positions), then values of the safe types only. PyYAML's C loader silently ignores
an overridden `compose_node`, and keeps the last of two equal keys; hence the pass over the events
and the building of our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import Node

from jobs.scores.building import Builder, Unbuildable
from jobs.scores.collecting import collector_paused
from jobs.scores.findings import Finding
from jobs.scores.limits import ScoreLimits
from jobs.scores.scanning import Refused, malformed, scan


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a score: its values and node tree, or the reason why not."""

    data: Any
    root: Node | None
    findings: tuple[Finding, ...]


def read(source: str | bytes, limits: ScoreLimits) -> Reading:
    """The values of a score; never raises for bad input."""
    try:
        text = decode(source, limits.max_bytes)
        with collector_paused():
            root = yaml.compose(text, scan(text, limits))
            if root is None:
                raise Refused(Finding("error", 1, 1, "", "The score is empty."))
            builder = Builder(limits.max_findings)
            return Reading(builder.build(root), root, tuple(builder.findings))
    except Refused as refusal:
        return Reading(None, None, (refusal.finding,))
    except yaml.YAMLError as error:  # of the node tree: an unknown alias, a second document
        return Reading(None, None, (malformed(error, text),))
    except Unbuildable as refusal:
        return Reading(None, None, (*builder.findings, refusal.finding))


def decode(source: str | bytes, max_bytes: int) -> str:
    """The text of a score file, which has to be UTF-8.

    Raises:
        Refused: too large, or not text.
    """
    if len(source) > max_bytes:  # of a text: characters, of which none is less than a byte
        raise _too_large(max_bytes)
    try:
        data = source.encode("utf-8") if isinstance(source, str) else source
        text = source if isinstance(source, str) else source.decode("utf-8")
    except UnicodeDecodeError as error:
        message = "The score is not a text file: this byte is not valid UTF-8."
        raise _not_text(message, error.object[: error.start].decode("utf-8")) from error
    except UnicodeEncodeError as error:
        message = "This is half a character: it cannot be written as UTF-8."
        raise _not_text(message, error.object[: error.start]) from error
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return text


def _too_large(max_bytes: int) -> Refused:
    message = f"The score is too large: at most {max_bytes:,} bytes are read."
    return Refused(Finding("error", 1, 1, "", message, "podium"))


def _not_text(message: str, before: str) -> Refused:
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Refused(Finding("error", line, column, "", message))
