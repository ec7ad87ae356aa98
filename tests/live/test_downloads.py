"""Downloads that nobody reads: few are taken, and none is held for long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from jobs.admin.job.files import _downloads
from jobs.registry.models import Job
from tests.factories import make_conductor, make_job, make_user
from tests.live.clients import session_of
from tests.live.conftest import WebServer, in_thread, web_server
from tests.live.test_never_reading import connection
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

MIB = 1024 * 1024
ASKED = 40


@pytest.fixture
def job(transactional_db: None, tmp_path: Path) -> Job:
    """A run with a file that no kernel takes at once."""
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly" / "big.bin").write_bytes(bytes(32 * MIB))
    conductor = make_conductor(shares_filesystem=True)
    return make_job(workspace=str(tmp_path / "nightly"), conductor=conductor)


def ask(raw: socket.socket, server: WebServer, job: Job, cookie: str) -> bytes:
    """Ask for the file; the first of what is answered."""
    raw.sendall(
        f"GET /jobs/job/{job.pk}/files/download/?path=big.bin HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{server.port}\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    return raw.recv(1_000)


def statuses(answers: Iterator[bytes]) -> list[int]:
    return [int(answer.split(b" ", 2)[1]) for answer in answers]


async def test_downloads_that_are_never_read_are_few_and_cost_little(
    job: Job, tmp_path: Path
) -> None:
    cookie = await in_thread(lambda: session_of(make_user("viewer")))
    with web_server(PODIUM_WORKSPACE_ROOTS=str(tmp_path)) as server, ExitStack() as stack:
        process = psutil.Process(server.process.pid)
        with connection(server) as first:
            assert ask(first, server, job, cookie).startswith(b"HTTP/1.1 200")
        threads = process.num_threads()
        answers = []
        for _ in range(ASKED):
            answers.append(ask(stack.enter_context(connection(server)), server, job, cookie))
        assert statuses(iter(answers)).count(200) <= _downloads.most_of_person
        refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503")]
        assert len(refused) >= ASKED - _downloads.most_of_person
        assert all(b"retry-after: 10" in answer.lower() for answer in refused)
        assert process.num_threads() - threads <= _downloads.most_of_person + 12
        await eventually(lambda: process.cpu_percent(0.5) < 20, timeout_s=20, what="rest")


async def test_downloads_that_are_cut_off_leave_room_for_others(job: Job, tmp_path: Path) -> None:
    cookie = await in_thread(lambda: session_of(make_user("viewer")))
    roots = {"PODIUM_WORKSPACE_ROOTS": str(tmp_path), "LIVE_TEST_NO_PROGRESS_S": "0.5"}
    with web_server(**roots) as server, ExitStack() as stack:
        for _ in range(_downloads.most_of_person):
            answer = ask(stack.enter_context(connection(server)), server, job, cookie)
            assert answer.startswith(b"HTTP/1.1 200")

        def is_taken() -> bool:
            with connection(server) as raw:
                return ask(raw, server, job, cookie).startswith(b"HTTP/1.1 200")

        await eventually(is_taken, timeout_s=30, what="a slot that was given back")
