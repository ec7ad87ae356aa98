"""What a score says about its sheets is what happens: retries, limits, checks, order."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.embedded.process import EmbeddedProcess, score
from tests.waiting import wait_until


@pytest.fixture
def conductor(visited: EmbeddedProcess) -> EmbeddedProcess:
    """No test here ends the process, so all share one."""
    return visited


RETRY = {"max_retries": 3, "base_delay_seconds": 0.05, "jitter": False}


def ran(conductor: EmbeddedProcess) -> list[str]:
    path = conductor.home / "ws" / "ran"
    return path.read_text().split() if path.exists() else []


def test_failing_sheet_is_tried_again_until_it_succeeds(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("job", score("echo x >> ran; [ $(wc -l < ran) -ge 3 ]", retry=RETRY))
    sheet = conductor.wait_for("job", "completed")["sheets"]["1"]
    assert (sheet["attempt_count"], sheet["normal_attempts"]) == (3, 2)
    assert sheet["success_without_retry"] is False
    assert len(sheet["error_history"]) == 2
    assert conductor.job("job")["total_retry_count"] == 2
    assert len(tap.of("sheet.retrying")) == 2
    history = conductor.call("job.history", job_id="job")
    assert [record["status"] for record in history["records"]] == ["completed", "failed", "failed"]


def test_waits_between_tries_grow(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("job", score("exit 1", retry={**RETRY, "exponential_base": 3.0}))
    conductor.wait_for("job", "failed")
    delays = [event["data"]["delay_seconds"] for event in tap.of("sheet.retrying")]
    assert delays == [0.05, 0.15]


def test_pause_before_a_retry_holds_it_until_the_resume(conductor: EmbeddedProcess) -> None:
    retry = {**RETRY, "base_delay_seconds": 60}
    conductor.submit("job", score("echo x >> ran; [ -e go ]", retry=retry))
    conductor.wait_for_sheet("job", 1, "retry_scheduled")
    conductor.call("job.pause", job_id="job")
    assert conductor.sheet("job", 1)["status"] == "retry_scheduled"
    (conductor.home / "ws" / "go").touch()
    conductor.call("job.resume", job_id="job")
    conductor.wait_for("job", "completed")
    assert len(ran(conductor)) == 2


def test_cancel_of_a_paused_job_ends_the_wait_for_a_retry(conductor: EmbeddedProcess) -> None:
    retry = {**RETRY, "base_delay_seconds": 60}
    conductor.submit("job", score("exit 1", retry=retry))
    conductor.wait_for_sheet("job", 1, "retry_scheduled")
    conductor.call("job.pause", job_id="job")
    conductor.call("job.cancel", job_id="job")
    conductor.wait_for_sheet("job", 1, "cancelled")


def test_sheet_that_takes_too_long_is_killed_and_says_so(conductor: EmbeddedProcess) -> None:
    text = score("echo before; sleep 60", backend={"timeout_seconds": 0.3})
    conductor.submit("job", text)
    sheet = conductor.wait_for("job", "failed")["sheets"]["1"]
    assert (sheet["exit_reason"], sheet["error_code"]) == ("timeout", "E001")
    assert sheet["error_message"] == "Timed out after 0.3 s"
    assert sheet["stdout_tail"] == "before\n"
    assert sheet["sheet_timeout_seconds"] == 0.3


def test_sheet_that_falls_silent_is_killed_where_the_score_asks_for_it(
    conductor: EmbeddedProcess,
) -> None:
    stale = {"enabled": True, "idle_timeout_seconds": 0.6, "check_interval_seconds": 0.1}
    script = "for i in 1 2 3 4 5; do sleep 0.2; echo $i; done; sleep 60"
    conductor.submit("job", score(script, stale_detection=stale))
    sheet = conductor.wait_for("job", "failed")["sheets"]["1"]
    assert (sheet["exit_reason"], sheet["error_code"]) == ("timeout", "E006")
    assert sheet["stdout_tail"] == "1\n2\n3\n4\n5\n"


@pytest.mark.parametrize(
    "sections",
    [
        {"instrument_config": {"timeout_seconds": 0.3}},
        {"backend": {"timeout_overrides": {"1": 0.3}}},
        {"backend": {"sheet_overrides": {"1": {"timeout_seconds": 0.3}}}},
        {"movements": {"1": {"instrument_config": {"timeout_seconds": 0.3}}}},
        {"sheet": {"per_sheet_instrument_config": {"1": {"timeout_seconds": 0.3}}}},
    ],
    ids=lambda sections: next(iter(sections)),
)
def test_timeout_is_found_wherever_it_is_set(
    conductor: EmbeddedProcess, sections: dict[str, Any]
) -> None:
    conductor.submit("job", score("sleep 60", **sections))
    assert conductor.wait_for("job", "failed")["sheets"]["1"]["exit_reason"] == "timeout"


def test_sheet_killed_by_a_signal_says_which(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("kill -SEGV $$"))
    sheet = conductor.wait_for("job", "failed")["sheets"]["1"]
    assert (sheet["exit_signal"], sheet["exit_code"], sheet["exit_reason"]) == (11, None, "killed")


def test_template_error_fails_at_once_with_its_reason(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("echo {{ nothing.known }}", retry=RETRY))
    job = conductor.wait_for("job", "failed")
    assert job["sheets"]["1"]["attempt_count"] == 1
    assert "nothing" in job["sheets"]["1"]["error_message"]
    assert "nothing" in job["error_message"]


def test_template_that_never_ends_does_not_hold_the_conductor(conductor: EmbeddedProcess) -> None:
    bomb = "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}"
    conductor.submit("job", score(bomb))
    for _ in range(10):
        started = time.monotonic()
        conductor.call("daemon.health")
        assert time.monotonic() - started < 1.0
    conductor.wait_for("job", "failed", timeout_s=30)


def test_score_variables_and_documented_names_reach_the_template(
    conductor: EmbeddedProcess,
) -> None:
    template = (
        "echo {{ word }} {{ stage }}/{{ total_stages }} {{ instance }}/{{ fan_count }}"
        " {{ workspace }}"
    )
    sheet = {"fan_out": {"2": 2}}
    text = score(template, sheets=2, sheet=sheet, prompt={"variables": {"word": "hi"}})
    conductor.submit("job", text)
    job = conductor.wait_for("job", "completed")
    workspace = conductor.home / "ws"
    said = [sheet["stdout_tail"].strip() for sheet in job["sheets"].values()]
    assert said == [f"hi {place} {workspace}" for place in ("1/2 1/1", "2/2 1/2", "2/2 2/2")]


# --- order ---


def test_sheets_without_dependencies_run_one_after_the_other(conductor: EmbeddedProcess) -> None:
    text = score("echo a{{ sheet_num }} >> ran; sleep 0.1; echo e{{ sheet_num }} >> ran", sheets=3)
    conductor.submit("job", text)
    conductor.wait_for("job", "completed")
    assert ran(conductor) == ["a1", "e1", "a2", "e2", "a3", "e3"]


def test_independent_sheets_run_side_by_side_up_to_the_limit(conductor: EmbeddedProcess) -> None:
    text = score(
        "echo a >> ran; until [ -e go ]; do sleep 0.02; done",
        sheets=4,
        sheet={"dependencies": {"4": [1, 2, 3]}},
        parallel={"enabled": True, "max_concurrent": 2},
    )
    conductor.submit("job", text)
    wait_until(lambda: len(ran(conductor)) == 2, what="two sheets")
    job = conductor.job("job")
    assert job["sheets_in_progress"] == [1, 2]
    assert [s["status"] for s in job["sheets"].values()][2:] == ["pending", "pending"]
    (conductor.home / "ws" / "go").touch()
    conductor.wait_for("job", "completed")


def test_only_dependents_of_a_failed_sheet_are_blocked(conductor: EmbeddedProcess) -> None:
    text = score(
        "[ {{ sheet_num }} != 1 ]",
        sheets=4,
        sheet={"dependencies": {"2": [1], "4": [2, 3]}},
    )
    conductor.submit("job", text)
    job = conductor.wait_for("job", "failed")
    statuses = [sheet["status"] for sheet in job["sheets"].values()]
    assert statuses == ["failed", "skipped", "completed", "skipped"]
    assert job["error_message"] == "Sheet 1 failed: Exit code 1"


def test_fail_fast_starts_no_further_sheet(conductor: EmbeddedProcess) -> None:
    text = score(
        "[ {{ sheet_num }} != 1 ] && sleep 0.3",
        sheets=4,
        sheet={"dependencies": {"4": [3]}},
        parallel={"enabled": True, "max_concurrent": 2, "fail_fast": True},
    )
    conductor.submit("job", text)
    job = conductor.wait_for("job", "failed")
    statuses = [sheet["status"] for sheet in job["sheets"].values()]
    assert statuses == ["failed", "completed", "pending", "pending"]


def test_start_sheet_skips_what_is_before_it(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("echo {{ sheet_num }} >> ran", sheets=3), start_sheet=2)
    job = conductor.wait_for("job", "completed")
    assert ran(conductor) == ["2", "3"]
    assert job["sheets"]["1"]["status"] == "skipped"


def test_pause_between_sheets_is_kept_when_the_score_asks_for_it(
    conductor: EmbeddedProcess,
) -> None:
    conductor.submit("job", score("date +%s%N >> ran", sheets=2, pause_between_sheets_seconds=1))
    conductor.wait_for("job", "completed")
    first, second = (int(moment) for moment in ran(conductor))
    assert second - first >= 1_000_000_000


def test_skip_when_command_skips_on_exit_code_0(conductor: EmbeddedProcess) -> None:
    text = score(
        "echo {{ sheet_num }} >> ran",
        sheets=3,
        sheet={
            "skip_when_command": {
                "2": {"command": "test -e {workspace}/ran"},
                "3": {"command": "exit 1"},
            }
        },
    )
    conductor.submit("job", text)
    job = conductor.wait_for("job", "completed")
    assert ran(conductor) == ["1", "3"]
    assert job["sheets"]["2"]["status"] == "skipped"
    assert job["last_completed_sheet"] == 3


def test_skip_when_command_that_hangs_does_not_skip(conductor: EmbeddedProcess) -> None:
    sheet = {"skip_when_command": {"1": {"command": "sleep 60", "timeout_seconds": 0.2}}}
    conductor.submit("job", score("echo x >> ran", sheet=sheet))
    conductor.wait_for("job", "completed")
    assert ran(conductor) == ["x"]


# --- validations ---


def failing(conductor: EmbeddedProcess, script: str, *rules: dict[str, Any]) -> dict[str, Any]:
    rules = tuple({"retry_count": 0, **rule} for rule in rules)
    conductor.submit("job", score(script, validations=list(rules)))
    return dict(conductor.wait_for("job", "failed", "completed")["sheets"]["1"])


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ({"type": "file_exists", "path": "{workspace}/a{sheet_num}"}, "touch a1", "true"),
        ({"type": "file_modified", "path": "old"}, "echo >> old", "true"),
        ({"type": "content_contains", "path": "a", "pattern": "ye"}, "echo yes > a", "echo no > a"),
        ({"type": "content_regex", "path": "a", "pattern": "^y+$"}, "echo yy > a", "echo yo > a"),
        ({"type": "command_succeeds", "command": "grep -q y a"}, "echo y > a", "echo n > a"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else None,
)
def test_each_kind_of_validation_passes_and_fails(
    conductor: EmbeddedProcess, rule: dict[str, Any], good: str, bad: str
) -> None:
    (conductor.home / "ws").mkdir()
    (conductor.home / "ws" / "old").touch()
    wait_until(lambda: time.time() - (conductor.home / "ws" / "old").stat().st_mtime > 0.1)
    sheet = failing(conductor, bad, rule)
    assert (sheet["status"], sheet["validation_passed"]) == ("failed", False)
    assert sheet["error_category"] == "validation"
    (detail,) = sheet["validation_details"]
    assert detail["passed"] is False
    assert detail["type"] == rule["type"]
    assert detail["expected"]
    assert detail["actual"]
    sheet = failing(conductor, good, rule)
    assert (sheet["status"], sheet["validation_passed"]) == ("completed", True)


def test_later_validation_stage_is_not_looked_at_after_a_failed_one(
    conductor: EmbeddedProcess,
) -> None:
    sheet = failing(
        conductor,
        "true",
        {"type": "file_exists", "path": "missing", "stage": 1},
        {"type": "command_succeeds", "command": "touch looked", "stage": 2},
    )
    assert len(sheet["validation_details"]) == 1
    assert sheet["last_pass_percentage"] == 0.0
    assert not (conductor.home / "ws" / "looked").exists()


def test_validation_applies_only_where_its_condition_holds(conductor: EmbeddedProcess) -> None:
    rule = {"type": "file_exists", "path": "missing", "condition": "sheet_num >= 2 and stage < 9"}
    conductor.submit("job", score("true", sheets=2, validations=[{**rule, "retry_count": 0}]))
    job = conductor.wait_for("job", "failed")
    assert [sheet["status"] for sheet in job["sheets"].values()] == ["completed", "failed"]


def test_file_that_shows_up_late_is_looked_for_again(conductor: EmbeddedProcess) -> None:
    rule = {"type": "file_exists", "path": "late", "retry_count": 10, "retry_delay_ms": 100}
    conductor.submit("job", score("true", validations=[rule]))
    conductor.wait_for_sheet("job", 1, "dispatched")
    (conductor.home / "ws" / "late").touch()
    conductor.wait_for("job", "completed")


def test_catastrophic_regex_ends_in_time_and_fails_the_sheet(conductor: EmbeddedProcess) -> None:
    sheet = failing(
        conductor,
        "printf 'a%.0s' {1..40} > a; echo b >> a",
        {"type": "content_regex", "path": "a", "pattern": "(a+)+$c", "timeout_seconds": 0.5},
    )
    assert sheet["status"] == "failed"
    assert sheet["validation_details"][0]["message"]


def test_failed_validation_is_retried_like_a_failed_command(conductor: EmbeddedProcess) -> None:
    rule = {"type": "file_exists", "path": "second", "retry_count": 0}
    script = "[ -e first ] && touch second; touch first"
    conductor.submit("job", score(script, retry=RETRY, validations=[rule]))
    sheet = conductor.wait_for("job", "completed")["sheets"]["1"]
    assert sheet["attempt_count"] == 2


def test_recover_completes_failed_sheets_whose_validations_pass_now(
    conductor: EmbeddedProcess,
) -> None:
    failing(conductor, "true", {"type": "file_exists", "path": "made"})
    assert conductor.call("job.recover", job_id="job", dry_run=True)["recovered"] == []
    (conductor.home / "ws" / "made").touch()
    answer = conductor.call("job.recover", job_id="job", dry_run=True)
    assert (answer["recovered"], conductor.sheet("job", 1)["status"]) == ([1], "failed")
    assert conductor.call("job.recover", job_id="job")["recovered"] == [1]
    assert conductor.sheet("job", 1)["status"] == "completed"
