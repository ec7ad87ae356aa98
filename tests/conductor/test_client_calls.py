"""Every method of the protocol has its call, and each asks for what its name says."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from jobs.conductor import (
    ConductorUnreachable,
    DaemonClient,
    DaemonTop,
    JobRequest,
    MethodUnavailable,
    ProtocolViolation,
    TopSource,
    wire,
)
from tests.conductor.manners import saying
from tests.conductor.sockets import serving

Call = Callable[[DaemonClient], Awaitable[Any]]
HERE = {"job_id": "x", "workspace": "/ws"}
CHECKPOINT = {"job_id": "x", "job_name": "X", "total_sheets": 1}
TAKEN = {"job_id": "x", "status": "accepted", "message": "ok"}

CALLS: list[tuple[Call, str, dict[str, Any], Any]] = [
    (
        lambda c: c.submit_job(JobRequest(config_path=Path("/x.yaml"), fresh=True)),
        "job.submit",
        {"config_path": "/x.yaml", "fresh": True},
        TAKEN,
    ),
    (lambda c: c.get_job_status("x", "/ws"), "job.status", HERE, CHECKPOINT),
    (lambda c: c.pause_job("x", "/ws"), "job.pause", HERE, {"paused": True}),
    (lambda c: c.resume_job("x", Path("/ws")), "job.resume", HERE, TAKEN),
    (lambda c: c.cancel_job("x"), "job.cancel", {"job_id": "x"}, {"cancelled": True}),
    (lambda c: c.cancel_job("x", ""), "job.cancel", {"job_id": "x"}, {"cancelled": True}),
    (lambda c: c.clear_jobs(job_ids=["x"]), "job.clear", {"job_ids": ["x"]}, {"deleted": 1}),
    (
        lambda c: c.clear_jobs(statuses=["failed"], older_than_seconds=60),
        "job.clear",
        {"statuses": ["failed"], "older_than_seconds": 60},
        {"deleted": 2},
    ),
    (lambda c: c.list_jobs(), "job.list", {}, []),
    (lambda c: c.get_job_errors("x", "/ws"), "job.errors", HERE, {"state": CHECKPOINT}),
    (lambda c: c.diagnose_job("x", "/ws"), "job.diagnose", HERE, {"state": CHECKPOINT}),
    (
        lambda c: c.get_job_history("x", 5),
        "job.history",
        {"job_id": "x", "limit": 5},
        {"job_id": "x", "records": [], "has_history": False},
    ),
    (
        lambda c: c.modify_job("x", Path("/y.yaml")),
        "job.modify",
        {"job_id": "x", "config_path": "/y.yaml"},
        TAKEN,
    ),
    (
        lambda c: c.recover_job("x", "/ws", dry_run=True),
        "job.recover",
        HERE | {"dry_run": True},
        {"recovered": [1]},
    ),
    (lambda c: c.daemon_status(), "daemon.status", {}, {"pid": 1}),
    (lambda c: c.daemon_health(), "daemon.health", {}, {"status": "ok"}),
    (lambda c: c.daemon_ready(), "daemon.ready", {}, {"accepting_work": True}),
    (lambda c: c.daemon_config(), "daemon.config", {}, {"max_concurrent_jobs": 15}),
    (lambda c: c.daemon_top(), "daemon.top", {}, {"running_jobs": 1}),
    (lambda c: c.daemon_events(5), "daemon.events", {"limit": 5}, {"events": []}),
    (lambda c: c.daemon_observer_events(), "daemon.observer_events", {}, {"events": []}),
    (lambda c: c.daemon_rate_limits(), "daemon.rate_limits", {}, {"backends": {}}),
    (
        lambda c: c.daemon_clear_rate_limits("claude"),
        "daemon.clear_rate_limits",
        {"instrument": "claude"},
        {"cleared": 1},
    ),
    (lambda c: c.daemon_learning_patterns(), "daemon.learning.patterns", {}, {"patterns": []}),
    (
        lambda c: c.daemon_shutdown(graceful=False),
        "daemon.shutdown",
        {"graceful": False},
        {"shutting_down": True},
    ),
]


@pytest.mark.parametrize(("call", "method", "params", "result"), CALLS)
async def test_call_asks_for_its_method_and_keeps_the_whole_answer(
    call: Call, method: str, params: dict[str, Any], result: Any, short_tmp: Path
) -> None:
    asked: list[dict[str, Any]] = []

    def answer(line: bytes) -> bytes:
        asked.append(json.loads(line))
        return wire.encode_result(1, result)

    async with serving(short_tmp / "s", saying(after=answer)) as server:
        given = await call(DaemonClient(server.socket_path))
    assert asked == [{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}]
    if isinstance(result, dict):
        assert given.model_dump(mode="json", exclude_unset=True) == result


@pytest.mark.parametrize("call", [call for call, *_ in CALLS])
async def test_method_that_a_conductor_does_not_have_is_said_so(
    call: Call, short_tmp: Path
) -> None:
    line = wire.encode_error(1, wire.METHOD_NOT_FOUND, "Method not found: x", {"method": "x"})
    async with serving(short_tmp / "s", saying(line)) as server:
        with pytest.raises(MethodUnavailable) as caught:
            await call(DaemonClient(server.socket_path))
    assert caught.value.data == {"method": "x"}


@pytest.mark.parametrize("result", [None, 5, {"rows": []}, [{"status": "running"}], ["x"]])
async def test_job_list_that_is_none_has_the_wrong_shape(result: Any, short_tmp: Path) -> None:
    async with serving(short_tmp / "s", saying(wire.encode_result(1, result))) as server:
        with pytest.raises(ProtocolViolation) as caught:
            await DaemonClient(server.socket_path).list_jobs()
    assert caught.value.kind == "wrong_shape"


# -- streams ----------------------------------------------------------------------------------


def event(**params: Any) -> bytes:
    return wire.encode_notification("monitor.event", params)


async def test_event_that_cannot_be_read_is_logged_and_left_out(
    short_tmp: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [
        event(job_id="x", event="job.started", sheet_num=0, timestamp=1795519835.1),
        event(event="of no job"),
        wire.encode_notification("something.else", {}),
        wire.encode_result(1, {"subscribed": True}),
        event(job_id="x", event="sheet.new", sheet_num=2, data={"k": 1}, tempo=1),
    ]
    caplog.set_level(logging.WARNING)
    async with serving(short_tmp / "s", saying(*lines)) as server:
        events = [e async for e in DaemonClient(server.socket_path).stream_events()]
    assert [(e.event, e.sheet_num, e.data) for e in events] == [
        ("job.started", None, {}),
        ("sheet.new", 2, {"k": 1}),
    ]
    assert "Left out an event" in caplog.text


async def _drain(client: DaemonClient) -> None:
    async for _ in client.stream_events():
        pass


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"garbage\n", ProtocolViolation),
        (b'{"jsonrpc":', ConductorUnreachable),
        (wire.encode_error(1, wire.METHOD_NOT_FOUND, "no"), MethodUnavailable),
        (wire.encode_result(2, True), ProtocolViolation),
    ],
)
async def test_stream_that_breaks_says_how(
    line: bytes, kind: type[Exception], short_tmp: Path
) -> None:
    good = event(job_id="x", event="y")
    async with serving(short_tmp / "s", saying(good, line)) as server:
        with pytest.raises(kind):
            await _drain(DaemonClient(server.socket_path))


async def test_stream_from_a_conductor_that_is_gone_says_so(short_tmp: Path) -> None:
    with pytest.raises(ConductorUnreachable):
        await _drain(DaemonClient(short_tmp / "none"))


async def test_top_streams_samples_where_the_conductor_does(short_tmp: Path) -> None:
    sample = wire.encode_notification("daemon.top", {"running_jobs": 2})
    async with serving(short_tmp / "s", saying(sample, sample)) as server:
        client = DaemonClient(server.socket_path)
        samples = [found async for found in client.stream_top(0.5)]
    assert [s.running_jobs for s in samples if isinstance(s, DaemonTop)] == [2, 2]


async def test_top_tells_the_file_where_the_conductor_writes_one(short_tmp: Path) -> None:
    line = wire.encode_result(1, {"jsonl_path": "/srv/monitor.jsonl"})
    async with (
        serving(short_tmp / "s", saying(line)) as server,
        aclosing(DaemonClient(server.socket_path).stream_top()) as stream,
    ):
        assert await anext(stream) == TopSource(jsonl_path="/srv/monitor.jsonl")


async def test_slow_reader_of_a_stream_loses_nothing(short_tmp: Path) -> None:
    lines = [event(job_id="x", event="y", data={"n": n, "pad": "x" * 500}) for n in range(3000)]
    async with serving(short_tmp / "s", saying(b"".join(lines))) as server:
        seen = []
        async for found in DaemonClient(server.socket_path).stream_events():
            seen.append(found.data["n"])
            await asyncio.sleep(0)
    assert seen == list(range(3000))
