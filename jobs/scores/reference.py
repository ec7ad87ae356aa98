"""Every key that a score knows: its type, default and meaning, taken from the models themselves.

The editor completes and explains with it, and the reference page lists it, so neither can name a
key that the judgement does not know.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jobs.scores.models.job import JobConfig
from jobs.scores.models.section import Section

ROOT: Final = "JobConfig"

Shape = Literal["value", "section", "list", "by_number", "by_name"]

# What a template may use; the score's own `prompt.variables` come on top.
# Source: docs, score rules, "Templates see at least".
TEMPLATE_NAMES: Final[Mapping[str, str]] = {
    "sheet_num": "The number of this sheet, from 1.",
    "total_sheets": "How many sheets the job has.",
    "start_item": "The first item of this sheet.",
    "end_item": "The last item of this sheet.",
    "stage": "The stage of this sheet; without fan-out the same as sheet_num.",
    "instance": "Which sheet of its stage this is, from 1.",
    "fan_count": "How many sheets the stage has.",
    "total_stages": "How many stages there are.",
    "workspace": "The folder in which the sheet works.",
    "instrument_name": "The instrument that plays this sheet.",
    "stakes": "The text of prompt.stakes.",
    "thinking_method": "The text of prompt.thinking_method.",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section."""

    name: str  # as written in YAML
    doc: str
    type: str  # in words, with its bounds
    default: str  # as YAML; empty where there is none to speak of
    is_required: bool
    shape: Shape  # what stands below it
    section: str  # the section that it holds, or that its items are; empty for plain values
    choices: tuple[str, ...]  # the only values, where they are few


@dataclass(frozen=True, slots=True)
class SectionHelp:
    """One section, with its keys in the order of the models."""

    name: str
    doc: str
    keys: tuple[Key, ...]


@cache
def reference() -> Mapping[str, SectionHelp]:
    """All sections by name, the whole score first."""
    texts = _descriptions()
    found: dict[str, SectionHelp] = {}
    waiting: list[type[Section]] = [JobConfig]
    while waiting:
        section = waiting.pop(0)
        if section.__name__ in found:
            continue
        keys = tuple(_key(section, name, texts) for name in section.model_fields)
        doc = (section.__doc__ or "").partition("\n")[0]
        found[section.__name__] = SectionHelp(section.__name__, doc, keys)
        for field in section.model_fields.values():
            waiting.extend(_sections_in(field.annotation))
    return found


def as_json() -> dict[str, Any]:
    """The reference for the editor's script: short names, nothing that it does not need."""
    return {
        "root": ROOT,
        "sections": {
            name: [
                {
                    "key": key.name,
                    "doc": key.doc,
                    "type": key.type,
                    "default": key.default,
                    "required": key.is_required,
                    "shape": key.shape,
                    "section": key.section,
                    "choices": list(key.choices),
                }
                for key in section.keys
            ]
            for name, section in reference().items()
        },
        "names": dict(TEMPLATE_NAMES),
    }


@cache
def _descriptions() -> Mapping[str, Mapping[str, str]]:
    text = (files("jobs.scores") / "descriptions.yaml").read_text(encoding="utf-8")
    texts: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)
    return texts


def _key(section: type[Section], name: str, texts: Mapping[str, Mapping[str, str]]) -> Key:
    field = section.model_fields[name]
    written = field.alias or name
    below = next(_sections_in(field.annotation), None)
    kind = _plain(field.annotation)
    return Key(
        name=written,
        doc=texts[section.__name__][written],
        type=_type_words(field),
        default=_default(field),
        is_required=field.is_required(),
        shape=_shape(kind, below),
        section=below.__name__ if below else "",
        choices=_choices(kind),
    )


def _shape(kind: Any, below: type[Section] | None) -> Shape:
    origin = get_origin(kind)
    if origin is list:
        return "list"
    if origin is dict:
        return "by_number" if get_args(kind)[0] is int else "by_name"
    return "section" if below else "value"


def _plain(annotation: Any) -> Any:
    """The type without `| None` and without its bounds."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _plain(next(a for a in get_args(annotation) if a is not type(None)))
    return annotation


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)


def _choices(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return tuple(str(choice) for choice in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    if kind is bool:
        return ("true", "false")
    if get_origin(kind) is list:
        return _choices(_plain(get_args(kind)[0]))
    return ()


def _type_words(field: FieldInfo) -> str:
    words = _words(_plain(field.annotation))
    bounds = [*field.metadata, *_bounds_in(field.annotation)]
    said = [text for bound in bounds if (text := _bound_words(bound))]
    return ", ".join([words, *said])


def _words(kind: Any) -> str:
    simple = {int: "whole number", float: "number", bool: "true or false", Path: "path"}
    if kind in simple:
        return simple[kind]
    if kind is str:
        return "text"
    if choices := _choices(kind) if get_origin(kind) is not list else ():
        return " or ".join(choices) if len(choices) < 3 else f"one of {', '.join(choices)}"
    if get_origin(kind) is list:
        return f"list of {_many(_plain(get_args(kind)[0]))}"
    if get_origin(kind) is dict:
        key, value = get_args(kind)
        by = "number" if key is int else "name"
        return "mapping" if value is Any and key is str else f"{_many(_plain(value))} by {by}"
    return "section" if isinstance(kind, type) and issubclass(kind, Section) else "any value"


def _many(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Section):
        return "sections"
    plural = {
        int: "whole numbers",
        float: "numbers",
        str: "texts",
        Path: "paths",
        Any: "values",
    }
    if kind in plural:
        return plural[kind]
    if get_origin(kind) is dict:
        return "mappings"
    return (
        f"lists of {_many(_plain(get_args(kind)[0]))}"
        if get_origin(kind) is list
        else ("words out of " + ", ".join(_choices(kind)))
    )


def _bounds_in(annotation: Any) -> Iterator[Any]:
    for part in get_args(annotation):
        if get_origin(part) is Annotated:
            for extra in get_args(part)[1:]:
                yield from getattr(extra, "metadata", [extra])


def _bound_words(bound: Any) -> str:
    match bound:
        case annotated_types.Ge(ge=least):
            return f"at least {least:g}"
        case annotated_types.Gt(gt=least):
            return f"more than {least:g}"
        case annotated_types.Le(le=most):
            return f"at most {most:g}"
        case annotated_types.Lt(lt=most):
            return f"less than {most:g}"
        case annotated_types.MaxLen(max_length=most):
            return f"at most {most} letters"
        case annotated_types.MinLen(min_length=1):
            return "not empty"
    return ""


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default is PydanticUndefined or field.default is None:
        return ""
    value = field.default
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Path):
        value = str(value)
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
    )
