"""What is wrong with a score or worth knowing, told so that its author finds the place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

MAX_MESSAGE_CHARS = 300

Severity = Literal["error", "warning", "info"]
Origin = Literal["conductor", "podium"]
Outlook = Literal["unknown", "refused", "fails"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a score.

    `origin` says whose rule it is: "conductor" for what a conductor itself would refuse or warn
    of, "podium" for what only Podium refuses or remarks on. `path` is dotted ("sheet.fan_out.2",
    "validations.0.path") and empty for the score as a whole. An error keeps the score from being
    submitted; a warning or an info does not. `outlook` is what is certain to come of a submit all
    the same: that the conductor it is meant for refuses it, or that every sheet fails.
    """

    severity: Severity
    line: int  # counted from 1, as editors do
    column: int  # counted from 1, in characters
    path: str
    message: str
    origin: Origin = "conductor"
    outlook: Outlook = field(default="unknown", kw_only=True)

    def to_dict(self) -> dict[str, str | int]:
        """The finding as the API shows it: its words tell the outlook."""
        shown = asdict(self)
        del shown["outlook"]
        return shown


def shortened(message: str) -> str:
    """The message, cut off where it goes on for too long."""
    if len(message) > MAX_MESSAGE_CHARS:
        return message[: MAX_MESSAGE_CHARS - 1] + "…"
    return message


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings by line and column, errors first where they meet."""
    rank = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(findings, key=lambda f: (f.line, f.column, rank[f.severity], f.path)))


def clipped(text: object, limit: int = 40) -> str:
    """The start of the author's own text, on one line and printable."""
    whole = str(text) if not isinstance(text, int) or abs(text) < 10**18 else "a huge number"
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in whole[:limit])
    return shown + "…" if len(whole) > limit else shown


def quoted(text: object, limit: int = 40) -> str:
    """The start of the author's own text in quotes, fit to stand in a message."""
    return f"'{clipped(text, limit)}'"
