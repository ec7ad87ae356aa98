"""Each way in which a conductor fails to answer is told apart, over real sockets."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.conductor import (
    Cause,
    ConductorRefused,
    ConductorUnreachable,
    DaemonClient,
    DaemonNotRunningError,
    JobNotFound,
    MethodUnavailable,
    ProtocolViolation,
    wire,
)
from tests.conductor.manners import (
    answering,
    deaf,
    flooding,
    hanging_after,
    padded_answer,
    saying,
    silent,
)
from tests.conductor.sockets import Handler, serving
from tests.waiting import patience

SHORT_S = 0.2
OK = wire.encode_result(1, {"cancelled": True})


async def _unreachable(
    socket_path: Path, *, changes: bool = True, wait_s: float = SHORT_S
) -> ConductorUnreachable:
    client = DaemonClient(socket_path, connect_s=patience(wait_s))
    with pytest.raises(ConductorUnreachable) as caught:
        await client.call(
            "job.cancel", {"job_id": "x"}, changes=changes, timeout_s=patience(wait_s)
        )
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value, DaemonNotRunningError)
    return caught.value


@contextmanager
def _no_more_files() -> Iterator[None]:
    """A process that has as many files open as it may."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(lowest := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_too_many_open_files_mean_that_nothing_was_sent(short_tmp: Path) -> None:
    with _no_more_files():
        error = await _unreachable(short_tmp / "s")
    assert (error.cause, error.may_have_arrived) == (Cause.OTHER, False)
    assert "open files" in str(error)


async def _violation(short_tmp: Path, handler: Handler) -> ProtocolViolation:
    async with serving(short_tmp / "s", handler) as server:
        with pytest.raises(ProtocolViolation) as caught:
            await DaemonClient(server.socket_path).call("job.cancel", changes=True)
        assert server.connections == 1
    assert caught.value.may_have_arrived
    return caught.value


# -- never connected: nothing arrived ---------------------------------------------------------


async def test_missing_socket_is_named_and_nothing_arrived(short_tmp: Path) -> None:
    error = await _unreachable(short_tmp / "none")
    assert error.cause is Cause.MISSING
    assert not error.may_have_arrived
    assert str(short_tmp / "none") in str(error)


async def test_socket_below_a_file_is_missing(short_tmp: Path) -> None:
    (short_tmp / "file").touch()
    assert (await _unreachable(short_tmp / "file" / "s")).cause is Cause.MISSING


async def test_stale_socket_is_named_and_nothing_arrived(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(short_tmp / "s"))
    error = await _unreachable(short_tmp / "s")
    assert error.cause is Cause.STALE
    assert not error.may_have_arrived


@contextmanager
def _closed_to_others(socket_path: Path) -> Iterator[None]:
    """The folder may be passed through, the socket may not be used."""
    socket_path.parent.chmod(0o755)
    socket_path.chmod(0o000)
    yield


@contextmanager
def _no_privileges() -> Iterator[None]:
    """Act as an ordinary user, whom the mode of a socket stops."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


async def test_forbidden_socket_is_named_and_nothing_arrived(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", silent()) as server:
        with _closed_to_others(server.socket_path), _no_privileges():
            error = await _unreachable(server.socket_path)
        assert server.connections == 0
    assert error.cause is Cause.FORBIDDEN
    assert not error.may_have_arrived


async def test_full_backlog_is_silence_and_nothing_arrived(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(short_tmp / "s"))
        busy.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(short_tmp / "s"))
            error = await _unreachable(short_tmp / "s")
    assert error.cause is Cause.SILENT
    assert not error.may_have_arrived


@pytest.mark.parametrize("path", ["/tmp/" + "x" * 200, "/tmp/nul\0byte"])
async def test_path_that_no_socket_can_have_is_said_so(path: str) -> None:
    error = await _unreachable(Path(path))
    assert error.cause is Cause.OTHER
    assert not error.may_have_arrived


async def test_each_cause_has_its_own_sentence(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(short_tmp / "stale"))
    async with serving(short_tmp / "mute", silent()), serving(short_tmp / "deaf", deaf()):
        names = ("none", "stale", "mute", "deaf", "x" * 200)
        errors = [await _unreachable(short_tmp / name) for name in names]
    assert len({str(error).replace(str(short_tmp), "") for error in errors}) == len(names)


# -- connected: the request may have arrived --------------------------------------------------


async def test_silent_conductor_is_named_and_the_request_may_have_arrived(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", silent()) as server:
        error = await _unreachable(server.socket_path)
        assert server.connections == 1
    assert error.cause is Cause.SILENT
    assert error.may_have_arrived
    assert "may have arrived" in str(error)


async def test_dripping_answer_does_not_stretch_the_deadline(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", hanging_after(b'{"jsonrpc":')) as server:
        assert (await _unreachable(server.socket_path)).cause is Cause.SILENT


@pytest.mark.parametrize(
    "handler",
    [saying(), saying(OK[:20]), saying(OK[:-1]), deaf()],
    ids=["before the answer", "half a line", "all but the newline", "without reading"],
)
async def test_changing_call_cut_off_may_have_arrived_and_is_not_resent(
    handler: Handler, short_tmp: Path
) -> None:
    async with serving(short_tmp / "s", handler) as server:
        error = await _unreachable(server.socket_path, wait_s=10)
        assert server.connections == 1
    assert error.cause is Cause.CLOSED
    assert error.may_have_arrived
    assert "may have arrived" in str(error)


async def test_lost_read_says_nothing_of_arrival_in_its_sentence(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", saying()) as server:
        error = await _unreachable(server.socket_path, changes=False, wait_s=10)
    assert "may have arrived" not in str(error)


async def test_request_that_the_peer_never_reads_is_silence(short_tmp: Path) -> None:
    big = {"job_id": "x" * 8_000_000}
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(short_tmp / "s"))
        busy.listen(5)
        client = DaemonClient(short_tmp / "s")
        with pytest.raises(ConductorUnreachable) as caught:
            await client.call("job.cancel", big, changes=True, timeout_s=patience(SHORT_S))
    assert caught.value.cause is Cause.SILENT
    assert caught.value.may_have_arrived


@pytest.mark.parametrize(
    "flood", [b'{"jsonrpc":"2.0","method":"x"}\n' * 5000, b'{"jsonrpc":"2.0","method":"x"}\n']
)
async def test_conductor_that_never_stops_talking_is_cut_off_at_the_deadline(
    flood: bytes, short_tmp: Path
) -> None:
    with flooding(short_tmp / "s", flood):
        error = await _unreachable(short_tmp / "s")
    assert error.cause is Cause.SILENT
    assert error.may_have_arrived


# -- something came, but not the protocol -----------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [b"garbage\n", b"\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"a":1\n', b"9" * 5000 + b"\n"],
    ids=["words", "blank", "not utf-8", "deep", "cut json", "endless number"],
)
async def test_garbage_is_named(line: bytes, short_tmp: Path) -> None:
    assert (await _violation(short_tmp, saying(line))).kind == "garbage"


@pytest.mark.parametrize(
    "line",
    [
        b"[]\n",
        b"null\n",
        b"{}\n",
        b'{"jsonrpc":"1.0","id":1,"result":1}\n',
        b'{"jsonrpc":"2.0","id":1}\n',
        b'{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"x"}}\n',
        b'{"jsonrpc":"2.0","id":1,"error":"no"}\n',
        b'{"jsonrpc":"2.0","id":1.5,"result":1}\n',
        b'{"jsonrpc":"2.0","id":1,"method":"job.list"}\n',
    ],
)
async def test_json_that_is_no_answer_has_the_wrong_shape(line: bytes, short_tmp: Path) -> None:
    assert (await _violation(short_tmp, saying(line))).kind == "wrong_shape"


@pytest.mark.parametrize("answer_id", [2, "1", "x" * 1000, True, None])
async def test_answer_to_another_request_is_named(answer_id: object, short_tmp: Path) -> None:
    line = wire.encode_result(answer_id, True)  # type: ignore[arg-type]  # wrong on purpose
    kind = (await _violation(short_tmp, saying(line))).kind
    assert kind == ("wrong_shape" if answer_id is True else "wrong_id")


async def test_answer_of_16_mib_is_read(short_tmp: Path) -> None:
    line = padded_answer(wire.MAX_MESSAGE_BYTES)
    async with serving(short_tmp / "s", saying(line)) as server:
        text = await DaemonClient(server.socket_path).call("daemon.status", changes=False)
    assert len(line) == wire.MAX_MESSAGE_BYTES + 1
    assert set(text) == {"x"}


async def test_answer_of_one_byte_more_is_too_long(short_tmp: Path) -> None:
    line = padded_answer(wire.MAX_MESSAGE_BYTES + 1)
    assert (await _violation(short_tmp, saying(line))).kind == "too_long"


async def test_answer_without_end_is_too_long_before_it_ends(short_tmp: Path) -> None:
    endless = hanging_after(b"x" * (wire.MAX_MESSAGE_BYTES + 1))
    assert (await _violation(short_tmp, endless)).kind == "too_long"


# -- the conductor refuses --------------------------------------------------------------------

KINDS = [
    (wire.PARSE, "Parse error", ConductorRefused),
    (wire.INVALID_REQUEST, "Invalid request", ConductorRefused),
    (wire.METHOD_NOT_FOUND, "Method not found: x", MethodUnavailable),
    (wire.INVALID_PARAMS, "Invalid params", ConductorRefused),
    (wire.INTERNAL, "Internal error", ConductorRefused),
    (wire.JOB_NOT_FOUND, "Job 'x' not found", JobNotFound),
    (wire.JOB_NOT_FOUND, "The submission failed", ConductorRefused),
    (wire.RESOURCES_EXHAUSTED, "Too many jobs", ConductorRefused),
    (wire.ALREADY_RUNNING, "Job 'x' is already running", ConductorRefused),
    (wire.SHUTTING_DOWN, "Shutting down", ConductorRefused),
    (wire.NOT_RESUMABLE, "Not resumable", ConductorRefused),
    (wire.WORKSPACE_NOT_FOUND, "Workspace not found", ConductorRefused),
    (-32099, "Something new", ConductorRefused),
]


@pytest.mark.parametrize(("code", "message", "kind"), KINDS)
async def test_error_answer_keeps_code_words_and_data(
    code: int, message: str, kind: type[ConductorRefused], short_tmp: Path
) -> None:
    line = wire.encode_error(1, code, message, {"detail": 1})
    async with serving(short_tmp / "s", saying(line)) as server:
        with pytest.raises(ConductorRefused) as caught:
            await DaemonClient(server.socket_path).call("x", changes=True)
        assert server.connections == 1
    assert type(caught.value) is kind
    assert (caught.value.code, str(caught.value)) == (code, message)
    assert caught.value.data == {"detail": 1}


async def test_error_answer_without_an_id_is_ours(short_tmp: Path) -> None:
    line = wire.encode_error(None, wire.PARSE, "Parse error: malformed JSON")
    async with serving(short_tmp / "s", saying(line)) as server:
        with pytest.raises(ConductorRefused, match="malformed"):
            await DaemonClient(server.socket_path).call("x", changes=False)


async def test_error_answer_without_words_still_has_a_sentence(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", saying(wire.encode_error(1, -32003, ""))) as server:
        with pytest.raises(ConductorRefused, match="-32003"):
            await DaemonClient(server.socket_path).call("x", changes=False)


# -- odd, but good enough ---------------------------------------------------------------------


async def test_notification_before_the_answer_is_passed_over(short_tmp: Path) -> None:
    note = wire.encode_notification("monitor.event", {"job_id": "x"})
    async with serving(short_tmp / "s", saying(note, note, OK)) as server:
        assert (await DaemonClient(server.socket_path).cancel_job("x")).cancelled


async def test_answer_in_single_bytes_is_put_together(short_tmp: Path) -> None:
    async with serving(short_tmp / "s", saying(*(OK[i : i + 1] for i in range(len(OK))))) as server:
        assert (await DaemonClient(server.socket_path).cancel_job("x")).cancelled


async def test_unknown_status_and_extra_keys_are_kept(short_tmp: Path) -> None:
    rows = [{"job_id": "x", "status": "hibernating", "mood": "calm"}]
    async with serving(short_tmp / "s", answering(rows)) as server:
        (row,) = await DaemonClient(server.socket_path).list_jobs()
    assert row.status == "hibernating"
    assert not row.status.is_known
    assert row.extra == {"mood": "calm"}


@pytest.mark.parametrize("result", [{}, {"cancelled": None}, {"cancelled": "yes"}, None, 5, []])
async def test_cancel_answer_that_says_neither_yes_nor_no_is_never_success(
    result: object, short_tmp: Path
) -> None:
    async with serving(short_tmp / "s", answering(result)) as server:
        with pytest.raises(ProtocolViolation) as caught:
            await DaemonClient(server.socket_path).cancel_job("x")
    assert caught.value.kind == "wrong_shape"


async def test_clear_of_nothing_in_particular_is_not_sent(short_tmp: Path) -> None:
    with pytest.raises(ValueError, match="which jobs"):
        await DaemonClient(short_tmp / "none").clear_jobs(job_ids=[])
