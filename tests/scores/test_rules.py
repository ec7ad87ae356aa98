"""The rules that no schema can say, each kept and broken."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from jobs.scores import JobConfig, parse_score
from tests.scores.writing import make_config, make_score, make_values, messages

ITEM = {"as": "context"}


def sheet(**changed: Any) -> dict[str, Any]:
    return {"sheet": {"size": 1, "total_items": 3, **changed}}


def check(**rule: Any) -> dict[str, Any]:
    return {"validations": [rule]}


KEPT = {
    "fan-out of each stage": sheet(fan_out={1: 2, 3: 2}),
    "fan-out of one": sheet(fan_out={2: 1}),
    "fan-out keyed by text": sheet(fan_out={"2": 3}),
    "total_sheets is ignored": sheet(total_sheets="whatever"),
    "dependency on the last sheet": sheet(dependencies={1: [3]}),
    "dependency on a stage": sheet(fan_out={2: 5}, dependencies={3: [2]}),
    "a cycle": sheet(dependencies={1: [2], 2: [1]}),
    "no dependencies": sheet(dependencies={1: []}),
    "neither template": {"prompt": {}},
    "instrument beside the default backend": {
        "instrument": "cli",
        "backend": {"type": "claude_cli"},
    },
    "another backend alone": {"backend": {"type": "ollama"}},
    "instrument map": sheet(instrument_map={"cli": [1, 2], "other": [3, 9]}),
    "movement": {"movements": {1: {"name": "first"}}},
    "fallbacks switched off": sheet(per_sheet_fallbacks={1: []}),
    "injected file": sheet(prelude=[{**ITEM, "file": "a"}]),
    "injected folder": sheet(cadenzas={1: [{**ITEM, "directory": "a"}]}),
    "injected by the name without the clash": sheet(prelude=[{"as_": "tool", "file": "a"}]),
    "file check": check(type="file_exists", path="a"),
    "text check": check(type="content_contains", path="a", pattern="("),
    "pattern check": check(type="content_regex", path="a", pattern="^a|b$"),
    "command check": check(type="command_succeeds", command="true"),
    "start past the end": sheet(start_item=9),
    "equal delays": {"retry": {"base_delay_seconds": 5, "max_delay_seconds": 5}},
    "a limit enables the limits": {"cost_limits": {"max_cost_per_job": 1}},
    "limits disabled": {"cost_limits": {"enabled": False}},
    "hook with a job": {"on_success": [{"type": "run_job", "job_path": "a.yaml"}]},
    "notification by desktop": {"notifications": [{"type": "desktop"}]},
    "notification by webhook": {"notifications": [{"type": "webhook", "config": {"url": "x"}}]},
    "logs to both": {"logging": {"format": "both", "file_path": "a.log"}},
    "variable of an MCP server": {
        "bridge": {"mcp_servers": [{"name": "a", "command": "b", "env": {"HOME": "x"}}]}
    },
}

BROKEN = {
    "both templates": ({"prompt": {"template": "a", "template_file": "b"}}, "prompt.template_file"),
    "fan-out with size": (sheet(size=2, fan_out={1: 2}), "sheet.size"),
    "fan-out with start": (sheet(start_item=2, fan_out={1: 2}), "sheet.start_item"),
    "fan-out of no stage": (sheet(fan_out={4: 2}), "sheet.fan_out.4"),
    "fan-out of stage 0": (sheet(fan_out={0: 2}), "sheet.fan_out.0"),
    "fan-out to none": (sheet(fan_out={2: 0}), "sheet.fan_out.2"),
    "fan-out by name": (sheet(fan_out={"x": 2}), "sheet.fan_out.x"),
    "dependency on itself": (sheet(dependencies={2: [1, 2]}), "sheet.dependencies.2.1"),
    "dependency on sheet 0": (sheet(dependencies={2: [0]}), "sheet.dependencies.2.0"),
    "dependency of sheet 0": (sheet(dependencies={0: [1]}), "sheet.dependencies.0"),
    "dependency on no sheet": (sheet(dependencies={2: [4]}), "sheet.dependencies.2.0"),
    "dependency of no sheet": (sheet(dependencies={4: [1]}), "sheet.dependencies.4"),
    "dependency on no stage": (
        sheet(fan_out={2: 5}, dependencies={2: [4]}),
        "sheet.dependencies.2.0",
    ),
    "instrument and backend": (
        {"instrument": "cli", "backend": {"type": "ollama"}},
        "backend.type",
    ),
    "sheet mapped twice": (
        sheet(instrument_map={"a": [1], "b": [2, 1]}),
        "sheet.instrument_map.b.1",
    ),
    "sheet 0 mapped": (sheet(instrument_map={"a": [0]}), "sheet.instrument_map.a.0"),
    "mapped to no name": (sheet(instrument_map={"": [1]}), "sheet.instrument_map."),
    "movement 0": ({"movements": {0: {}}}, "movements.0"),
    "instrument of sheet 0": (
        sheet(per_sheet_instruments={0: "a"}),
        "sheet.per_sheet_instruments.0",
    ),
    "instrument without name": (
        sheet(per_sheet_instruments={1: ""}),
        "sheet.per_sheet_instruments.1",
    ),
    "fallback of sheet -1": (sheet(per_sheet_fallbacks={-1: []}), "sheet.per_sheet_fallbacks.-1"),
    "injection of nothing": (sheet(prelude=[ITEM]), "sheet.prelude.0"),
    "injection of both": (
        sheet(cadenzas={1: [{**ITEM, "file": "a", "directory": "b"}]}),
        "sheet.cadenzas.1.0.directory",
    ),
    "injection as nothing known": (
        sheet(prelude=[{"file": "a", "as": "x"}]),
        "sheet.prelude.0.as",
    ),
    "file check without path": (check(type="file_exists"), "validations.0.path"),
    "change check without path": (check(type="file_modified"), "validations.0.path"),
    "text check without pattern": (
        check(type="content_contains", path="a"),
        "validations.0.pattern",
    ),
    "pattern check without path": (check(type="content_regex", pattern="a"), "validations.0.path"),
    "pattern that does not compile": (
        check(type="content_regex", path="a", pattern="("),
        "validations.0.pattern",
    ),
    "command check without command": (check(type="command_succeeds"), "validations.0.command"),
    "delays in disorder": (
        {"retry": {"base_delay_seconds": 6, "max_delay_seconds": 5}},
        "retry.base_delay_seconds",
    ),
    "detection pattern": (
        {"rate_limit": {"detection_patterns": ["a", "["]}},
        "rate_limit.detection_patterns.1",
    ),
    "feedback pattern": ({"feedback": {"pattern": "*"}}, "feedback.pattern"),
    "limits without a limit": ({"cost_limits": {"enabled": True}}, "cost_limits.enabled"),
    "whole budget for each": (
        {"parallel": {"budget_partition": False}},
        "parallel.budget_partition",
    ),
    "checks rarer than the timeout": (
        {"stale_detection": {"idle_timeout_seconds": 30}},
        "stale_detection.check_interval_seconds",
    ),
    "grounding without hooks": ({"grounding": {"enabled": True}}, "grounding.enabled"),
    "scores in disorder": ({"ai_review": {"min_score": 90}}, "ai_review.min_score"),
    "trigger without condition": (
        {"checkpoints": {"triggers": [{"name": "a", "sheet_nums": []}]}},
        "checkpoints.triggers.0",
    ),
    "checkpoints without triggers": ({"checkpoints": {"enabled": True}}, "checkpoints.enabled"),
    "thresholds in disorder": (
        {"learning": {"min_confidence_threshold": 0.7}},
        "learning.min_confidence_threshold",
    ),
    "floor above ceiling": (
        {"learning": {"exploration_budget": {"floor": 0.6}}},
        "learning.exploration_budget.floor",
    ),
    "budget above ceiling": (
        {"learning": {"exploration_budget": {"initial_budget": 0.6}}},
        "learning.exploration_budget.initial_budget",
    ),
    "logs to both without file": ({"logging": {"format": "both"}}, "logging.format"),
    "empty pattern of files": (
        {"workspace_lifecycle": {"preserve_patterns": ["a", ""]}},
        "workspace_lifecycle.preserve_patterns.1",
    ),
    "webhook without address": (
        {"notifications": [{"type": "webhook", "config": {"url": ""}}]},
        "notifications.0.config",
    ),
    "hook without job": ({"on_success": [{"type": "run_job"}]}, "on_success.0.job_path"),
    "hook without command": ({"on_success": [{"type": "run_script"}]}, "on_success.0.command"),
    "blank fragment": (
        {"spec": {"fragments": [{"name": "a", "content": " "}]}},
        "spec.fragments.0.content",
    ),
    "protected variable": (
        {"bridge": {"mcp_servers": [{"name": "a", "command": "b", "env": {"path": "x"}}]}},
        "bridge.mcp_servers.0.env.path",
    ),
}


@pytest.mark.parametrize("changed", KEPT.values(), ids=KEPT.keys())
def test_score_that_keeps_the_rules_is_accepted(changed: dict[str, Any]) -> None:
    assert parse_score(make_score(**changed)).accepted_by_conductor


@pytest.mark.parametrize(("changed", "path"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_rule_is_told_at_its_place(changed: dict[str, Any], path: str) -> None:
    verdict = parse_score(make_score(**changed))
    assert not verdict.accepted_by_conductor
    assert [f.path for f in verdict.findings if f.severity == "error"] == [path]


@pytest.mark.parametrize(("changed", "path"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_rule_is_refused_by_job_config_too(changed: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError, match="validation error for JobConfig"):
        JobConfig.from_yaml_string(make_score(**changed))


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("pause_between_sheets_seconds", "5", True),
        ("pause_between_sheets_seconds", 5.0, True),
        ("pause_between_sheets_seconds", True, True),
        ("pause_between_sheets_seconds", 5.5, False),
        ("pause_between_sheets_seconds", "five", False),
        ("name", 5, False),
        ("name", True, False),
        ("description", None, True),
        ("workspace", None, False),
        ("parallel", {"enabled": "on"}, True),
        ("parallel", {"enabled": 1}, True),
        ("parallel", {"enabled": "maybe"}, False),
        ("retry", {"base_delay_seconds": "2.5"}, True),
        ("retry", {"max_delay_seconds": float("inf")}, True),
        ("retry", {"max_delay_seconds": float("nan")}, False),
        ("retry", None, False),
        ("bridge", None, True),
    ],
)
def test_values_are_taken_as_leniently_as_by_the_conductor(
    key: str, value: Any, accepted: bool
) -> None:
    assert parse_score(make_score(**{key: value})).accepted_by_conductor is accepted


def test_date_where_text_is_meant_is_refused_with_the_remedy() -> None:
    verdict = parse_score(
        "name: 2026-11-24\nsheet: {size: 1, total_items: 1}\nprompt: {template: a}"
    )
    assert messages(verdict) == [
        "This has to be text, not a date. Put it in quotes if text is meant."
    ]


def test_sheet_of_a_check_is_short_for_its_condition() -> None:
    rule = {"type": "file_exists", "path": "a"}
    short, both = make_config(
        validations=[{**rule, "sheet": 3}, {**rule, "sheet": 3, "condition": "sheet_num > 1"}]
    ).validations
    assert short.applies_when == "sheet_num == 3"
    assert both.applies_when == "sheet_num > 1"


def test_relative_workspace_is_meant_from_the_scores_folder(tmp_path: Any) -> None:
    path = tmp_path / "night.yaml"
    path.write_text(make_score(workspace="out"))
    assert JobConfig.from_yaml(path).workspace == tmp_path / "out"
    summary = parse_score(path.read_text(), source=str(path)).summary
    assert summary is not None
    assert summary.workspace == str(tmp_path / "out")


def test_values_are_left_as_they_were() -> None:
    values = make_values(**sheet(total_sheets=3), cost_limits={"max_cost_per_job": 1})
    JobConfig.from_values(values)
    assert values["sheet"]["total_sheets"] == 3
    assert "enabled" not in values["cost_limits"]
