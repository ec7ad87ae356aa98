"""Documents made from a JSON Schema, and ways to spoil them.

Only as much of JSON Schema as the score's schema uses.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import jobs.scores

SCHEMA: dict[str, Any] = json.loads(
    (Path(jobs.scores.__file__).parent / "score.schema.json").read_text(encoding="utf-8")
)
DEFINITIONS: dict[str, Any] = SCHEMA["$defs"]

Maker = Callable[[dict[str, Any], str], st.SearchStrategy[Any]]

# Keyed by sheet, stage or movement; JSON Schema cannot say that these keys are numbers.
NUMBERED = frozenset(
    {
        *("descriptions", "dependencies", "spec_tags", "skip_when", "cadenzas", "movements"),
        *(
            "prompt_extensions",
            "spec_tags",
            "skip_when_command",
            "fan_out",
            "fan_out_stage_map",
            "per_sheet_instruments",
        ),
        *("per_sheet_instrument_config", "per_sheet_fallbacks"),
        *("timeout_overrides", "sheet_overrides"),
    }
)
TEXTS = st.sampled_from(["", " ", "a", "cli", "sheet {sheet_num}", "(", "^a+$", "1", "ä\n"])
# Even ones spelled as numbers, odd ones as texts: 1 and "1" would be one key in JSON.
NUMBERS = st.integers(1, 6).map(lambda n: str(n) if n % 2 else n)
JUNK: tuple[Any, ...] = (None, [], {}, [None], {"a": 1}, "no such value", 10**9, -(10**9), -0.5)


def documents(schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Values that a schema accepts; `name` is the key that they are for."""
    if "$ref" in schema:
        return st.deferred(lambda: documents(DEFINITIONS[schema["$ref"].split("/")[-1]], name))
    if "anyOf" in schema:
        return st.one_of(*(documents(choice, name) for choice in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    make: Maker = _MAKERS[schema["type"]]
    return make(schema, name)


def _text(schema: dict[str, Any], _: str) -> st.SearchStrategy[str]:
    if "pattern" in schema or "minLength" in schema:
        return st.sampled_from(["a", "cli", "branch-1"])
    return TEXTS


def _integer(schema: dict[str, Any], _: str) -> st.SearchStrategy[int]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -3) + 1)
    return st.integers(low, schema.get("maximum", low + 8))


def _number(schema: dict[str, Any], _: str) -> st.SearchStrategy[float]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", low + 100)
    return st.one_of(
        st.floats(low, high, exclude_min="exclusiveMinimum" in schema),
        st.integers(low + 1, max(int(high), low + 1)) if high > low + 1 else st.just(high),
    )


def _array(schema: dict[str, Any], _: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(documents(schema["items"]), max_size=3)


def _object(schema: dict[str, Any], name: str) -> st.SearchStrategy[dict[Any, Any]]:
    if "properties" not in schema:
        free = schema["additionalProperties"]
        values = st.one_of(TEXTS, st.none()) if free is True else documents(free)
        return st.dictionaries(NUMBERS if name in NUMBERED else TEXTS, values, max_size=3)
    properties = {key: documents(value, key) for key, value in schema["properties"].items()}
    required = {key: properties.pop(key) for key in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=properties)


_MAKERS: dict[str, Maker] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": lambda schema, name: st.booleans(),
    "null": lambda schema, name: st.none(),
    "array": _array,
    "object": _object,
}


@st.composite
def spoiled(draw: st.DrawFn, strategy: st.SearchStrategy[Any]) -> Any:
    """A document with one thing changed: a value replaced, a key taken away or invented."""
    document = copy.deepcopy(draw(strategy))
    places = list(_places(document))
    if not places:
        return {"no_such_key": 1}
    container, key = draw(st.sampled_from(places))
    change = draw(st.sampled_from(["replace", "drop", "invent"]))
    if change == "replace":
        container[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    elif change == "drop":
        del container[key]
    elif isinstance(container, dict):
        container["no_such_key"] = 1
    return document


def _places(value: Any) -> Any:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])
