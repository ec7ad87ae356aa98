"""Documents from conductors that are newer, older or odd."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.conductor import (
    CheckpointState,
    JobRequest,
    JobRow,
    JobStatus,
    MonitorEvent,
    ProtocolViolation,
    SheetState,
    SheetStatus,
    SubmitAnswer,
)
from jobs.conductor.client import status_document
from jobs.terms import KNOWN_JOB_STATUSES, KNOWN_SHEET_STATUSES
from tests.conductor.anything import ANY_FLOAT, json_values, on_any_machine
from tests.conductor.processes import ended_pid
from tests.conductor.transcript import transcripts

FIELDS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "data" / "checkpoint.fields.json").read_text()
)
MINIMAL = {"job_id": "x", "job_name": "X", "total_sheets": 2}


def make_state(**fields: Any) -> CheckpointState:
    return CheckpointState.from_wire(MINIMAL | fields)


def make_sheet(**fields: Any) -> SheetState:
    return SheetState.from_wire({"sheet_num": 1, **fields})


# -- every field of the recorded conductor ----------------------------------------------------


@pytest.mark.parametrize(("part", "model"), [("job", CheckpointState), ("sheet", SheetState)])
def test_model_has_exactly_the_conductor_s_fields(part: str, model: type[CheckpointState]) -> None:
    assert set(model.model_fields) == set(FIELDS[part])


@pytest.mark.parametrize(("part", "model"), [("job", make_state()), ("sheet", make_sheet())])
def test_defaults_are_the_conductor_s(part: str, model: CheckpointState | SheetState) -> None:
    for name, field in FIELDS[part].items():
        if field["default"] not in ("required", "empty"):
            assert getattr(model, name) == field["default"], name


def test_known_statuses_are_those_of_the_shared_terms() -> None:
    assert set(JobStatus) == KNOWN_JOB_STATUSES
    assert set(SheetStatus) == KNOWN_SHEET_STATUSES


# -- tolerance --------------------------------------------------------------------------------


def test_unknown_keys_are_kept_aside() -> None:
    state = make_state(mood="calm", sheets={"1": {"sheet_num": 1, "tempo": 120}})
    assert state.extra == {"mood": "calm"}
    assert state.sheets[1].extra == {"tempo": 120}
    assert state.misfits == ()


@pytest.mark.parametrize("status", ["hibernating", "RUNNING", "", "a b", "\N{SNOWMAN}"])
def test_unknown_status_stays_text_and_is_not_terminal(status: str) -> None:
    found = make_state(status=status).status
    assert (found, found.value, str(found)) == (status, status, status)
    assert not found.is_known
    assert not found.is_terminal
    assert not found.may_resume


def test_endless_status_is_cut() -> None:
    assert len(make_state(status="x" * 1000).status) == 64


@pytest.mark.parametrize("status", [None, 5, [], {}])
def test_status_that_is_no_text_is_unknown_and_not_the_default(status: object) -> None:
    assert make_state(status=status).status == "unknown"


def test_odd_value_counts_as_not_reported_and_is_named() -> None:
    state = make_state(
        pid="many",
        started_at="yesterday",
        total_estimated_cost=math.nan,
        error_message="kept",
        sheets={"1": {"sheet_num": 1, "attempt_count": None, "exit_code": 3}},
    )
    assert (state.pid, state.started_at, state.reported_cost_usd) == (None, None, None)
    assert (state.error_message, state.sheets[1].exit_code) == ("kept", 3)
    assert state.misfits == (
        "pid",
        "sheets.1.attempt_count",
        "started_at",
        "total_estimated_cost",
    )


def test_unreadable_sheet_does_not_hide_the_others() -> None:
    state = make_state(
        sheets={"1": {"sheet_num": 1}, "2": {"sheet_num": "two"}, "y": {"sheet_num": 3}, "4": 7}
    )
    assert list(state.sheets) == [1]


def test_document_without_its_essentials_is_refused_by_name() -> None:
    with pytest.raises(ProtocolViolation, match=r"CheckpointState \(job_id\)") as caught:
        CheckpointState.from_wire(MINIMAL | {"job_id": 5})
    assert caught.value.kind == "wrong_shape"


def test_document_with_endless_faults_is_refused_soon() -> None:
    with pytest.raises(ProtocolViolation):
        make_state(sheets_in_progress=["x"] * 100_000)


JSON = json_values(ANY_FLOAT)


@on_any_machine
@given(st.dictionaries(st.sampled_from(sorted(FIELDS["job"])), JSON))
def test_no_odd_field_makes_a_checkpoint_unreadable(fields: dict[str, Any]) -> None:
    state = CheckpointState.from_wire(fields | MINIMAL)
    assert state.job_id == "x"
    state.is_zombie()
    assert state.reported_cost_usd is None or math.isfinite(state.reported_cost_usd)


@on_any_machine
@given(st.dictionaries(st.sampled_from(sorted(FIELDS["sheet"])), JSON))
def test_no_odd_field_makes_a_sheet_unreadable(fields: dict[str, Any]) -> None:
    state = make_state(sheets={"1": fields | {"sheet_num": 1}})
    sheet = state.sheets[1]
    assert sheet.reported_duration_s is None or math.isfinite(sheet.reported_duration_s)


@on_any_machine
@given(JSON)
def test_no_json_raises_anything_but_a_violation(raw: Any) -> None:
    for model in (CheckpointState, JobRow, MonitorEvent, SubmitAnswer):
        with suppress(ProtocolViolation):
            model.from_wire(raw)


# -- moments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["2026-11-24T11:30:35Z", "2026-11-24T13:30:35+02:00", "2026-11-24T11:30:35", 1795519835.0],
)
def test_moment_is_aware_utc_however_it_is_written(written: object) -> None:
    row = JobRow.from_wire({"job_id": "x", "status": "running", "submitted_at": written})
    assert row.submitted_at == datetime(2026, 11, 24, 11, 30, 35, tzinfo=UTC)
    assert row.submitted_at.tzinfo is UTC


@pytest.mark.parametrize("written", [True, 1e300, -1e300, math.inf, math.nan, "soon", {}])
def test_impossible_moment_is_not_reported(written: object) -> None:
    row = JobRow.from_wire({"job_id": "x", "status": "running", "submitted_at": written})
    assert row.submitted_at is None


@pytest.mark.parametrize(("sheet_num", "expected"), [(0, None), (None, None), (3, 3)])
def test_event_of_sheet_zero_is_of_the_job(sheet_num: int | None, expected: int | None) -> None:
    event = MonitorEvent.from_wire({"job_id": "x", "event": "y", "sheet_num": sheet_num})
    assert event.sheet_num == expected


# -- never a zero for what was not reported ---------------------------------------------------


def test_completed_cli_sheet_of_the_recording_reports_neither_attempts_nor_cost() -> None:
    for transcript in transcripts():
        for exchange in transcript.exchanges:
            result = exchange.answer.get("result")
            if isinstance(result, dict) and "sheets" in result:
                for sheet in CheckpointState.from_wire(result).sheets.values():
                    assert sheet.reported_attempts is None
                    assert sheet.reported_cost_usd is None
                    assert sheet.reported_cost_confidence is None


def test_reported_values_come_through() -> None:
    sheet = make_sheet(attempt_count=2, estimated_cost=0.5, cost_confidence=0.8)
    assert sheet.reported_attempts == 2
    assert sheet.reported_cost_usd == 0.5
    assert sheet.reported_cost_confidence == 0.8


def test_zero_cost_is_believed_only_beside_counted_tokens() -> None:
    assert make_sheet(estimated_cost=0.0).reported_cost_usd is None
    assert make_sheet(estimated_cost=0.0, input_tokens=10).reported_cost_usd == 0.0
    assert make_sheet(total_cost_usd=0.25).reported_cost_usd == 0.25


def test_duration_comes_from_what_was_filled() -> None:
    times = {"started_at": "2026-11-24T11:30:35Z", "completed_at": "2026-11-24T11:30:37Z"}
    assert make_sheet().reported_duration_s is None
    assert make_sheet(total_duration_seconds=1.5, **times).reported_duration_s == 1.5
    assert make_sheet(execution_duration_seconds=0.0).reported_duration_s == 0.0
    assert make_sheet(**times).reported_duration_s == 2.0


def test_cost_of_a_run_is_the_sum_of_what_its_sheets_reported() -> None:
    sheets = {
        "1": {"sheet_num": 1, "estimated_cost": 0.5},
        "2": {"sheet_num": 2},
        "3": {"sheet_num": 3, "estimated_cost": 0.25},
    }
    assert make_state(sheets=sheets).reported_cost_usd == 0.75
    assert make_state(total_estimated_cost=2.0).reported_cost_usd == 2.0
    assert make_state(sheets={"2": sheets["2"]}).reported_cost_usd is None
    assert make_state().reported_input_tokens is None
    assert make_state(total_output_tokens=7).reported_output_tokens == 7


def test_sheet_that_was_under_way_when_its_job_ended_is_shown_as_stopped() -> None:
    sheets = {
        "1": {"sheet_num": 1, "status": "dispatched"},
        "2": {"sheet_num": 2, "status": "completed"},
    }
    assert make_state(status="cancelled", sheets=sheets).shown_status(1) == "stopped"
    assert make_state(status="cancelled", sheets=sheets).shown_status(2) == "completed"
    assert make_state(status="running", sheets=sheets).shown_status(1) == "dispatched"
    assert make_state(status="running", sheets=sheets).shown_status(3) == "pending"


# -- zombies ----------------------------------------------------------------------------------


def test_run_without_a_pid_is_no_zombie() -> None:
    assert not make_state(status="running").is_zombie()


def test_run_whose_process_lives_is_no_zombie() -> None:
    now = datetime.now(UTC)
    assert not make_state(status="running", pid=os.getpid(), updated_at=now).is_zombie()


def test_run_whose_process_is_gone_is_a_zombie_until_it_is_over() -> None:
    pid = ended_pid()
    assert make_state(status="running", pid=pid).is_zombie()
    assert make_state(status="paused", pid=pid).is_zombie()
    assert not make_state(status="failed", pid=pid).is_zombie()


def test_pid_that_a_later_process_was_given_is_not_the_run_s() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3650)
    assert make_state(status="running", pid=os.getpid(), started_at=long_ago).is_zombie()


# -- what is asked ----------------------------------------------------------------------------


def test_request_says_only_what_differs_from_the_default() -> None:
    request = JobRequest(config_path=Path("/srv/x.yaml"), self_healing=False, start_sheet=None)
    assert request.to_wire() == {"config_path": "/srv/x.yaml"}
    asked = JobRequest(
        config_path=Path("/srv/x.yaml"), workspace=Path("/ws"), self_healing=True, start_sheet=3
    )
    assert asked.to_wire() == {
        "config_path": "/srv/x.yaml",
        "workspace": "/ws",
        "self_healing": True,
        "start_sheet": 3,
    }


def test_status_without_a_checkpoint_is_the_registry_s_row() -> None:
    row = status_document({"job_id": "x", "status": "running", "workspace": "/ws"})
    assert isinstance(row, JobRow)
    assert row.progress_total is None
    assert isinstance(status_document(MINIMAL), CheckpointState)
