"""A whole installation for a browser to look at: `manage.py up` as its user starts it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.services.folder import short_folder
from tests.waiting import patience, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
STOP_S = 30.0
# What this test session has set for itself, and an installation of its own must not inherit.
OURS = frozenset(
    {
        "DJANGO_SETTINGS_MODULE",
        "DATABASE_URL",
        "TEST_DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "PODIUM_HOME",
        "PODIUM_CONDUCTOR",
        "PODIUM_URL",
        "PORT",
    }
)


@dataclass(frozen=True, slots=True)
class Console:
    """A running installation. Browsers use `url`, which leads through a network that can be cut."""

    home: Path
    port: int
    network_port: int
    process: subprocess.Popen[bytes]
    username: str
    password: str

    @property
    def url(self) -> str:
        """The address that people use."""
        return f"http://127.0.0.1:{self.network_port}"

    @property
    def direct_url(self) -> str:
        """The address of the server itself, which answers also while the network is cut."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return (self.home / "output").read_text(errors="replace")

    def events(self, count: int) -> list[str]:
        """The last rows of its event log, newest last."""
        query = "SELECT seq, at, job_pk, job_id, event, sheet, data FROM jobs_event"
        with closing(sqlite3.connect(f"file:{self.home}/podium.sqlite3?mode=ro", uri=True)) as file:
            rows = file.execute(f"{query} ORDER BY seq DESC LIMIT ?", (count,)).fetchall()
        return [" ".join(str(value) for value in row)[:300] for row in reversed(rows)]

    def manage(self, *arguments: str) -> str:
        """What a management command prints."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment(self.home, self.port, self.network_port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=patience(START_S),
            check=True,
        ).stdout

    def is_up(self) -> bool:
        """Whether the first page answers."""
        try:
            return httpx.get(f"{self.direct_url}/login/", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def environment(home: Path, port: int, network_port: int) -> dict[str, str]:
    """The variables of an installation in `home`."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return inherited | {
        "PODIUM_HOME": str(home),
        "PORT": str(port),
        "PODIUM_URL": f"http://127.0.0.1:{network_port}",
    }


@contextmanager
def running_console(**variables: str) -> Iterator[Console]:
    """A fresh installation, started and later ended with SIGTERM as a process manager would."""
    with short_folder("podium-") as home:
        shutil.copytree(_prepared().name, home, dirs_exist_ok=True)
        port, network_port = free_port(), free_port()
        username = variables.get("PODIUM_ADMIN_USERNAME", "admin")
        password = secrets.token_urlsafe(12)
        with (home / "output").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=environment(home, port, network_port)
                | {"PODIUM_ADMIN_PASSWORD": password}
                | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        console = Console(home, port, network_port, process, username, password)
        try:
            wait_until(
                lambda: process.poll() is not None or console.is_up(),
                timeout_s=START_S,
                what="the first page",
            )
            if process.poll() is not None:
                raise RuntimeError(f"manage.py up ended at once:\n{console.output}")
            yield console
        finally:
            end(process)


@cache
def _prepared() -> TemporaryDirectory[str]:
    """What takes longest in a first start and is alike in all: an empty database, static files."""
    folder = TemporaryDirectory(prefix="podium-")
    home = Path(folder.name)
    prepare = "from jobs.live import preparing as p; p.migrate(); p.collect_static()"
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", prepare],
        cwd=ROOT,
        env=environment(home, free_port(), free_port()),
        stdin=subprocess.DEVNULL,
        timeout=patience(START_S),
        check=True,
    )
    (home / "secret_key").unlink()
    return folder


def end(process: subprocess.Popen[bytes]) -> int:
    """End it in order; kill it when it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(patience(STOP_S))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
