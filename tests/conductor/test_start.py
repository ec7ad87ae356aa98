"""Submitting through the seed's service: what is checked, what is sent, what comes back."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest

from jobs.conductor import (
    AnswerLost,
    Cause,
    ConductorRefused,
    ConductorUnreachable,
    DaemonClient,
    DaemonNotRunningError,
    InvalidScore,
    JobControlService,
    JobStartResult,
    ProtocolViolation,
    SubmitAnswer,
    SubmitRejected,
    wire,
)
from tests.conductor.manners import answering, saying
from tests.conductor.replay import ReplayConductor
from tests.conductor.scores import make_score, write_score
from tests.conductor.sockets import serving

ACCEPTED = {"job_id": "nightly", "status": "accepted", "message": "Job queued"}


def client_answering(answer: object, rows: object = ()) -> AsyncMock:
    client = AsyncMock()
    if isinstance(answer, Exception):
        client.submit_job.side_effect = answer
    else:
        client.submit_job.return_value = answer
    client.list_jobs.return_value = list(rows) if isinstance(rows, tuple) else rows
    return client


def service_with(client: object, tmp_path: Path) -> JobControlService:
    return JobControlService(client, submissions=tmp_path / "submissions")


def sent(client: AsyncMock) -> dict[str, Any]:
    client.submit_job.assert_awaited_once()
    return dict(client.submit_job.await_args.args[0].to_wire())


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "submissions").glob("*/*.yaml"))


# -- refused before anything is sent ----------------------------------------------------------


def test_service_without_a_client_is_refused() -> None:
    with pytest.raises(ValueError, match="client"):
        JobControlService(None)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"config_path": "/x.yaml", "config_content": "name: x"},
        {"config_path": "/x.txt"},
        {"config_path": "/x"},
        {"config_path": ""},
        {"config_path": "/srv/../x.yaml"},
        {"config_path": "../x.yaml"},
        {"config_path": "/x.yaml", "name": "other"},
        {"config_content": ""},
        {"config_content": "name: [", "name": "x"},
        {"config_content": make_score(), "start_sheet": 0},
        {"config_content": make_score(), "workspace": "/ws/../etc"},
        {"config_content": make_score(), "name": "../x"},
        {"config_content": make_score(name="a job for the night")},
    ],
)
async def test_bad_argument_is_a_value_error_and_nothing_is_sent(
    arguments: dict[str, Any], tmp_path: Path
) -> None:
    client = client_answering(ACCEPTED)
    with pytest.raises(ValueError, match=r"."):
        await service_with(client, tmp_path).start_job(**arguments)
    client.submit_job.assert_not_awaited()
    assert kept(tmp_path) == []


async def test_missing_file_is_said_so(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    with pytest.raises(FileNotFoundError):
        await service_with(client, tmp_path).start_job(tmp_path / "none.yaml")
    client.submit_job.assert_not_awaited()


async def test_folder_with_the_suffix_of_a_score_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").mkdir()
    with pytest.raises(ValueError, match="is not a"):
        await service_with(client_answering(ACCEPTED), tmp_path).start_job(tmp_path / "x.yaml")


async def test_link_to_something_else_than_a_score_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="is not a"):
        await service_with(client_answering(ACCEPTED), tmp_path).start_job(tmp_path / "x.yaml")


async def test_invalid_score_is_told_with_its_findings_before_the_submit(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    path = write_score(tmp_path, text=make_score() + "flavour: y\n")
    with pytest.raises(InvalidScore, match="line 9") as caught:
        await service_with(client, tmp_path).start_job(path)
    assert caught.value.findings[0].path == "flavour"
    client.submit_job.assert_not_awaited()


async def test_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = write_score(tmp_path, text="")
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # sparse: reading it whole would fill the memory
    with pytest.raises(InvalidScore):
        await service_with(client_answering(ACCEPTED), tmp_path).start_job(path)


# -- what is sent -----------------------------------------------------------------------------


async def test_file_is_sent_by_its_real_path_and_without_defaults(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    path = write_score(tmp_path)
    await service_with(client, tmp_path).start_job(path)
    assert sent(client) == {"config_path": str(path.resolve())}


@pytest.mark.parametrize(("start_sheet", "expected"), [(1, None), (2, 2), (9, 9)])
async def test_start_sheet_is_sent_only_past_the_first(
    start_sheet: int, expected: int | None, tmp_path: Path
) -> None:
    client = client_answering(ACCEPTED)
    await service_with(client, tmp_path).start_job(write_score(tmp_path), start_sheet=start_sheet)
    assert client.submit_job.await_args.args[0].start_sheet == expected
    assert sent(client).get("start_sheet") == expected


async def test_workspace_and_self_healing_are_sent(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    path = write_score(tmp_path)
    await service_with(client, tmp_path).start_job(path, workspace="/srv/ws", self_healing=True)
    assert sent(client)["workspace"] == "/srv/ws"
    assert sent(client)["self_healing"] is True


async def test_relative_workspace_counts_from_the_score(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    await service_with(client, tmp_path).start_job(write_score(tmp_path), workspace="ws")
    assert sent(client)["workspace"] == str(tmp_path / "ws")


async def test_content_is_kept_under_the_job_s_name_after_the_submit(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    await service_with(client, tmp_path).start_job(config_content=make_score())
    (path,) = kept(tmp_path)
    assert sent(client)["config_path"] == str(path)
    assert path.name == "nightly.yaml"
    assert path.read_text() == make_score()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_content_may_be_given_another_name(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    content = make_score(name="a job for the night")
    await service_with(client, tmp_path).start_job(config_content=content, name="night")
    assert kept(tmp_path)[0].name == "night.yaml"


# -- what comes back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [ACCEPTED, SubmitAnswer(**ACCEPTED), SimpleNamespace(**ACCEPTED)]
)
async def test_accepted_submit_of_any_form_gives_the_score_s_facts(
    answer: object, tmp_path: Path
) -> None:
    service = service_with(client_answering(answer), tmp_path)
    result = await service.start_job(write_score(tmp_path))
    assert result == JobStartResult(
        job_id="nightly",
        job_name="nightly",
        status="accepted",
        workspace=tmp_path / "ws",
        total_sheets=3,
        pid=None,
        via_daemon=True,
    )


async def test_pending_submit_is_a_start(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED | {"status": "pending"})
    result = await service_with(client, tmp_path).start_job(write_score(tmp_path))
    assert result.status == "pending"


@pytest.mark.parametrize(
    "rows",
    [
        ({"job_id": "other", "workspace": "/no"}, {"job_id": "nightly", "workspace": "/real/ws"}),
        (SimpleNamespace(job_id="nightly", workspace="/real/ws"),),
    ],
)
async def test_workspace_is_the_one_that_the_conductor_names(rows: object, tmp_path: Path) -> None:
    service = service_with(client_answering(ACCEPTED, rows), tmp_path)
    result = await service.start_job(write_score(tmp_path), workspace="/asked/for")
    assert result.workspace == Path("/real/ws")


@pytest.mark.parametrize("rows", [None, 5, ({"job_id": "nightly"},), ({},)])
async def test_workspace_is_the_one_asked_for_when_the_list_does_not_help(
    rows: object, tmp_path: Path
) -> None:
    service = service_with(client_answering(ACCEPTED, rows), tmp_path)
    result = await service.start_job(write_score(tmp_path), workspace="/asked/for")
    assert result.workspace == Path("/asked/for")


async def test_list_that_fails_after_the_submit_does_not_fail_the_submit(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    client.list_jobs.side_effect = ConductorUnreachable("gone", Cause.MISSING)
    result = await service_with(client, tmp_path).start_job(write_score(tmp_path))
    assert result.job_id == "nightly"


@pytest.mark.parametrize("status", ["rejected", "error"])
async def test_refused_submit_raises_with_the_conductor_s_words(
    status: str, tmp_path: Path
) -> None:
    answer = ACCEPTED | {"status": status, "message": "Job 'nightly' is already running."}
    with pytest.raises(RuntimeError, match="already running") as caught:
        await service_with(client_answering(answer), tmp_path).start_job(
            config_content=make_score()
        )
    assert isinstance(caught.value, SubmitRejected)
    assert (caught.value.status, caught.value.code) == (status, None)
    assert kept(tmp_path) == []


async def test_error_object_for_a_submit_raises_with_its_code(tmp_path: Path) -> None:
    refusal = ConductorRefused("Shutting down", wire.SHUTTING_DOWN)
    with pytest.raises(RuntimeError, match="Shutting down") as caught:
        await service_with(client_answering(refusal), tmp_path).start_job(
            config_content=make_score()
        )
    assert isinstance(caught.value, SubmitRejected)
    assert caught.value.code == wire.SHUTTING_DOWN
    assert kept(tmp_path) == []


async def test_content_stays_when_an_internal_error_leaves_it_open_what_was_done(
    tmp_path: Path,
) -> None:
    refusal = ConductorRefused("Internal error", wire.INTERNAL)
    with pytest.raises(SubmitRejected):
        await service_with(client_answering(refusal), tmp_path).start_job(
            config_content=make_score()
        )
    assert len(kept(tmp_path)) == 1


# -- no answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "down",
    [
        DaemonNotRunningError("whatever"),
        ConductorUnreachable("x", Cause.MISSING),
        ConductorUnreachable("x", Cause.STALE),
        ConnectionRefusedError(),
        FileNotFoundError(),
    ],
)
async def test_conductor_that_is_down_is_told_in_the_seed_s_words(
    down: Exception, tmp_path: Path
) -> None:
    service = service_with(client_answering(down), tmp_path)
    with pytest.raises(RuntimeError) as caught:
        await service.start_job(config_content=make_score())
    assert str(caught.value) == "Conductor not running. Start it with: mzt start"
    assert caught.value.may_have_arrived is False  # type: ignore[attr-defined]  # of our subclass
    assert kept(tmp_path) == []


async def test_missing_socket_is_told_in_the_seed_s_words(short_tmp: Path) -> None:
    service = service_with(DaemonClient(short_tmp / "none"), short_tmp)
    with pytest.raises(ConductorUnreachable) as caught:
        await service.start_job(config_content=make_score())
    assert str(caught.value) == "Conductor not running. Start it with: mzt start"
    assert caught.value.cause is Cause.MISSING


@pytest.mark.parametrize(
    "lost",
    [
        ConductorUnreachable("silent", Cause.SILENT, may_have_arrived=True),
        ConductorUnreachable("closed", Cause.CLOSED, may_have_arrived=True),
        ProtocolViolation("garbage", "garbage"),
        TimeoutError(),
        ConnectionResetError(),
        None,
        {},
        {"job_id": "nightly"},
        ACCEPTED | {"status": "thinking"},
        ACCEPTED | {"status": None},
    ],
)
async def test_lost_answer_says_that_the_submit_may_have_arrived_and_keeps_the_score(
    lost: object, tmp_path: Path
) -> None:
    client = client_answering(lost)
    with pytest.raises(RuntimeError) as caught:
        await service_with(client, tmp_path).start_job(config_content=make_score())
    assert isinstance(caught.value, AnswerLost | ConductorUnreachable)
    assert caught.value.may_have_arrived
    client.submit_job.assert_awaited_once()
    assert len(kept(tmp_path)) == 1


async def test_forbidden_socket_is_not_called_a_conductor_that_does_not_run(
    tmp_path: Path,
) -> None:
    forbidden = ConductorUnreachable("The socket may not be used.", Cause.FORBIDDEN)
    with pytest.raises(RuntimeError, match="may not be used"):
        await service_with(client_answering(forbidden), tmp_path).start_job(
            config_content=make_score()
        )


async def test_submit_cut_off_after_the_request_makes_one_connection_only(
    short_tmp: Path,
) -> None:
    async with serving(short_tmp / "s", saying()) as server:
        service = service_with(DaemonClient(server.socket_path), short_tmp)
        with pytest.raises(ConductorUnreachable) as caught:
            await service.start_job(config_content=make_score())
        assert server.connections == 1
    assert caught.value.may_have_arrived


async def test_cancelled_submit_passes_the_cancellation_on(tmp_path: Path) -> None:
    client = client_answering(ACCEPTED)
    client.submit_job.side_effect = asyncio.CancelledError
    with pytest.raises(asyncio.CancelledError):
        await service_with(client, tmp_path).start_job(config_content=make_score())
    assert len(kept(tmp_path)) == 1


async def test_recorded_submit_and_rejection_go_through_a_real_socket(short_tmp: Path) -> None:
    async with ReplayConductor("pause_resume_cancel", short_tmp / "s") as conductor:
        service = service_with(DaemonClient(conductor.socket_path), short_tmp)
        path = write_score(short_tmp, "wire-pause.yaml")
        result = await service.start_job(path)
        with pytest.raises(SubmitRejected, match="already running"):
            await service.start_job(path)
    assert (result.job_id, result.status) == ("wire-pause", "accepted")
    assert result.workspace == Path("/srv/podium/ws/wire-pause")


async def test_unreadable_answer_on_the_wire_is_a_lost_answer(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", answering({"ok": True})) as server:
        service = service_with(DaemonClient(server.socket_path), short_tmp)
        with pytest.raises(AnswerLost):
            await service.start_job(config_content=make_score())
