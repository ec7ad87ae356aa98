"""Every recorded exchange, asked again by the real client over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.conductor import (
    CheckpointState,
    ConductorRefused,
    DaemonClient,
    JobNotFound,
    JobRequest,
    MethodUnavailable,
    MonitorEvent,
)
from tests.conductor.replay import ReplayConductor
from tests.conductor.transcript import Exchange, Transcript, transcripts
from tests.waiting import eventually

ALL = transcripts()
MOMENTS = {"submitted_at", "started_at", "completed_at", "created_at", "updated_at", "timestamp"}

# How the client's own methods ask what was recorded.
TYPED: dict[str, Callable[[DaemonClient, dict[str, Any]], Awaitable[Any]]] = {
    "job.submit": lambda c, p: c.submit_job(JobRequest(**p)),
    "job.status": lambda c, p: c.get_job_status(p["job_id"], p["workspace"]),
    "job.pause": lambda c, p: c.pause_job(p["job_id"], p["workspace"]),
    "job.resume": lambda c, p: c.resume_job(p["job_id"], p["workspace"]),
    "job.cancel": lambda c, p: c.cancel_job(p["job_id"]),
    "job.clear": lambda c, p: c.clear_jobs(job_ids=p["job_ids"]),
    "job.list": lambda c, p: c.list_jobs(),
    "job.errors": lambda c, p: c.get_job_errors(p["job_id"]),
    "job.diagnose": lambda c, p: c.diagnose_job(p["job_id"]),
    "job.history": lambda c, p: c.get_job_history(p["job_id"], p.get("limit")),
    "job.recover": lambda c, p: c.recover_job(p["job_id"]),
    "daemon.status": lambda c, p: c.daemon_status(),
    "daemon.health": lambda c, p: c.daemon_health(),
    "daemon.ready": lambda c, p: c.daemon_ready(),
    "daemon.config": lambda c, p: c.daemon_config(),
    "daemon.top": lambda c, p: c.daemon_top(),
    "daemon.top.stream": lambda c, p: _first_of_top(c, p["interval"]),
    "daemon.events": lambda c, p: c.daemon_events(p["limit"]),
    "daemon.observer_events": lambda c, p: c.daemon_observer_events(p["limit"]),
    "daemon.learning.patterns": lambda c, p: c.daemon_learning_patterns(p["limit"]),
    "daemon.rate_limits": lambda c, p: c.daemon_rate_limits(),
    "daemon.clear_rate_limits": lambda c, p: c.daemon_clear_rate_limits(),
}

# Requests that the typed client cannot make: without a job, with a number for a path, unknown.
UNTYPED: tuple[dict[str, Any], ...] = ({}, {"config_path": 5})


async def _first_of_top(client: DaemonClient, interval_s: float) -> Any:
    async with aclosing(client.stream_top(interval_s)) as stream:
        return await anext(stream)


async def _ask(client: DaemonClient, exchange: Exchange) -> Any:
    typed = TYPED.get(exchange.method)
    if typed is None or (exchange.params in UNTYPED and exchange.method.startswith("job.s")):
        return await client.call(exchange.method, exchange.params, changes=exchange.changes)
    return await typed(client, exchange.params)


async def _ask_raw(socket_path: Path, line: str) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(socket_path)
    try:
        writer.write(line.encode())
        return dict(json.loads(await reader.readline()))
    finally:
        writer.close()
        await writer.wait_closed()


def _plain(value: Any) -> Any:
    """JSON of a model, or JSON as it is, with moments as seconds however they are written."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, dict):
        return {k: _seconds(v) if k in MOMENTS else _plain(v) for k, v in value.items()}
    return value


def _seconds(value: Any) -> float | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value).timestamp()
    return None if value is None else round(value, 3)


@pytest.mark.parametrize("transcript", ALL, ids=lambda transcript: transcript.name)
async def test_every_recorded_exchange_is_understood_without_loss(
    transcript: Transcript, short_tmp: Path
) -> None:
    async with ReplayConductor(transcript, short_tmp / "s") as conductor:
        client = DaemonClient(conductor.socket_path)
        for exchange in transcript.exchanges:
            if exchange.raw is not None:
                assert await _ask_raw(conductor.socket_path, exchange.raw) == exchange.answer
            elif "error" in exchange.answer:
                await _assert_refused_as_recorded(client, exchange)
            else:
                answer = await _ask(client, exchange)
                assert _plain(answer) == _plain(exchange.answer["result"])
                for document in answer if isinstance(answer, list) else [answer]:
                    assert not getattr(document, "misfits", ())


async def _assert_refused_as_recorded(client: DaemonClient, exchange: Exchange) -> None:
    recorded = exchange.answer["error"]
    with pytest.raises(ConductorRefused) as caught:
        await _ask(client, exchange)
    kinds = {-32000: JobNotFound, -32601: MethodUnavailable}
    assert type(caught.value) is kinds.get(recorded["code"], ConductorRefused)
    assert caught.value.code == recorded["code"]
    assert caught.value.data == recorded["data"]
    assert str(caught.value) == recorded["message"]


@pytest.mark.parametrize(
    "transcript",
    [transcript for transcript in ALL if transcript.notices],
    ids=lambda transcript: transcript.name,
)
async def test_every_recorded_event_arrives_in_order(
    transcript: Transcript, short_tmp: Path
) -> None:
    async with ReplayConductor(transcript, short_tmp / "s") as conductor:
        client = DaemonClient(conductor.socket_path)
        events: list[MonitorEvent] = []

        async def listen() -> None:
            async for event in client.stream_events():
                events.append(event)
                if len(events) == len(transcript.notices):
                    return

        async with asyncio.TaskGroup() as group:
            group.create_task(listen(), name="listener")
            await eventually(lambda: conductor.listeners == 1, what="the listener")
            for exchange in transcript.exchanges:
                await _ask(client, exchange) if "error" not in exchange.answer else None

    recorded = [notice.message["params"] for notice in transcript.notices]
    assert [event.event for event in events] == [params["event"] for params in recorded]
    assert all(event.sheet_num is None for event in events)
    assert [event.data for event in events] == [params["data"] for params in recorded]
    assert [event.timestamp and event.timestamp.timestamp() for event in events] == [
        pytest.approx(params["timestamp"], abs=1e-5) for params in recorded
    ]


def test_no_recorded_checkpoint_holds_a_field_that_is_not_modelled() -> None:
    for transcript in ALL:
        for exchange in transcript.exchanges:
            result = exchange.answer.get("result")
            if not isinstance(result, dict) or "total_sheets" not in result:
                continue
            state = CheckpointState.from_wire(result)
            assert not state.extra
            assert not any(sheet.extra for sheet in state.sheets.values())


async def test_replayed_job_goes_through_its_states_as_it_is_polled(short_tmp: Path) -> None:
    async with ReplayConductor(["happy", "failing"], short_tmp / "s") as conductor:
        client = DaemonClient(conductor.socket_path)
        assert await client.list_jobs() == []
        await client.submit_job(JobRequest(config_path=Path("/else/wire-happy.yaml")))
        seen = []
        for _ in range(8):
            (row,) = await client.list_jobs()
            seen.append((str(row.status), row.progress_completed))
    assert seen[0] == ("running", 0)
    assert seen[-1] == ("completed", 3)
    assert seen == sorted(seen, key=lambda state: state[1] or 0)
    assert row.config_path == "/else/wire-happy.yaml"
    assert row.submitted_at is not None


async def test_replayed_job_waits_for_an_action_that_was_recorded(short_tmp: Path) -> None:
    async with ReplayConductor("pause_resume_cancel", short_tmp / "s") as conductor:
        client = DaemonClient(conductor.socket_path)
        await client.submit_job(JobRequest(config_path=Path("wire-pause.yaml")))
        for _ in range(5):
            assert (await client.get_job_status("wire-pause")).status != "paused"
        assert (await client.pause_job("wire-pause")).paused
        assert (await client.get_job_status("wire-pause")).status == "paused"


async def test_replay_of_everything_at_its_end_lists_all_jobs(short_tmp: Path) -> None:
    async with ReplayConductor(ALL, short_tmp / "s") as conductor:
        conductor.run_to_end()
        statuses = {
            row.job_id: row.status for row in await DaemonClient(short_tmp / "s").list_jobs()
        }
    assert statuses["wire-happy"] == "completed"
    assert statuses["wire-fail"] == "failed"
    assert len(statuses) >= 5
