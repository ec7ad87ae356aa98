"""What the embedded conductor cannot do is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.scores import parse_score, unsupported_by_embedded
from tests.scores.writing import make_config, make_score

ITEM = {"file": "a", "as": "context"}

REFUSED = {
    "prompt": {"prompt": {}},
    "sheet.prelude": {"sheet": {"size": 1, "total_items": 1, "prelude": [ITEM]}},
    "sheet.cadenzas": {"sheet": {"size": 1, "total_items": 1, "cadenzas": {1: [ITEM]}}},
    "sheet.skip_when": {"sheet": {"size": 1, "total_items": 1, "skip_when": {1: "True"}}},
    "backend.working_directory": {"backend": {"working_directory": "/srv"}},
    "cross_sheet": {"cross_sheet": {"auto_capture_stdout": True}},
    "grounding": {
        "grounding": {
            "enabled": True,
            "hooks": [{"type": "file_checksum", "expected_checksums": {"a": "b"}}],
        }
    },
    "ai_review": {"ai_review": {"enabled": True}},
    "checkpoints": {
        "checkpoints": {"enabled": True, "triggers": [{"name": "a", "sheet_nums": [1]}]}
    },
    "isolation": {"isolation": {"enabled": True}},
    "workspace_lifecycle.archive_on_fresh": {"workspace_lifecycle": {"archive_on_fresh": True}},
    "bridge": {"bridge": {"enabled": True}},
    "notifications": {"notifications": [{"type": "desktop"}]},
    "on_success": {"on_success": [{"type": "run_command", "command": "true"}]},
    "concert": {"concert": {"enabled": True}},
    "instrument_fallbacks": {"instrument_fallbacks": ["gemini-cli"]},
    "movements.1.instrument_fallbacks": {"movements": {1: {"instrument_fallbacks": ["x"]}}},
    "sheet.per_sheet_fallbacks.1": {
        "sheet": {"size": 1, "total_items": 1, "per_sheet_fallbacks": {1: ["x"]}}
    },
    "sheet.per_sheet_instruments.1": {
        "sheet": {"size": 1, "total_items": 1, "per_sheet_instruments": {1: "x"}}
    },
    "sheet.instrument_map.x": {
        "sheet": {"size": 1, "total_items": 1, "instrument_map": {"x": [1]}}
    },
    "movements.1.instrument": {"movements": {1: {"instrument": "x"}}},
}

FINE = {
    "isolation without worktree": {"isolation": {"enabled": True, "mode": "none"}},
    "sections switched off": {"grounding": {"enabled": False}, "bridge": {"enabled": False}},
    "parallel": {"parallel": {"enabled": True}},
    "stale detection": {"stale_detection": {"enabled": True}},
    "timeouts": {
        "backend": {
            "timeout_seconds": 5,
            "timeout_overrides": {1: 6},
            "sheet_overrides": {2: {"timeout_seconds": 7}},
        },
        "instrument_config": {"timeout_seconds": 8},
    },
    "fallback to itself": {"instrument_fallbacks": ["cli"]},
    "fan-out": {"sheet": {"size": 1, "total_items": 3, "fan_out": {2: 3}}},
    "command": {
        "sheet": {"size": 1, "total_items": 1, "skip_when_command": {1: {"command": "true"}}}
    },
    "retries": {"retry": {"max_retries": 0}},
    "checks": {"validations": [{"type": "file_exists", "path": "a"}]},
}


@pytest.mark.parametrize(("path", "changed"), REFUSED.items())
def test_what_would_change_the_run_is_refused(path: str, changed: dict[str, Any]) -> None:
    verdict = parse_score(make_score(instrument="cli", **changed))
    errors = [f for f in verdict.unsupported_by_embedded() if f.severity == "error"]
    assert [f.path for f in errors] == [path]
    assert errors[0].origin == "podium"
    assert errors[0].line > 1


@pytest.mark.parametrize("changed", FINE.values(), ids=FINE.keys())
def test_what_works_is_not_mentioned(changed: dict[str, Any]) -> None:
    assert unsupported_by_embedded(make_config(instrument="cli", **changed)) == ()


def test_missing_instrument_is_refused() -> None:
    (finding,) = unsupported_by_embedded(make_config())
    assert (finding.severity, finding.path) == ("error", "instrument")
    assert finding.message == "No instrument is named; the embedded conductor runs only 'cli'."


def test_other_instrument_is_refused_by_name_once() -> None:
    (finding,) = unsupported_by_embedded(make_config(instrument="claude-code"))
    assert "Sheet 1 needs the instrument 'claude-code'" in finding.message


@pytest.mark.parametrize(
    "section",
    [
        {"learning": {"enabled": False}},
        {"logging": {"level": "DEBUG"}},
        {"cost_limits": {"max_cost_per_job": 1}},
        {"rate_limit": {"max_waits": 2}},
        {"backend": {"model": "x"}},
        {"instrument_config": {"model": "x"}},
        {"spec": {"spec_dir": "x"}},
        {"state_backend": "json"},
    ],
    ids=lambda section: next(iter(section)),
)
def test_what_only_tunes_a_real_conductor_is_remarked(section: dict[str, Any]) -> None:
    (finding,) = unsupported_by_embedded(make_config(instrument="cli", **section))
    assert (finding.severity, finding.path) == ("info", next(iter(section)))


def test_score_that_may_not_be_submitted_is_not_judged_further() -> None:
    assert parse_score("name: x").unsupported_by_embedded() == ()
