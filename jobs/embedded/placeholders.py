"""`{workspace}`, `{sheet_num}` and their like in validation paths and commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from jobs.scores import SheetPlan

NAMES = re.compile(
    r"(?<!\$)\{(workspace|sheet_num|total_sheets|stage|instance|fan_count|total_stages"
    r"|start_item|end_item)\}"
)

Values = dict[str, str | int]


def values_for(plan: SheetPlan, workspace: str, total_sheets: int, total_stages: int) -> Values:
    """What the names stand for at one sheet."""
    return {
        "workspace": workspace,
        "sheet_num": plan.number,
        "total_sheets": total_sheets,
        "stage": plan.stage,
        "instance": plan.instance,
        "fan_count": plan.fan_count,
        "total_stages": total_stages,
        "start_item": plan.start_item,
        "end_item": plan.end_item,
    }


def fill(text: str, values: Values) -> str:
    """The text with its names filled in; other braces, and bash's `${name}`, stay as they are."""
    return _fill(text, values, str)


def fill_command(text: str, values: Values) -> str:
    """As `fill`, each value quoted for the shell."""
    return _fill(text, values, shlex.quote)


def _fill(text: str, values: Values, form: Callable[[str], str]) -> str:
    return NAMES.sub(lambda match: form(str(values[match[1]])), text)
