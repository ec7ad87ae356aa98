"""Health of a run's process, from its checkpoint and from this machine."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from jobs.conductor import (
    DaemonClient,
    DaemonNotRunningError,
    JobControlService,
    JobNotFound,
    JobRow,
    JobStatus,
    ProcessHealth,
)
from tests.conductor.processes import ended_pid
from tests.conductor.replay import ReplayConductor

DOWN = ProcessHealth(pid=None, is_alive=False, is_zombie_state=False, process_exists=False)


def service_told(answer: object) -> JobControlService:
    client = AsyncMock()
    if isinstance(answer, Exception):
        client.get_job_status.side_effect = answer
    else:
        client.get_job_status.return_value = answer
    return JobControlService(client)


def checkpoint(**fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    basis = {"job_id": "x", "job_name": "X", "total_sheets": 1, "status": "running"}
    return basis | {"started_at": now, "updated_at": now} | fields


async def test_living_process_is_measured() -> None:
    health = await service_told(checkpoint(pid=os.getpid())).verify_process_health("x")
    assert health.pid == os.getpid()
    assert health.is_alive
    assert health.process_exists
    assert not health.is_zombie_state
    assert health.memory_mb is not None
    assert health.memory_mb > 1
    assert health.cpu_percent is not None
    assert health.cpu_percent >= 0
    assert health.uptime_seconds is not None
    assert health.uptime_seconds > 0


async def test_process_that_is_gone_is_a_zombie_state_and_not_measured() -> None:
    pid = ended_pid()
    health = await service_told(checkpoint(pid=pid)).verify_process_health("x")
    assert health.pid == pid
    assert health.is_zombie_state
    assert not health.process_exists
    assert health.cpu_percent is None
    assert health.memory_mb is None


async def test_process_of_an_ended_run_is_no_zombie_state() -> None:
    answer = checkpoint(pid=ended_pid(), status="failed")
    health = await service_told(answer).verify_process_health("x")
    assert not health.is_alive
    assert not health.is_zombie_state
    assert not health.process_exists
    assert health.uptime_seconds is None


async def test_pid_of_a_later_process_is_neither_existing_nor_measured() -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=3650)).isoformat()
    answer = checkpoint(pid=os.getpid(), started_at=long_ago, updated_at=long_ago)
    health = await service_told(answer).verify_process_health("x")
    assert not health.process_exists
    assert health.is_zombie_state
    assert health.memory_mb is None


async def test_run_without_a_pid_has_its_uptime_from_the_checkpoint() -> None:
    started_at = (datetime.now(UTC) - timedelta(seconds=90)).isoformat()
    health = await service_told(checkpoint(started_at=started_at)).verify_process_health("x")
    assert health.uptime_seconds == pytest.approx(90, abs=30)
    assert replace(health, uptime_seconds=None) == replace(DOWN, is_alive=True)


async def test_conductor_that_is_down_gives_all_false_and_no_exception(short_tmp: Path) -> None:
    assert await service_told(DaemonNotRunningError("down")).verify_process_health("x") == DOWN
    unreachable = JobControlService(DaemonClient(short_tmp / "none"))
    assert await unreachable.verify_process_health("x") == DOWN


async def test_unknown_job_is_said_so(short_tmp: Path) -> None:
    async with ReplayConductor("happy", short_tmp / "s") as conductor:
        service = JobControlService(DaemonClient(conductor.socket_path))
        with pytest.raises(JobNotFound, match="'nope' not found"):
            await service.verify_process_health("nope")
    with pytest.raises(JobNotFound, match="'x' not found"):
        await service_told(None).verify_process_health("x")


async def test_recorded_run_is_alive_without_a_process(short_tmp: Path) -> None:
    async with ReplayConductor("rejections", short_tmp / "s") as conductor:
        conductor.run_to_end()
        service = JobControlService(DaemonClient(conductor.socket_path))
        health = await service.verify_process_health("wire-noinstrument")
    assert health.is_alive
    assert health.pid is None
    assert not health.process_exists


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "running"},
        SimpleNamespace(status="running", pid=None),
        JobRow(job_id="x", status=JobStatus.RUNNING),
    ],
)
async def test_scanty_answers_of_any_form_are_enough(answer: object) -> None:
    health = await service_told(answer).verify_process_health("x")
    assert health.is_alive
    assert health.uptime_seconds is None


async def test_answer_without_a_status_is_not_taken_for_a_zombie() -> None:
    health = await service_told({"job_id": "x"}).verify_process_health("x")
    assert not health.is_zombie_state
