"""The reference names every key that a score may have, and nothing else."""

from __future__ import annotations

import pytest
import yaml

from jobs.scores import parse_score
from jobs.scores.models.job import JobConfig
from jobs.scores.models.section import Section
from jobs.scores.reference import ROOT, TEMPLATE_NAMES, _descriptions, as_json, reference
from jobs.scores.render import template_variables
from tests.scores.writing import make_score


def sections(section: type[Section] = Section) -> list[type[Section]]:
    return [s for child in section.__subclasses__() for s in (child, *sections(child))]


def test_every_key_of_every_section_is_described() -> None:
    wanted = {
        section.__name__: {f.alias or name for name, f in section.model_fields.items()}
        for section in sections()
        if section.__module__.startswith("jobs.scores.")
    }
    assert {name: set(texts) for name, texts in _descriptions().items()} == wanted
    assert set(reference()) == set(wanted)


def test_descriptions_are_sentences() -> None:
    for section in reference().values():
        assert section.doc.endswith(".")
        for key in section.keys:
            assert key.doc[-1] in ".?", key
            assert 3 < len(key.doc) < 140, key


def key_of(section: str, name: str) -> object:
    return next(key for key in reference()[section].keys if key.name == name)


@pytest.mark.parametrize(
    ("section", "name", "words"),
    [
        ("RetryConfig", "max_retries", "whole number, at least 0"),
        ("ParallelConfig", "max_concurrent", "whole number, at least 1, at most 20"),
        ("CostLimitConfig", "max_cost_per_job", "number, more than 0"),
        ("SheetConfig", "fan_out", "whole numbers by number"),
        ("SheetConfig", "dependencies", "lists of whole numbers by number"),
        ("SheetConfig", "skip_when_command", "sections by number"),
        ("JobConfig", "validations", "list of sections"),
        ("JobConfig", "instrument", "text, not empty"),
        ("JobConfig", "workspace", "path"),
        ("LogConfig", "format", "one of json, console, both"),
        ("JobConfig", "state_backend", "json or sqlite"),
    ],
)
def test_types_are_told_in_words(section: str, name: str, words: str) -> None:
    assert getattr(key_of(section, name), "type") == words  # noqa: B009 (typed as object)


def test_defaults_are_those_of_the_models() -> None:
    for section in reference().values():
        for key in section.keys:
            if key.default:
                yaml.safe_load(key.default)
    retry = {key.name: key.default for key in reference()["RetryConfig"].keys}
    assert retry["max_retries"] == "3"
    assert retry["jitter"] == "true"


def test_required_keys_are_those_without_which_a_score_is_refused() -> None:
    required = {key.name for key in reference()[ROOT].keys if key.is_required}
    assert required == {"name", "sheet", "prompt"}


def test_template_names_are_those_that_a_template_sees() -> None:
    verdict = parse_score(make_score())
    assert isinstance(verdict.config, JobConfig)
    assert verdict.summary is not None
    seen = template_variables(verdict.config, verdict.summary.sheets.plan(1), "/w")
    assert set(TEMPLATE_NAMES) <= set(seen)


def test_json_leads_from_the_whole_score_to_every_section() -> None:
    told = as_json()
    reached, waiting = set(), [told["root"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [key["section"] for key in told["sections"][name] if key["section"]]
    assert reached == set(told["sections"])
