"""How much of a score is read before Podium says that it is too much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScoreLimits:
    """Bounds that are Podium's own, stricter than a conductor's. All are checked before the work.

    The real conductor expands a score on its only event loop, quadratically (measured: 40,000
    sheets hold it for 8 s), so a score past these bounds must not reach it.
    """

    max_bytes: int = 1_048_576
    max_depth: int = 100  # levels of nesting in the YAML
    max_nodes: int = 200_000  # keys and values as written
    max_alias_nodes: int = 100_000  # YAML nodes that aliases stand for, once written out
    max_sheets: int = 10_000  # after expansion
    max_links: int = 1_000_000  # dependencies between sheets, after expansion
    max_findings: int = 200  # further ones are counted, not listed
