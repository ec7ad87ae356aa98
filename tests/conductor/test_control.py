"""Pause, resume, cancel and clear through the seed's service: the conductor's answer, no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from jobs.conductor import (
    AnswerLost,
    CancelAnswer,
    Cause,
    ClearAnswer,
    ConductorRefused,
    ConductorUnreachable,
    DaemonClient,
    DaemonNotRunningError,
    JobActionResult,
    JobControlService,
    JobNotFound,
    JobRequest,
    JobStatus,
    MethodUnavailable,
    PauseAnswer,
    ProtocolViolation,
    ResumeAnswer,
)
from tests.conductor.manners import saying
from tests.conductor.replay import ReplayConductor
from tests.conductor.sockets import serving

Verb = Callable[[JobControlService], Awaitable[Any]]

VERBS: dict[str, Verb] = {
    "pause_job": lambda service: service.pause_job("x"),
    "resume_job": lambda service: service.resume_job("x"),
    "cancel_job": lambda service: service.cancel_job("x"),
    "clear_jobs": lambda service: service.delete_job("x"),
}
ACTIONS = {name: verb for name, verb in VERBS.items() if name != "clear_jobs"}
YES: dict[str, list[object]] = {
    "pause_job": [True, {"paused": True}, PauseAnswer(paused=True), SimpleNamespace(paused=True)],
    "resume_job": [
        True,
        {"job_id": "x", "status": "accepted", "message": "Job resume queued"},
        {"status": "accepted"},
        ResumeAnswer(job_id="x", status="accepted", message="Job resume queued"),
        SimpleNamespace(job_id="x", status="accepted", message="Job resume queued"),
    ],
    "cancel_job": [True, {"cancelled": True}, CancelAnswer(cancelled=True)],
    "clear_jobs": [1, {"deleted": 1}, ClearAnswer(deleted=1), SimpleNamespace(deleted=2), True],
}
NO: dict[str, list[object]] = {
    "pause_job": [
        False,
        {"paused": False, "error": "Job 'x' is paused, not running"},
        PauseAnswer(paused=False, error="Job 'x' is paused, not running"),
    ],
    "resume_job": [
        False,
        {"job_id": "x", "status": "rejected", "message": "Score 'x' not found"},
        ResumeAnswer(job_id="x", status="rejected", message="Score 'x' not found"),
    ],
    "cancel_job": [False, {"cancelled": False}, CancelAnswer(cancelled=False)],
    "clear_jobs": [0, {"deleted": 0}, ClearAnswer(deleted=0), SimpleNamespace(deleted=0), False],
}
NEITHER: list[object] = [None, "yes", {}, {"ok": True}, [], SimpleNamespace(), 1.5]


def client_answering(method: str, answer: object, status: object = None) -> AsyncMock:
    client = AsyncMock()
    told = getattr(client, method)
    if isinstance(answer, Exception):
        told.side_effect = answer
    else:
        told.return_value = answer
    if isinstance(status, Exception):
        client.get_job_status.side_effect = status
    else:
        client.get_job_status.return_value = status
    return client


def cases(answers: dict[str, list[object]]) -> list[Any]:
    return [
        pytest.param(method, answer, id=f"{method}-{number}")
        for method, forms in answers.items()
        for number, answer in enumerate(forms)
    ]


@pytest.mark.parametrize(("method", "answer"), cases(YES))
async def test_yes_of_any_form_is_success(method: str, answer: object) -> None:
    client = client_answering(method, answer, {"job_id": "x", "status": "running"})
    result = await VERBS[method](JobControlService(client))
    if method == "clear_jobs":
        assert result is True
        client.clear_jobs.assert_awaited_once_with(job_ids=["x"])
    else:
        assert result.success is True
        assert (result.job_id, result.status, result.via_daemon) == ("x", "running", True)
        assert result.message
        getattr(client, method).assert_awaited_once_with("x", "")


@pytest.mark.parametrize(("method", "answer"), cases(NO))
async def test_no_of_any_form_is_no_success(method: str, answer: object) -> None:
    client = client_answering(method, answer, {"job_id": "x", "status": "paused"})
    result = await VERBS[method](JobControlService(client))
    if method == "clear_jobs":
        assert result is False
    else:
        assert result.success is False
        assert result.status == "paused"
        assert result.message


@pytest.mark.parametrize("answer", NEITHER)
@pytest.mark.parametrize("method", VERBS)
async def test_answer_that_is_neither_yes_nor_no_is_lost_and_never_success(
    method: str, answer: object
) -> None:
    client = client_answering(method, answer, {"status": "paused"})
    with pytest.raises(RuntimeError) as caught:
        await VERBS[method](JobControlService(client))
    assert isinstance(caught.value, AnswerLost)
    assert caught.value.may_have_arrived


async def test_unknown_resume_status_is_neither_yes_nor_no() -> None:
    client = client_answering("resume_job", {"status": "thinking"})
    with pytest.raises(AnswerLost, match="thinking"):
        await JobControlService(client).resume_job("x")


async def test_messages_are_the_conductor_s_words() -> None:
    client = client_answering("pause_job", {"paused": False, "error": "not running"})
    assert (await JobControlService(client).pause_job("x")).message == "not running"
    client = client_answering("resume_job", {"status": "rejected", "message": "only PAUSED"})
    assert (await JobControlService(client).resume_job("x")).message == "only PAUSED"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "hibernating"}, "hibernating"),
        (SimpleNamespace(status=JobStatus.CANCELLED), "cancelled"),
        (JobStatus.CANCELLED, "unknown"),
        (None, "unknown"),
        ({}, "unknown"),
        ({"status": None}, "unknown"),
        (JobNotFound("Job 'x' not found", -32000), "unknown"),
        (ConductorUnreachable("gone", Cause.SILENT), "unknown"),
        (DaemonNotRunningError("gone"), "unknown"),
        (ProtocolViolation("garbage", "garbage"), "unknown"),
        (TimeoutError(), "unknown"),
        (ValueError("bad"), "unknown"),
    ],
)
@pytest.mark.parametrize("method", ACTIONS)
async def test_status_is_what_was_read_afterwards_or_unknown(
    method: str, told: object, expected: str
) -> None:
    result = await VERBS[method](JobControlService(client_answering(method, True, told)))
    assert result.success
    assert result.status == expected


@pytest.mark.parametrize(
    "refusal",
    [
        JobNotFound("Job 'x' not found", -32000),
        MethodUnavailable("Method not found: job.pause", -32601),
        ConductorRefused("Shutting down", -32003),
    ],
)
@pytest.mark.parametrize("method", ACTIONS)
async def test_error_object_is_a_refusal_in_the_conductor_s_words(
    method: str, refusal: ConductorRefused
) -> None:
    client = client_answering(method, refusal, {"status": "running"})
    result = await VERBS[method](JobControlService(client))
    assert result == JobActionResult(False, "x", "running", str(refusal), True)


async def test_error_object_for_a_clear_keeps_its_words() -> None:
    client = client_answering("clear_jobs", MethodUnavailable("Method not found", -32601))
    with pytest.raises(MethodUnavailable):
        await JobControlService(client).delete_job("x")


@pytest.mark.parametrize(
    "down", [DaemonNotRunningError("x"), ConductorUnreachable("x", Cause.STALE)]
)
@pytest.mark.parametrize("method", VERBS)
async def test_conductor_that_is_down_is_told_in_the_seed_s_words(
    method: str, down: Exception
) -> None:
    with pytest.raises(RuntimeError) as caught:
        await VERBS[method](JobControlService(client_answering(method, down)))
    assert str(caught.value) == "Conductor not running."
    assert caught.value.may_have_arrived is False  # type: ignore[attr-defined]  # of our subclass


@pytest.mark.parametrize("lost", [ProtocolViolation("garbage", "garbage"), TimeoutError()])
@pytest.mark.parametrize("method", VERBS)
async def test_lost_answer_may_have_arrived_and_is_not_asked_for_again(
    method: str, lost: Exception
) -> None:
    client = client_answering(method, lost, {"status": "paused"})
    with pytest.raises(RuntimeError) as caught:
        await VERBS[method](JobControlService(client))
    assert isinstance(caught.value, AnswerLost)
    getattr(client, method).assert_awaited_once()


@pytest.mark.parametrize("method", VERBS)
async def test_connection_cut_after_the_request_is_not_resent(method: str, short_tmp: Path) -> None:
    async with serving(short_tmp / "s", saying()) as server:
        service = JobControlService(DaemonClient(server.socket_path))
        with pytest.raises(ConductorUnreachable) as caught:
            await VERBS[method](service)
        assert server.connections == 1
    assert caught.value.may_have_arrived


async def test_recorded_pause_resume_and_cancel_end_in_their_recorded_statuses(
    short_tmp: Path,
) -> None:
    async with ReplayConductor("pause_resume_cancel", short_tmp / "s") as conductor:
        client = DaemonClient(conductor.socket_path)
        service = JobControlService(client)
        await client.submit_job(JobRequest(config_path=Path("wire-pause.yaml")))
        paused = await service.pause_job("wire-pause")
        again = await service.pause_job("wire-pause")
        resumed = await service.resume_job("wire-pause")
        cancelled = await service.cancel_job("wire-pause")
    assert (paused.success, paused.status) == (True, "paused")
    assert (again.success, again.message) == (False, "Job 'wire-pause' is paused, not running")
    assert (resumed.success, resumed.status) == (True, "running")
    assert (cancelled.success, cancelled.status) == (True, "cancelled")


async def test_recorded_clear_is_true_only_when_an_entry_went(short_tmp: Path) -> None:
    async with ReplayConductor("rejections", short_tmp / "s") as conductor:
        service = JobControlService(DaemonClient(conductor.socket_path))
        assert await service.delete_job("wire-noinstrument") is False
        assert await service.delete_job("wire-start") is True
        assert await service.delete_job("nope") is False
