"""What an author should know about a score that is accepted all the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import jinja2
from jinja2 import meta, nodes

from jobs.scores.findings import Finding, quoted
from jobs.scores.models.job import JobConfig
from jobs.scores.positions import Path, Positions, dotted
from jobs.scores.reference import TEMPLATE_NAMES
from jobs.terms import JOB_NAME_PATTERN, JOB_NAME_RULE

# A template this long is looked at when it is rendered, in a child process that can be stopped.
MAX_TEMPLATE_CHARS = 50_000
_BY_SHEET = (
    *("descriptions", "spec_tags", "prompt_extensions", "cadenzas"),
    *("per_sheet_instruments", "per_sheet_instrument_config", "per_sheet_fallbacks"),
)
# As a template sees them (`render.template_variables`); these are beside those that are explained.
KNOWN_NAMES = TEMPLATE_NAMES.keys() | {
    *("movement", "voice", "voice_count", "total_movements"),
    *("previous_outputs", "previous_files", "skipped_upstream"),
    *("injected_context", "injected_skills", "injected_tools"),
}
_MOST_NAMES = 5
_MOST_LIKELY = 200  # of the score's own names, so many are compared with one that is unknown
_LONG_NAME = 60
_DEFINED = {"defined", "undefined"}
_DEFAULT = {"default", "d"}
NATIVE_BACKENDS = ("claude_cli", "anthropic_api", "recursive_light", "ollama")


def advice(config: JobConfig, data: Any, positions: Positions) -> Iterator[Finding]:
    """Warnings and remarks; none of them keeps a score from being submitted."""
    yield from _of_the_prompt(config, positions)
    yield from _of_the_sheets(config, data, positions)
    yield from _of_the_rest(config, data, positions)


def _of_the_prompt(config: JobConfig, positions: Positions) -> Iterator[Finding]:
    prompt = config.prompt
    if prompt.template is None and prompt.template_file is None:
        message = "The prompt has neither 'template' nor 'template_file': a default text is used."
        yield positions.finding("warning", ("prompt",), message, at_key=True)
    if prompt.template is None or len(prompt.template) > MAX_TEMPLATE_CHARS:
        return
    environment = jinja2.Environment()  # noqa: S701 (nothing is rendered)
    try:
        yield from _unknown_names(environment.parse(prompt.template), config, positions)
    except jinja2.TemplateSyntaxError as error:
        path: Path = ("prompt", "template")
        line, column = positions.line_inside(path, error.lineno)
        said = (error.message or "syntax error").rstrip(".")[:200]
        message = f"Every sheet will fail: error in line {error.lineno} of the template: {said}."
        yield Finding("warning", line, column, dotted(path), message, "podium", outlook="fails")
    except RecursionError:
        message = "Every sheet will fail: the template is nested too deeply."
        found = positions.finding("warning", ("prompt", "template"), message, "podium")
        yield replace(found, outlook="fails")
    except ValueError:  # of Python itself, which reads no number of more than 4,300 digits
        message = "Every sheet will fail: the template has a number that is too long."
        found = positions.finding("warning", ("prompt", "template"), message, "podium")
        yield replace(found, outlook="fails")


def _unknown_names(
    template: nodes.Template, config: JobConfig, positions: Positions
) -> Iterator[Finding]:
    """Names that nothing is known to define; a conductor may know more, so this is no error."""
    known = {*KNOWN_NAMES, *config.prompt.variables, *jinja2.defaults.DEFAULT_NAMESPACE}
    unknown = meta.find_undeclared_variables(template) - known - _seen_to(template)
    path: Path = ("prompt", "template")
    own = islice(
        (name for name in config.prompt.variables if len(name) <= _LONG_NAME), _MOST_LIKELY
    )
    likely = [*KNOWN_NAMES, *own]
    for name in sorted(unknown)[:_MOST_NAMES]:
        lines = [node.lineno for node in template.find_all(nodes.Name) if node.name == name]
        line, column = positions.line_inside(path, min(lines, default=1))
        near = difflib.get_close_matches(name[:_LONG_NAME], likely, n=1)
        hint = f" Did you mean {quoted(near[0])}?" if near else ""
        message = (
            f"{quoted(name)} is no name that a template is known to have: a sheet that comes to it"
            f" fails.{hint}"
        )
        yield Finding("warning", line, column, dotted(path), message, "podium")


def _seen_to(template: nodes.Template) -> set[str]:
    """Names that the template sets somewhere, asks about, or says what to take in place of."""
    names = template.find_all(nodes.Name)
    stored = {name.name for name in names if name.ctx in {"store", "param"}}
    tests = [test.node for test in template.find_all(nodes.Test) if test.name in _DEFINED]
    filters = [found.node for found in template.find_all(nodes.Filter) if found.name in _DEFAULT]
    return stored | {node.name for node in (*tests, *filters) if isinstance(node, nodes.Name)}


def _of_the_sheets(config: JobConfig, data: Any, positions: Positions) -> Iterator[Finding]:
    sheet = config.sheet
    if sheet.total_sheets < 1:
        message = (
            f"The score has no sheets: 'start_item' ({sheet.start_item}) lies past"
            f" 'total_items' ({sheet.total_items})."
        )
        yield positions.finding("warning", ("sheet", "start_item"), message, "podium")
        return
    if "total_sheets" in data["sheet"]:
        message = f"'total_sheets' is ignored: it is computed, and comes to {sheet.total_sheets:,}."
        yield positions.finding("info", ("sheet", "total_sheets"), message, at_key=True)
    if sheet.fan_out_stage_map is not None and sheet.fan_out:
        message = "'fan_out_stage_map' is overwritten, as 'fan_out' is given."
        path = ("sheet", "fan_out_stage_map")
        yield positions.finding("warning", path, message, at_key=True)
    yield from _numbers_beyond(config, positions)


def _numbers_beyond(config: JobConfig, positions: Positions) -> Iterator[Finding]:
    """Settings for sheets and stages that there are none of: most likely a slip."""
    sheet = config.sheet
    for key in _BY_SHEET:
        path = ("sheet", key)
        yield from _beyond(getattr(sheet, key), path, sheet.total_sheets, "sheet", positions)
    # With fan-out these are meant for stages, yet the number of no stage is taken for a sheet's.
    for key in ("skip_when", "skip_when_command"):
        path = ("sheet", key)
        yield from _beyond(getattr(sheet, key), path, sheet.total_sheets, "sheet", positions)
    yield from _beyond(config.movements, ("movements",), sheet.total_stages, "stage", positions)


def _beyond(
    numbers: dict[int, Any], path: Path, last: int, kind: str, positions: Positions
) -> Iterator[Finding]:
    for number in numbers:
        if not 1 <= number <= last:
            message = f"This has no effect: there is no {kind} {quoted(number)} (last: {last:,})."
            yield positions.finding("warning", (*path, number), message, "podium", at_key=True)


def _of_the_rest(config: JobConfig, data: Any, positions: Positions) -> Iterator[Finding]:
    if not re.fullmatch(JOB_NAME_PATTERN, config.name):
        message = (
            f"This name cannot be a job's: {JOB_NAME_RULE}. Give the job another name when you"
            " submit it."
        )
        yield positions.finding("info", ("name",), message, "podium")
    if config.backend.type not in NATIVE_BACKENDS:
        message = f"No backend is known as {quoted(config.backend.type)}: better use 'instrument'."
        yield positions.finding("warning", ("backend", "type"), message)
    if config.parallel.enabled and config.isolation.enabled:
        message = "Sheets that run side by side share one worktree: mind who writes where."
        yield positions.finding("warning", ("isolation", "enabled"), message)
    for n, hook in enumerate(config.grounding.hooks):
        if not hook.expected_checksums:
            message = "Without 'expected_checksums' this hook checks nothing."
            yield positions.finding("warning", ("grounding", "hooks", n), message)
    for number, movement in config.movements.items():
        if movement.voices is not None:
            message = "'voices' does nothing yet: use 'sheet.fan_out'."
            path = ("movements", number, "voices")
            yield positions.finding("warning", path, message, at_key=True)
