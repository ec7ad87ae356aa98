"""Conditions of validations: `sheet_num >= 2 and stage != 3`. A small language, never `eval`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

MAX_LENGTH = 1000
MAX_DEPTH = 20

OPERATORS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
NAMES = frozenset(
    {
        *("sheet_num", "total_sheets", "stage", "instance", "fan_count", "total_stages"),
        *("start_item", "end_item"),
    }
)


class BadCondition(ValueError):
    """A condition outside the small language; says what is wrong with it."""


def parse(text: str) -> ast.expr:
    """The condition, checked.

    Raises:
        BadCondition: not comparisons of known names and whole numbers joined by and, or, not.
    """
    if len(text) > MAX_LENGTH:
        raise BadCondition(f"The condition is longer than {MAX_LENGTH} characters.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadCondition(f"The condition {text!r} cannot be read.") from error
    _check(tree, 0)
    return tree


def is_met(text: str, values: Mapping[str, int]) -> bool:
    """Whether the condition holds for a sheet's numbers.

    Raises:
        BadCondition: see `parse`.
    """
    return _truth(parse(text), values)


def _check(node: ast.expr, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadCondition("The condition is nested too deeply.")
    match node:
        case ast.BoolOp(values=parts):
            for part in parts:
                _check(part, depth + 1)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand, depth + 1)
        case ast.Compare(left=left, ops=ops, comparators=right):
            for term in (left, *right):
                _check_term(term)
            for op in ops:
                if type(op) not in OPERATORS:
                    raise BadCondition("Only ==, !=, <, <=, > and >= can compare.")
        case ast.Constant(value=bool()):
            return
        case _:
            raise BadCondition(f"{ast.unparse(node)!r} is not a comparison.")


def _check_term(node: ast.expr) -> None:
    match node:
        case ast.Name(id=name) if name in NAMES:
            return
        case ast.Name(id=name):
            raise BadCondition(f"The name {name!r} is not known; known are {_known()}.")
        case ast.Constant(value=int()):
            return
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
            return
        case _:
            raise BadCondition(f"{ast.unparse(node)!r} is neither a known name nor a whole number.")


def _known() -> str:
    return ", ".join(sorted(NAMES))


def _truth(node: ast.expr, values: Mapping[str, int]) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_truth(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_truth(part, values) for part in parts)
        case ast.UnaryOp(operand=operand):
            return not _truth(operand, values)
        case ast.Compare(left=left, ops=ops, comparators=right):
            terms = [_number(term, values) for term in (left, *right)]
            pairs = zip(ops, terms, terms[1:], strict=False)
            return all(OPERATORS[type(op)](a, b) for op, a, b in pairs)
        case ast.Constant(value=value):
            return bool(value)
    raise BadCondition("not a condition")  # `_check` lets nothing else through


def _number(node: ast.expr, values: Mapping[str, int]) -> int:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(operand=ast.Constant(value=int() as value)):
            return -value
    raise BadCondition("not a number")
