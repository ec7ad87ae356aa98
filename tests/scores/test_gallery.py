"""A template is filled in so that no value can become anything else than a value."""

from __future__ import annotations

import copy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.scores import parse_score
from jobs.scores.gallery import MAX_LETTERS, Template, fill, templates
from jobs.scores.loading import load_mapping
from jobs.scores.render import render_prompt

BY_SLUG = {template.sample.slug: template for template in templates()}
each = pytest.mark.parametrize("template", templates(), ids=lambda t: t.sample.slug)


def at(values: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        values = values[step]
    return values


def test_there_are_templates_for_what_people_need() -> None:
    shown = " ".join(template.shows for template in templates()).lower()
    for word in (
        *("report", "fan-out over files", "retry", "validation", "pipeline", "long", "parallel"),
        "failure on purpose",
    ):
        assert word in shown
    assert len(templates()) >= 8


@each
def test_filled_with_what_it_says_it_stays_as_it_is(template: Template) -> None:
    defaults = {variable.key: variable.default for variable in template.variables}
    assert fill(template, defaults).text == template.sample.text
    assert fill(template, {}).text == template.sample.text


@each
def test_values_are_put_where_they_belong_and_nowhere_else(template: Template) -> None:
    given_values: dict[str, str] = {}
    wanted = copy.deepcopy(load_mapping(template.sample.text))
    for variable in template.variables:
        text, value = {
            "name": ("another", "another"),
            "text": ("it's: {new} #1", "it's: {new} #1"),
            "number": (str(variable.least + 3), variable.least + 3),
            "choice": (variable.choices[-1] if variable.choices else "", 60),
            "lines": ("a: b\n- c\n{d}", ["a: b", "- c", "{d}"]),
        }[variable.kind]
        given_values[variable.key] = str(text)
        for path in variable.at:
            at(wanted, path[:-1])[path[-1]] = value
    wanted["workspace"] = "./another"
    filled = fill(template, given_values)
    assert not filled.faults
    assert load_mapping(filled.text) == wanted
    comments = [line for line in template.sample.text.splitlines() if line.startswith("#")]
    assert [line for line in filled.text.splitlines() if line.startswith("#")] == comments
    assert parse_score(filled.text).is_valid


@given(st.text(max_size=80))
def test_any_text_stays_one_value_or_is_refused(text: str) -> None:
    template = BY_SLUG["files"]
    filled = fill(template, {"folder": text, "names": text})
    if filled.faults:
        assert filled.text == template.sample.text
        return
    variables = load_mapping(filled.text)["prompt"]["variables"]
    assert variables == {"folder": text, "names": text}


@pytest.mark.parametrize(
    ("slug", "key", "text"),
    [
        ("hello", "steps", "0"),
        ("hello", "steps", "-1"),
        ("hello", "steps", "1e3"),
        ("hello", "steps", "٣"),
        ("hello", "steps", "9" * 30),
        ("hello", "name", "a b"),
        ("hello", "name", "../x"),
        ("hello", "greetings", "one\ntwo"),
        ("hello", "greetings", "\n\n"),
        ("files", "folder", ""),
        ("files", "folder", "a\nb"),
        ("files", "folder", "\x00"),
        ("files", "folder", "\ud800"),
        ("files", "folder", "x" * (MAX_LETTERS + 1)),
        ("long", "seconds", "3; rm -rf /"),
    ],
)
def test_value_that_does_not_fit_is_a_fault_at_its_field(slug: str, key: str, text: str) -> None:
    filled = fill(BY_SLUG[slug], {key: text})
    assert set(filled.faults) == {key}
    assert filled.text == BY_SLUG[slug].sample.text


HOSTILE = (
    "'; touch pwned; '",
    '"; touch pwned; "',
    "$(touch pwned)",
    "`touch pwned`",
    "{{ 7 * 7 }} {% raw %}",
    "\\'; touch pwned; \\'",
    "a' b\" c\\ d$HOME",
)


@pytest.mark.parametrize("value", HOSTILE)
async def test_value_never_becomes_a_command(value: str, tmp_path: Path) -> None:
    for slug, key, number in (
        ("files", "folder", 1),
        ("files", "names", 1),
        ("checks", "title", 1),
    ):
        filled = fill(BY_SLUG[slug], {key: value})
        verdict = parse_score(filled.text)
        assert verdict.config
        assert verdict.summary
        script = await render_prompt(verdict.config, verdict.summary.sheets.plan(number), tmp_path)
        done = subprocess.run(  # noqa: ASYNC221 (a moment)
            [shutil.which("bash") or "bash", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not (tmp_path / "pwned").exists()
        if key == "folder":
            assert done.returncode == 3
            assert f"there is no folder {value}" in done.stderr
        if slug == "checks":
            assert f"# {value}\n" in (tmp_path / "page.md").read_text()
