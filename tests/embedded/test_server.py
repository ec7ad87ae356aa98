"""The socket: order, limits, and clients that misbehave."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.process import Conversation, EmbeddedProcess, score
from tests.waiting import wait_until

MIB = 1024 * 1024


def request(number: int, method: str = "daemon.health") -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method}).encode() + b"\n"


def test_requests_on_one_connection_are_answered_in_order(conductor: EmbeddedProcess) -> None:
    methods = ["daemon.top", "daemon.health", "job.list", "daemon.top", "daemon.config"]
    with Conversation(conductor.socket_path) as conversation:
        conversation.send(b"".join(request(n, methods[n % 5]) for n in range(100)))
        assert [conversation.message()["id"] for _ in range(100)] == list(range(100))


def test_request_in_pieces_and_blank_lines_are_understood(conductor: EmbeddedProcess) -> None:
    with Conversation(conductor.socket_path) as conversation:
        conversation.send(b"\n \n")
        line = request(7)
        conversation.send(line[:20])
        assert conductor.answers()
        conversation.send(line[20:])
        assert conversation.message()["id"] == 7


def test_notification_is_carried_out_and_not_answered(conductor: EmbeddedProcess) -> None:
    with Conversation(conductor.socket_path) as conversation:
        conversation.send(b'{"jsonrpc":"2.0","method":"daemon.health"}\n' + request(2))
        assert conversation.message()["id"] == 2


def test_text_ids_are_given_back(conductor: EmbeddedProcess) -> None:
    with Conversation(conductor.socket_path) as conversation:
        assert conversation.ask("daemon.health", id="a\nb")["id"] == "a\nb"


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"jsonrpc":"2.0","id":NaN,"method":1}\n', b"null\n"],
    ids=["not utf-8", "deep", "nan", "null"],
)
def test_garbage_is_answered_and_the_connection_goes_on(
    conductor: EmbeddedProcess, line: bytes
) -> None:
    with Conversation(conductor.socket_path) as conversation:
        conversation.send(line)
        answer = conversation.message()
        assert answer["error"]["code"] in (-32700, -32600)
        assert answer["id"] is None
        conversation.send(request(1))
        assert conversation.message()["id"] == 1


def test_message_of_16_mib_is_read_and_one_byte_more_is_not(conductor: EmbeddedProcess) -> None:
    head = b'{"jsonrpc":"2.0","id":1,"method":"daemon.health","params":{"x":"'
    fill = 16 * MIB - len(head) - 3
    with Conversation(conductor.socket_path) as conversation:
        conversation.send(head + b"x" * fill + b'"}}\n')
        assert "result" in conversation.message()
    with Conversation(conductor.socket_path) as conversation:
        conversation.send(head + b"x" * (fill + 1) + b'"}}\n')
        assert conversation.message()["error"]["code"] == -32700


def test_500_connections_are_served_and_one_more_is_told(conductor: EmbeddedProcess) -> None:
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(Conversation(conductor.socket_path))
        last = stack.enter_context(Conversation(conductor.socket_path))
        assert last.message()["error"]["code"] == -32001
    wait_until(conductor.answers, what="room again")


def test_client_that_goes_mid_answer_harms_nobody(conductor: EmbeddedProcess) -> None:
    for _ in range(20):
        conversation = Conversation(conductor.socket_path)
        conversation.send(request(1, "daemon.top") + request(2)[:10])
        conversation.close()
    assert conductor.answers()
    assert "Traceback" not in conductor.log.read_text()


def test_stream_that_nobody_reads_delays_no_other_and_is_whole_when_read_at_last(
    conductor: EmbeddedProcess,
) -> None:
    with Conversation(conductor.socket_path) as lazy:
        lazy.send(request(1, "daemon.monitor.stream"))
        assert conductor.answers()
        # Far more than a socket's buffers take, far less than a listener may have waiting.
        script = "for i in $(seq 40); do head -c 3000 /dev/zero | tr '\\0' x; sleep 0.01; done"
        conductor.submit("job", score(script, sheets=6))
        started = time.monotonic()
        conductor.call("job.list")
        assert time.monotonic() - started < 1.0
        conductor.wait_for("job", "completed", timeout_s=60)
        read = 0
        while (event := lazy.message()["params"])["event"] != "job.completed":
            assert event["event"] != "monitor.anomaly"
            read += event["data"].get("length", 0)
        assert read == 6 * 40 * 3000


def test_document_of_5000_sheets_is_answered_quickly(conductor: EmbeddedProcess) -> None:
    text = score("sleep 100", sheets=5000)
    started = time.monotonic()
    assert conductor.submit("job", text)["status"] == "accepted"
    sheets = wait_until(lambda: dict(conductor.job("job").get("sheets", {})))
    assert len(sheets) == 5000
    assert time.monotonic() - started < 20
    started = time.monotonic()
    conductor.job("job")
    assert time.monotonic() - started < 1.5
    conductor.call("job.cancel", job_id="job")


def test_daemon_reports_carry_real_values(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("sleep 100"))
    conductor.wait_for_sheet("job", 1, "dispatched")
    status = conductor.call("daemon.status")
    assert (status["pid"], status["running_jobs"]) == (conductor.pid, 1)
    assert status["memory_usage_mb"] > 10

    def top_with_sheet() -> dict[str, Any]:
        found: dict[str, Any] = conductor.call("daemon.top")
        commands = [process["command"] for process in found["processes"]]
        return found if found["active_sheets"] == 1 and "sleep" in commands else {}

    top = wait_until(top_with_sheet)
    assert top["daemon_pid"] == conductor.pid
    assert top["job_progress"][0]["job_id"] == "job"
    owners = {(p["command"], p["job_id"], p["sheet_num"]) for p in top["processes"]}
    assert ("sleep", "job", 1) in owners
    assert {owner[1:] for owner in owners} == {("job", 1)}
    path = conductor.call("daemon.top.stream", interval=1)["jsonl_path"]
    with Path(path).open() as file:
        assert json.loads(file.readline())["daemon_pid"] == conductor.pid
    names = [event["event"] for event in conductor.call("daemon.events", limit=100)["events"]]
    assert names[0] == "job.started"
    observed = conductor.call("daemon.observer_events", job_id="job", limit=10)["events"]
    assert [event["event"] for event in observed] == ["observer.process_spawned"]
