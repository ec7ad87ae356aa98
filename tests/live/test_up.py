"""`manage.py up` as a user runs it: its own process, its own home, a real conductor."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import httpx
import psutil
import pytest

from jobs.conductor import DaemonClient, JobRequest
from jobs.embedded import Home, socket_path_for
from jobs.embedded.ownership import owner_of
from tests.live.clients import Socket
from tests.live.conftest import free_port
from tests.live.scripted import ScriptedConductor, row
from tests.waiting import eventually, patience, wait_until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a password for the tests"

LINES = """\
name: lines
sheet: {size: 1, total_items: 3}
instrument: cli
prompt:
  template: |
    until [ -e go ]; do sleep 0.05; done
    for n in 1 2 3; do echo "sheet {{ sheet_num }} line $n"; sleep 0.05; done
"""

# It speaks once more when it is told to end.
LAST_WORDS = """\
name: lines
sheet: {size: 1, total_items: 1}
instrument: cli
prompt:
  template: |
    trap 'echo "at the end"; exit 0' TERM
    echo "at first"
    while :; do sleep 0.05; done
"""

LONG = """\
name: long
sheet: {size: 1, total_items: 12}
instrument: cli
prompt:
  template: |
    sleep 0.3; echo "{{ sheet_num }}"
"""


class Browser(TypedDict):
    """How somebody who has logged in connects."""

    cookie: str
    origin: str


@dataclass
class Installation:
    """A home in which `manage.py up` is started again and again."""

    home: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    said: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/events/"

    @property
    def conductor(self) -> DaemonClient:
        return DaemonClient(socket_path_for(self.home))

    @property
    def conductor_pid(self) -> int | None:
        return owner_of(Home(self.home))

    def launch(self, **environment: str) -> subprocess.Popen[str]:
        variables = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
        for name in ("DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"):
            variables.pop(name, None)
        variables |= {
            "PODIUM_HOME": str(self.home),
            "PORT": str(self.port),
            "PODIUM_ADMIN_PASSWORD": PASSWORD,
            **self.environment,
            **environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.process

    def start(self, **environment: str) -> float:
        """Start it; seconds until the first page."""
        process = self.launch(**environment)
        began = time.monotonic()

        def is_up() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"ended at once:\n{self.rest()}")
            try:
                return httpx.get(f"{self.url}/login/", trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(is_up, timeout_s=60, what="the first page")
        return time.monotonic() - began

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(patience(40))
        self.said = self.rest()
        return code

    def kill(self) -> None:
        """End it without letting it do anything about it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.rest()

    def rest(self) -> str:
        """What it has said, once it has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as output:
            return output.read()

    def login(self) -> Browser:
        """The cookie and origin of the first administrator's browser."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=patience(20)) as browser:
            browser.get("/login/")
            form = {
                "username": "admin",
                "password": PASSWORD,
                "csrfmiddlewaretoken": browser.cookies["podium_csrf"],
            }
            answer = browser.post("/login/", data=form, headers={"Origin": self.url})
            assert answer.status_code == 302, answer.text
            return {
                "cookie": f"podium_session={browser.cookies['podium_session']}",
                "origin": self.url,
            }

    def score(self, name: str, text: str) -> Path:
        path = self.home / "scores" / f"{name}.yaml"
        path.write_text(text)
        return path

    def clean_up(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if (pid := self.conductor_pid) is not None:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: self.conductor_pid is None, timeout_s=20, what="no conductor")


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which everything has been prepared once, to be copied."""
    home = tmp_path_factory.mktemp("up") / "home"
    first = Installation(home, free_port())
    try:
        first.start()
        assert first.stop() == 0
    finally:
        first.clean_up()
    return home


@pytest.fixture
def installation(short_tmp: Path, used_home: Path) -> Iterator[Installation]:
    """Podium on a machine where it ran before."""
    home = shutil.copytree(used_home, short_tmp / "home")
    installed = Installation(home, free_port())
    yield installed
    installed.clean_up()


async def submit(installation: Installation, name: str, text: str) -> None:
    path = installation.score(name, text)
    answer = await installation.conductor.submit_job(
        JobRequest(config_path=path, workspace=installation.home / "workspaces" / name)
    )
    assert answer.is_accepted, answer


async def follow(socket: Socket, until: str) -> list[dict[str, Any]]:
    """Events, acknowledged, up to the first of this name."""
    heard: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(patience(45)):
            while not heard or heard[-1]["event"] != until:
                heard += await socket.hear_events(1, timeout_s=45)
                await socket.say(type="ack", seq=heard[-1]["seq"])
    except TimeoutError:
        told = [(event["seq"], event["event"], event["sheet"]) for event in heard]
        pytest.fail(f"waited in vain for {until}; heard {told}")
    return heard


async def watched_lines(installation: Installation, socket: Socket) -> list[dict[str, Any]]:
    """The events of `LINES`, which goes on once it was seen to run."""
    await submit(installation, "lines", LINES)
    heard = await follow(socket, "sheet.started")
    (installation.home / "workspaces" / "lines" / "go").touch()
    return heard + await follow(socket, "job.completed")


async def test_a_job_is_watched_from_start_to_end_with_its_output(
    installation: Installation,
) -> None:
    await asyncio.to_thread(installation.start)
    browser = await asyncio.to_thread(installation.login)
    async with Socket.open(installation.socket_url, **browser) as socket:
        await socket.subscribed(None)
        heard = await watched_lines(installation, socket)
        while len([e for e in heard if e["event"] == "sheet.completed"]) < 3:
            heard += await socket.hear_events(1)
    output = "".join(e["data"]["preview"] for e in heard if e["event"] == "sheet.output")
    assert output.splitlines() == [f"sheet {s} line {n}" for s in (1, 2, 3) for n in (1, 2, 3)]
    names = [(event["event"], event["sheet"]) for event in heard]
    for sheet in (1, 2, 3):
        assert names.count(("sheet.completed", sheet)) == 1
    assert names.count(("job.completed", None)) == 1
    assert len({event["job"] for event in heard if event["job_id"] == "lines"}) == 1
    code = await asyncio.to_thread(installation.stop)
    assert code == 0
    assert "Traceback" not in installation.said


async def test_it_ends_in_order_and_jobs_go_on_at_the_next_start(
    installation: Installation,
) -> None:
    await asyncio.to_thread(installation.start)
    browser = await asyncio.to_thread(installation.login)
    async with Socket.open(installation.socket_url, **browser) as socket:
        await socket.subscribed(None)
        await submit(installation, "long", LONG)
        heard = await follow(socket, "sheet.completed")
        stopping = asyncio.create_task(asyncio.to_thread(installation.stop, signal.SIGINT))
        code, rest = await socket.closed()
        assert code == 1001
    assert await stopping == 0
    assert installation.conductor_pid is None
    last = [*heard, *(m for m in rest if m["type"] == "event")][-1]["seq"]
    await asyncio.to_thread(installation.start)
    async with Socket.open(installation.socket_url, **browser) as socket:
        await socket.say(type="subscribe", since=last)
        after = await follow(socket, "job.completed")
    assert after[0]["prev"] == last
    prevs, seqs = [e["prev"] for e in after], [e["seq"] for e in after]
    assert prevs[1:] == seqs[:-1]
    everything = [*heard, *(m for m in rest if m["type"] == "event"), *after]
    done = [e["sheet"] for e in everything if e["event"] == "sheet.completed"]
    assert sorted(set(done)) == list(range(1, 13))


async def test_a_first_password_is_printed_once(short_tmp: Path) -> None:
    fresh = Installation(short_tmp / "home", free_port(), {"PODIUM_ADMIN_PASSWORD": ""})
    try:
        await asyncio.to_thread(fresh.start)
        await asyncio.to_thread(fresh.stop)
        assert "shown this once" in fresh.said
        password = fresh.said.split("with password")[1].split()[0]
        assert len(password) >= 16
        await asyncio.to_thread(fresh.start)
        await asyncio.to_thread(fresh.stop)
        assert "password" not in fresh.said
    finally:
        fresh.clean_up()


async def test_a_port_that_is_taken_is_named(installation: Installation) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", installation.port))
        holder.listen()
        process = installation.launch()
        assert await asyncio.to_thread(process.wait, patience(60)) == 1
    said = installation.rest()
    assert f"Port {installation.port} on 127.0.0.1 is taken" in said
    assert "Traceback" not in said
    assert installation.conductor_pid is None


async def test_a_second_one_in_the_same_home_is_refused_and_harms_nothing(
    installation: Installation,
) -> None:
    await asyncio.to_thread(installation.start)
    pid = installation.conductor_pid
    second = Installation(installation.home, free_port())
    process = second.launch()
    assert await asyncio.to_thread(process.wait, patience(60)) == 1
    said = second.rest()
    assert f"Podium runs already from {installation.home}: {installation.url}/" in said
    assert "Traceback" not in said
    assert installation.conductor_pid == pid
    assert (await asyncio.to_thread(httpx.get, f"{installation.url}/login/")).status_code == 200


async def test_a_conductor_that_is_killed_is_started_again(installation: Installation) -> None:
    await asyncio.to_thread(installation.start)
    first = installation.conductor_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(
        lambda: installation.conductor_pid not in (None, first), timeout_s=30, what="a new one"
    )


async def test_a_conductor_that_lives_is_adopted_and_ended_with_it(
    installation: Installation,
) -> None:
    await asyncio.to_thread(installation.start)
    pid = installation.conductor_pid
    await asyncio.to_thread(installation.kill)
    assert pid is not None
    assert installation.conductor_pid == pid
    await asyncio.to_thread(installation.start)
    assert installation.conductor_pid == pid
    await asyncio.to_thread(installation.stop)
    assert installation.conductor_pid is None


async def test_a_conductor_that_somebody_else_started_is_left_running(
    installation: Installation,
) -> None:
    theirs = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jobs.embedded", "--home", str(installation.home), cwd=ROOT
    )
    try:
        await eventually(lambda: installation.conductor_pid == theirs.pid, timeout_s=30)
        await asyncio.to_thread(installation.start)
        await asyncio.to_thread(installation.stop)
        assert installation.conductor_pid == theirs.pid
    finally:
        theirs.terminate()
        await theirs.wait()


async def test_the_conductor_gets_none_of_the_webs_secrets(installation: Installation) -> None:
    installation.environment = {"SECRET_KEY": "s" * 60, "REDIS_URL": ""}
    await asyncio.to_thread(installation.start)
    assert installation.conductor_pid is not None
    environment = psutil.Process(installation.conductor_pid).environ()
    assert not {"SECRET_KEY", "DATABASE_URL", "PODIUM_ADMIN_PASSWORD"} & environment.keys()


async def test_a_configured_conductor_is_used_instead(
    installation: Installation, short_tmp: Path
) -> None:
    from tests.conductor.replay import ReplayConductor

    path = short_tmp / "real.sock"
    async with ReplayConductor(["happy"], path) as replay:
        replay.run_to_end()
        await asyncio.to_thread(installation.start, PODIUM_CONDUCTOR=str(path))
        browser = await asyncio.to_thread(installation.login)
        async with Socket.open(installation.socket_url, **browser) as socket:
            await socket.say(type="subscribe", since=0)
            await follow(socket, "sheet.completed")
        await asyncio.to_thread(installation.stop)
    assert installation.conductor_pid is None
    with closing(sqlite3.connect(installation.home / "podium.sqlite3")) as database:
        rows = database.execute("SELECT slug, kind, is_enabled FROM jobs_conductor").fetchall()
    assert sorted(rows) == [("conductor", "real", 1), ("embedded", "embedded", 0)]


async def test_what_sheets_say_while_it_ends_is_kept(installation: Installation) -> None:
    await asyncio.to_thread(installation.start)
    browser = await asyncio.to_thread(installation.login)
    async with Socket.open(installation.socket_url, **browser) as socket:
        await socket.subscribed(None)
        await submit(installation, "lines", LAST_WORDS)
        await follow(socket, "sheet.output")
    await asyncio.to_thread(installation.stop)
    with closing(sqlite3.connect(installation.home / "podium.sqlite3")) as database:
        said = database.execute(
            "SELECT json_extract(data, '$.preview') FROM jobs_event"
            " WHERE event = 'sheet.output' AND sheet = 1 ORDER BY seq"
        ).fetchall()
    lines = "".join(preview for (preview,) in said).splitlines()
    assert lines[0] == "at first"
    assert "at the end" in lines  # besides what bash says of its sleep


@pytest.mark.postgresql
async def test_it_runs_on_postgresql(short_tmp: Path, postgresql_url: str) -> None:
    fresh = Installation(short_tmp / "home", free_port(), {"DATABASE_URL": postgresql_url})
    try:
        await asyncio.to_thread(fresh.start)
        browser = await asyncio.to_thread(fresh.login)
        async with Socket.open(fresh.socket_url, **browser) as socket:
            await socket.subscribed(None)
            heard = await watched_lines(fresh, socket)
        assert [e["sheet"] for e in heard if e["event"] == "sheet.completed"] == [1, 2, 3]
        assert await asyncio.to_thread(fresh.stop) == 0
        assert "Traceback" not in fresh.said
    finally:
        fresh.clean_up()


# -- manage.py relay ------------------------------------------------------------------------------


@asynccontextmanager
async def relay_process(home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A `manage.py relay` on this home, ended at last."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
    for name in ("DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"):
        variables.pop(name, None)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("manage.py", "relay"),
        cwd=ROOT,
        env=variables | {"PODIUM_HOME": str(home)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def place_conductor(home: Path) -> Path:
    """Have the conductor of this home looked for in it; where its socket is."""
    path = home / "conductor.sock"
    with closing(sqlite3.connect(home / "podium.sqlite3")) as database, database:
        database.execute("UPDATE jobs_conductor SET socket_path = ?", [str(path)])
    return path


def query(home: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(home / "podium.sqlite3", timeout=10)) as database:
        return [row[0] for row in database.execute(sql).fetchall()]


async def test_a_standby_takes_over_when_the_relay_is_killed(installation: Installation) -> None:
    home = installation.home
    async with (
        ScriptedConductor(place_conductor(home)) as conductor,
        relay_process(home) as first,
        relay_process(home) as second,
    ):
        conductor.rows = [row("one")]
        adopted = "SELECT job_id FROM jobs_event WHERE event = 'job.adopted' ORDER BY seq"
        await eventually(lambda: query(home, adopted) == ["one"], timeout_s=30)
        (owner,) = query(home, "SELECT owner FROM jobs_relaylease")
        by_pid = {str(process.pid): process for process in (first, second)}
        by_pid[owner.split(":")[1]].kill()
        conductor.rows = [row("one"), row("two")]
        await eventually(lambda: query(home, adopted) == ["one", "two"], timeout_s=40)
        (heir,) = query(home, "SELECT owner FROM jobs_relaylease")
        assert heir != owner


async def test_a_relay_that_is_ended_stores_what_it_was_sent(installation: Installation) -> None:
    home = installation.home
    async with (
        ScriptedConductor(place_conductor(home)) as conductor,
        relay_process(home) as relay,
    ):
        conductor.rows = [row()]
        await eventually(lambda: conductor.listeners, timeout_s=30)
        for number in range(1_000):
            conductor.tell("sheet.output", sheet=1, n=number)
        relay.terminate()
        assert await relay.wait() == 0
    said = "SELECT json_extract(data, '$.n') FROM jobs_event WHERE event = 'sheet.output'"
    assert sorted(query(home, said)) == list(range(1_000))
