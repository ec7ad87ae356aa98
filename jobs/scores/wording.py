"""The conductor's refusals in words for an operator, each at its place.

The conductor reports pydantic's errors, as its recorded refusals show; here each kind of them gets
a sentence that says what to write instead.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from jobs.scores.findings import Finding, clipped, quoted
from jobs.scores.positions import Path, Positions
from jobs.scores.sections import close_match, likely_key


def worded(error: ValidationError, positions: Positions, max_findings: int) -> Iterator[Finding]:
    """One finding per refusal; those past the limit are only counted."""
    details = error.errors(include_url=False)
    for detail in details[:max_findings]:
        yield _finding(detail, positions)
    if len(details) > max_findings:
        message = f"There are {len(details) - max_findings:,} more errors of this kind."
        yield positions.finding("error", (), message)


def _finding(detail: ErrorDetails, positions: Positions) -> Finding:
    path: Path = tuple(detail["loc"])
    at_key = detail["type"] == "extra_forbidden"
    context = detail.get("ctx", {})
    if path and path[-1] == "[key]":
        path, at_key = path[:-1], True
        message = f"{quoted(path[-1])} cannot be a key here: it has to be a whole number."
    elif detail["type"] == "value_error":
        path, at_key = (*path, *context.get("at", ())), bool(context.get("at_key"))
        message = str(context.get("said", detail["msg"]))
    else:
        message = _message(detail["type"], path, detail["input"], context)
    return positions.finding("error", path, message, at_key=at_key)


def _message(kind: str, path: Path, given: Any, context: dict[str, Any]) -> str:
    if kind == "missing":
        return f"{quoted(path[-1])} is missing: it is required here."
    if kind == "extra_forbidden":
        hint = likely_key(str(path[-1]), path[:-1])
        return f"{quoted(path[-1])} is not known here." + (f" {hint}" if hint else "")
    if kind in ("literal_error", "enum"):
        return _choice(given, str(context["expected"]))
    for name, words in _BOUNDS.items():
        if name in context:
            return f"This has to be {words(context[name])}, not {_told(given)}."
    wanted = next((words for prefix, words in _WANTED.items() if kind.startswith(prefix)), None)
    if wanted is None:
        return f"This is not accepted: {_told(given)}."
    return f"This has to be {wanted}, not {_told(given)}.{_remedy(kind, given)}"


_BOUNDS: dict[str, Callable[[Any], str]] = {
    "ge": lambda bound: f"at least {bound:g}",
    "gt": lambda bound: f"more than {bound:g}",
    "le": lambda bound: f"at most {bound:g}",
    "min_length": lambda bound: f"a text of at least {bound} characters",
    "max_length": lambda bound: f"a text of at most {bound} characters",
    "pattern": lambda bound: f"a text of the form {bound}",
}

# By the beginning of pydantic's name for the error.
_WANTED = {
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "string_": "text",
    "path_": "a path",
    "list_": "a list",
    "dict_": "a mapping of keys to values",
    "model_": "a mapping of keys to values",
}


def _choice(given: Any, expected: str) -> str:
    """`expected` is pydantic's "'a', 'b' or 'c'"."""
    close = (
        close_match(given, tuple(re.findall(r"'([^']*)'", expected))) if _is_text(given) else None
    )
    hint = f" Did you mean '{close}'?" if close else ""
    return f"This has to be {expected}, not {_told(given)}.{hint}"


def _told(given: Any) -> str:
    """What was given, in a few words whatever it was."""
    if given is None:
        return "nothing"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return clipped(given)
    if isinstance(given, str):
        return quoted(given) if given else "an empty text"
    if isinstance(given, datetime.date):
        return "a date"
    if isinstance(given, bytes):
        return "binary data"
    return "a mapping" if isinstance(given, dict) else "a list"


def _remedy(kind: str, given: Any) -> str:
    """YAML takes much for numbers, dates and truth values that was meant as text."""
    if kind.startswith(("string_", "path_")) and isinstance(given, int | float | datetime.date):
        return " Put it in quotes if text is meant."
    return ""


def _is_text(given: Any) -> bool:
    return isinstance(given, str) and bool(given)
