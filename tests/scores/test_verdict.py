"""Findings at their places, in words for an operator."""

from __future__ import annotations

import pytest

from jobs.scores import Finding, parse_score
from jobs.scores.advice import KNOWN_NAMES
from jobs.scores.render import template_variables
from tests.scores.writing import make_score, messages, told

WRONG = """\
name: 5
sheet:
  size: 0
  total_itmes: 3
  fan_out: {2: 3, x: 1}
flavour: y
template: z
retry:
  max_retires: 3
  base_delay_seconds: abc
prompt: {template: a}
validations:
  - type: file_exist
  - path: a
    type: content_regex
    pattern: '('
"""


def test_every_error_has_its_line_and_column() -> None:
    assert told(WRONG) == [
        (1, 7, "name"),
        (2, 1, "sheet.total_items"),
        (3, 9, "sheet.size"),
        (4, 3, "sheet.total_itmes"),
        (5, 19, "sheet.fan_out.x"),
        (6, 1, "flavour"),
        (7, 1, "template"),
        (9, 3, "retry.max_retires"),
        (10, 23, "retry.base_delay_seconds"),
        (13, 11, "validations.0.type"),
        (16, 14, "validations.1.pattern"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "This has to be text, not 5. Put it in quotes if text is meant.",
        "'total_items' is missing: it is required here.",
        "This has to be at least 1, not 0.",
        "'total_itmes' is not known here. Did you mean 'total_items'?",
        "'x' cannot be a key here: it has to be a whole number.",
        "'template' is not known here. It belongs under 'prompt'.",
        "'max_retires' is not known here. Did you mean 'max_retries'?",
        "This has to be a number, not 'abc'.",
    ],
)
def test_errors_are_worded_for_an_operator(words: str) -> None:
    assert words in messages(parse_score(WRONG))


def test_choice_names_what_is_allowed_and_what_was_likely_meant() -> None:
    (message,) = messages(parse_score(make_score(state_backend="sqlight")))
    assert message == "This has to be 'json' or 'sqlite', not 'sqlight'. Did you mean 'sqlite'?"


def test_keys_of_small_sections_are_listed() -> None:
    changed = {"sheet": {"size": 1, "total_items": 1, "prelude": [{"as": "tool", "zzz": 1}]}}
    assert "Known here: file, directory, as." in " ".join(
        messages(parse_score(make_score(**changed)))
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: &n 7\nsheet: {size: 1, total_items: 1}\nprompt: {}\n", (1, 7)),
        ("prompt: {}\nsheet: {size: 1, total_items: 1}\n'name': [\n  ]\n", (3, 9)),
        ("name: a\nsheet: {size: 1, 'total_items': 0x0}\nprompt: {}\n", (2, 33)),
        ("name: ä😀\nsheet: {größe: 1, size: 1, total_items: 1}\nprompt: {}\n", (2, 9)),
        ("name: a\r\nsheet: {size: 1, total_items: 0}\r\nprompt: {}\r\n", (2, 31)),
        ("name: a\nsheet: {size: 1, total_items: 3, fan_out: {0x2: 0}}\nprompt: {}\n", (2, 49)),
        (
            "b: &b {size: x}\nname: a\nprompt: {}\nsheet: {total_items: 1, <<: *b}\n",
            (1, 14),
        ),
    ],
)
def test_place_is_found_whatever_the_spelling(text: str, place: tuple[int, int]) -> None:
    errors = [f for f in parse_score(text).findings if f.severity == "error" and f.path != "b"]
    assert [(f.line, f.column) for f in errors] == [place]


def test_findings_are_sorted_by_line_and_column() -> None:
    findings = parse_score(WRONG).findings
    assert list(findings) == sorted(findings, key=lambda f: (f.line, f.column))


def test_finding_as_the_api_shows_it() -> None:
    (finding,) = parse_score(make_score(flavour="y")).findings
    assert finding.to_dict() == {
        "severity": "error",
        "line": finding.line,
        "column": 1,
        "path": "flavour",
        "message": "'flavour' is not known here.",
        "origin": "conductor",
    }


def test_errors_past_the_limit_are_counted() -> None:
    text = make_score() + "".join(f"k{n}: 1\n" for n in range(500))
    findings = parse_score(text).findings
    assert len(findings) == 201
    assert "There are 300 more errors of this kind." in [f.message for f in findings]


def test_summary_says_what_will_run() -> None:
    summary = parse_score(
        make_score(instrument="cli", description="d", sheet={"size": 2, "total_items": 5})
    ).summary
    assert summary is not None
    assert (summary.name, summary.total_sheets, summary.workspace) == ("small", 3, "workspace")
    assert (summary.instrument, summary.description) == ("cli", "d")
    assert [sheet.number for sheet in summary.sheets] == [1, 2, 3]


def test_refused_score_has_neither_config_nor_summary() -> None:
    verdict = parse_score("name: x")
    assert (verdict.config, verdict.summary, verdict.is_valid) == (None, None, False)


def warnings_of(text: str) -> list[Finding]:
    verdict = parse_score(text)
    assert verdict.is_valid
    return [f for f in verdict.findings if f.severity != "error"]


def test_missing_template_is_a_warning() -> None:
    (finding,) = warnings_of(make_score(prompt={}))
    assert (finding.severity, finding.path) == ("warning", "prompt")


def test_error_in_a_template_is_a_warning_at_its_line() -> None:
    text = (
        "name: a\nsheet: {size: 1, total_items: 1}\nprompt:\n  template: |\n    one\n    {% if %}\n"
    )
    (finding,) = warnings_of(text)
    assert (finding.line, finding.path) == (6, "prompt.template")
    assert "error in line 2 of the template" in finding.message


def test_template_nested_too_deeply_is_a_warning() -> None:
    (finding,) = warnings_of(make_score(prompt={"template": "{{ " + "(" * 20_000}))
    assert "nested too deeply" in finding.message


def test_name_that_nothing_defines_is_a_warning_at_its_line_with_the_likely_one() -> None:
    text = (
        "name: a\nsheet: {size: 1, total_items: 1}\nprompt:\n  template: |\n"
        "    {{ sheet_num }} {{ mine }}\n    {{ sheetnum }} of {{ total_sheets }}\n"
        "  variables: {mine: 1}\n"
    )
    (finding,) = warnings_of(text)
    assert (finding.line, finding.path) == (6, "prompt.template")
    assert "'sheetnum'" in finding.message
    assert "Did you mean 'sheet_num'?" in finding.message


@pytest.mark.parametrize(
    "template",
    [
        "{% for n in range(3) %}{{ n }}{{ loop.index }}{% endfor %}",
        "{% set own = 1 %}{{ own }}",
        "{{ odd | default('') }}{% if other is defined %}{{ other }}{% endif %}",
        "{% macro say(word) %}{{ word }}{% endmacro %}{{ say('x') }}",
    ],
)
def test_names_that_a_template_makes_or_asks_for_are_no_finding(template: str) -> None:
    assert warnings_of(make_score(prompt={"template": template})) == []


def test_known_names_are_those_that_a_template_is_given() -> None:
    verdict = parse_score(make_score())
    assert verdict.config
    assert verdict.summary
    given = template_variables(verdict.config, verdict.summary.sheets.plan(1), "/w")
    assert given.keys() == KNOWN_NAMES


@pytest.mark.parametrize("number", ["1" * 4_301, "a." + "1" * 5_000, "_".join("1" * 4_401)])
def test_number_that_is_too_long_for_python_is_a_warning(number: str) -> None:
    (finding,) = warnings_of(make_score(prompt={"template": f"{{{{ {number} }}}}"}))
    assert "too long" in finding.message


def test_start_past_the_end_is_a_warning() -> None:
    (finding,) = warnings_of(make_score(sheet={"size": 1, "total_items": 1, "start_item": 3}))
    assert "has no sheets" in finding.message


def test_given_total_sheets_is_remarked_as_ignored() -> None:
    (finding,) = warnings_of(
        make_score(sheet={"size": 1, "total_items": 3, "fan_out": {2: 3}, "total_sheets": 3})
    )
    assert (finding.severity, finding.path) == ("info", "sheet.total_sheets")
    assert "comes to 5" in finding.message


def test_settings_of_sheets_that_are_not_there_are_warned_of() -> None:
    findings = warnings_of(
        make_score(
            sheet={"size": 1, "total_items": 2, "descriptions": {2: "a", 3: "b"}},
            movements={7: {"voices": 2}},
        )
    )
    assert [f.path for f in findings] == [
        "sheet.descriptions.3",
        "movements.7",
        "movements.7.voices",
    ]


@pytest.mark.parametrize("name", ["night run", "<b>", "", "x" * 101, "-a"])
def test_name_that_cannot_be_a_jobs_is_remarked(name: str) -> None:
    assert [f.path for f in warnings_of(make_score(name=name))] == ["name"]


def test_backend_that_nobody_knows_is_warned_of() -> None:
    assert [f.path for f in warnings_of(make_score(backend={"type": "x"}))] == ["backend.type"]
