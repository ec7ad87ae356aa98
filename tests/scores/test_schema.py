"""Is a document of the schema a score, and is what the schema refuses none?"""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import jobs.scores.models
from jobs.scores import JobConfig, parse_score
from jobs.scores.models.section import Section
from tests.scores.generating import DEFINITIONS, SCHEMA, documents, spoiled
from tests.scores.writing import as_json

QUICK = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _sections() -> dict[str, type[BaseModel]]:
    for module in pkgutil.iter_modules(jobs.scores.models.__path__):
        importlib.import_module(f"jobs.scores.models.{module.name}")
    return {model.__name__: model for model in Section.__subclasses__()}


SECTIONS = _sections()
NAMES = sorted(name for name in DEFINITIONS if name in SECTIONS)


def _plain(schema: Any) -> Any:
    """A schema without titles and descriptions."""
    if isinstance(schema, dict):
        words = {"title", "description"}
        kept = {k: v for k, v in schema.items() if k not in words or isinstance(v, dict)}
        return {key: _plain(value) for key, value in kept.items()}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def _is_valid(document: Any, name: str | None) -> bool:
    schema = SCHEMA if name is None else {"$defs": DEFINITIONS, "$ref": f"#/$defs/{name}"}
    return jsonschema.Draft202012Validator(schema).is_valid(as_json(document))


def _refusals(document: Any, name: str | None) -> set[str]:
    """The kinds of errors in a document; `value_error` is a rule that no schema can say."""
    model = JobConfig if name is None else SECTIONS[name]
    try:
        model.model_validate(document)
    except ValidationError as error:
        return {detail["type"] for detail in error.errors(include_url=False)}
    return set()


def test_models_have_exactly_the_schema_of_the_conductor() -> None:
    assert _plain(JobConfig.model_json_schema()) == SCHEMA


def test_every_section_of_the_schema_is_a_model() -> None:
    enums = {name for name, schema in DEFINITIONS.items() if "enum" in schema}
    assert set(NAMES) | enums == set(DEFINITIONS)


@pytest.mark.parametrize("name", NAMES)
def test_document_of_the_schema_breaks_at_most_a_rule(name: str) -> None:
    @QUICK
    @given(documents(DEFINITIONS[name]))
    def check(document: Any) -> None:
        assert _is_valid(document, name)
        assert _refusals(document, name) <= {"value_error"}

    check()


@pytest.mark.parametrize("name", NAMES)
def test_spoiled_document_is_refused_where_the_schema_refuses_it(name: str) -> None:
    @QUICK
    @given(spoiled(documents(DEFINITIONS[name])))
    def check(document: Any) -> None:
        refusals = _refusals(document, name)
        if _is_valid(document, name):
            assert refusals <= {"value_error", "int_parsing"}  # the latter: a key no number
        else:
            assert refusals

    check()


@QUICK
@given(st.one_of(documents(SCHEMA), spoiled(documents(SCHEMA))))
def test_verdict_on_whole_score_agrees_with_the_schema(document: Any) -> None:
    # JSON is YAML, but for lone surrogates and the like, which none of the texts hold.
    verdict = parse_score(json.dumps(document))
    if _is_valid(document, None):
        assert verdict.accepted_by_conductor or verdict.findings
    else:
        assert not verdict.accepted_by_conductor
        assert not verdict.is_valid
    accepted = not _refusals(as_json(document), None)
    assert verdict.accepted_by_conductor == accepted


@QUICK
@given(documents(SCHEMA))
def test_verdict_on_a_score_is_the_one_of_job_config(document: Any) -> None:
    text = json.dumps(document)
    try:
        config = JobConfig.from_yaml_string(text)
    except ValidationError:
        assert not parse_score(text).accepted_by_conductor
    else:
        assert parse_score(text).config == config
