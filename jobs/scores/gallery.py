"""The shipped samples as templates: what of them may be filled in, and filling it in safely.

A value is put in the place of a YAML scalar or flow list that stands in the sample, as YAML; what
comes out is read back and has to be the sample with exactly those values changed. So a value can
never become structure. Scripts take values through Jinja variables that are quoted for the shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from jobs.scores.loading import load_mapping
from jobs.scores.samples import Sample, samples
from jobs.terms import JOB_NAME_PATTERN, JOB_NAME_RULE

MAX_LETTERS: Final = 500
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")

Kind = Literal["name", "text", "number", "choice", "lines"]
Step = str | int


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing that may be filled in."""

    key: str
    label: str
    kind: Kind
    at: tuple[tuple[Step, ...], ...]  # the places of the score that hold it
    default: str  # as it stands in the sample; of several lines for a list
    help: str = ""
    least: int = 0
    most: int = 1_000_000
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """One sample with its form."""

    sample: Sample
    shows: str  # what there is to learn from it, in a few words
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of filling in; with faults the text is the sample's own."""

    text: str
    faults: Mapping[str, str]  # by the variable's key


@cache
def templates() -> tuple[Template, ...]:
    """All templates, in the order in which a newcomer should meet them."""
    text = (files("jobs.scores.samples") / "forms.yaml").read_text(encoding="utf-8")
    forms: Mapping[str, Any] = yaml.safe_load(text)
    return tuple(_template(sample, forms[sample.slug]) for sample in samples())


def fill(template: Template, given: Mapping[str, str]) -> Filled:
    """The sample with values filled in; one that is missing keeps what the sample says."""
    faults: dict[str, str] = {}
    changes: list[tuple[tuple[Step, ...], Any]] = []
    for variable in template.variables:
        text = given.get(variable.key, variable.default)
        try:
            value = _value(variable, text)
        except ValueError as error:
            faults[variable.key] = str(error)
            continue
        if text != variable.default:
            changes += [(path, value) for path in variable.at]
            if variable.kind == "name" and _is_workspace_of(template, variable):
                changes.append((("workspace",), f"./{value}"))
    if faults:
        return Filled(template.sample.text, faults)
    return Filled(_changed(template.sample.text, changes), {})


def _is_workspace_of(template: Template, name: Variable) -> bool:
    """Whether the sample's workspace is a folder of its name, and so follows it."""
    return bool(load_mapping(template.sample.text).get("workspace") == f"./{name.default}")


def _template(sample: Sample, form: Mapping[str, Any]) -> Template:
    values = load_mapping(sample.text)
    return Template(
        sample=sample,
        shows=form["shows"],
        variables=tuple(
            Variable(
                key=key,
                label=told["label"],
                kind=told["kind"],
                at=tuple(tuple(path) for path in told["at"]),
                default=_written(_at(values, told["at"][0])),
                help=told.get("help", ""),
                least=told.get("least", 0),
                most=told.get("most", 1_000_000),
                choices=tuple(str(choice) for choice in told.get("choices", ())),
            )
            for key, told in form["variables"].items()
        ),
    )


def _written(value: Any) -> str:
    return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _at(values: Any, path: tuple[Step, ...] | list[Step]) -> Any:
    for step in path:
        values = values[step]
    return values


def _value(variable: Variable, text: str) -> Any:
    """What is meant by a text.

    Raises:
        ValueError: it is not acceptable; the message says why.
    """
    text = text.replace("\r\n", "\n")
    if _UNFIT.search(text) or (variable.kind != "lines" and "\n" in text):
        raise ValueError("This holds a character that cannot be used here.")
    if variable.kind == "number":
        return _number(variable, text.strip())
    if variable.kind == "choice":
        if text not in variable.choices:
            raise ValueError(f"Choose one of {', '.join(variable.choices)}.")
        return yaml.safe_load(text)
    if variable.kind == "lines":
        lines = [line for line in text.split("\n") if line.strip()]
        if not max(1, variable.least) <= len(lines) <= variable.most:
            raise ValueError(f"Give {max(1, variable.least)} to {variable.most} lines.")
        if any(len(line) > MAX_LETTERS for line in lines):
            raise ValueError(f"A line may have at most {MAX_LETTERS} letters.")
        return lines
    if variable.kind == "name" and not re.fullmatch(JOB_NAME_PATTERN, text):
        raise ValueError(f"This cannot be a job's name: {JOB_NAME_RULE}.")
    if not text.strip() or len(text) > MAX_LETTERS:
        raise ValueError(f"Give 1 to {MAX_LETTERS} letters.")
    return text


def _number(variable: Variable, text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    if not is_number or not variable.least <= int(text) <= variable.most:
        raise ValueError(f"Give a whole number from {variable.least:,} to {variable.most:,}.")
    return int(text)


def _changed(text: str, changes: list[tuple[tuple[Step, ...], Any]]) -> str:
    """The text with values in the place of others; all around them stays, comments too."""
    root: Node = yaml.compose(text, yaml.SafeLoader)  # type: ignore[assignment]  # never empty
    wanted = deepcopy(load_mapping(text))
    spans = []
    for path, value in changes:
        node = _node(root, path)
        spans.append((node.start_mark.index, node.end_mark.index, _as_yaml(value)))
        _at(wanted, path[:-1])[path[-1]] = value
    for start, end, written in sorted(spans, reverse=True):
        text = text[:start] + written + text[end:]
    if load_mapping(text) != wanted:
        raise AssertionError("A value has changed more of the template than its own place.")
    return text


def _node(node: Node, path: tuple[Step, ...]) -> Node:
    for step in path:
        if isinstance(node, SequenceNode):
            node = node.value[int(step)]
        elif isinstance(node, MappingNode):
            node = next(value for key, value in node.value if key.value == str(step))
    return node


def _as_yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_as_yaml(item) for item in value)}]"
    if not isinstance(value, str):
        return yaml.safe_dump(value).split("\n", 1)[0]
    if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10**9).rstrip("\n")
