"""What the live benchmarks have in common: processes that are talked to by lines, and a site."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
SOCKET_PATH = "/ws/events/"


class Child:
    """A process of this benchmark that takes lines and gives lines."""

    def __init__(self, *arguments: str, quiet: bool = False) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(START_S)

    def hear(self) -> str:
        """The next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args!r} ended early")
        return line.strip()

    def ask(self, words: str) -> str:
        """Say a line, hear a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self.hear()

    def cpu_s(self) -> float:
        """Seconds of CPU that it has used."""
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the clients of one step got."""

    sent: int
    delivered: int
    expected: int
    in_order: bool
    closed: list[int]
    p50_ms: float
    p99_ms: float
    server_cpu_s: float
    seconds: float

    @property
    def lost(self) -> int:
        return self.expected - self.delivered

    @property
    def per_core(self) -> float:
        """Deliveries per CPU-second of the server."""
        return self.delivered / self.server_cpu_s if self.server_cpu_s else 0.0

    def line(self, name: str) -> str:
        """For people."""
        order = "" if self.in_order else "  OUT OF ORDER"
        closed = f"  closed {self.closed}" if self.closed else ""
        return (
            f"{name:34} {self.sent / self.seconds:6.0f} ev/s  p50 {self.p50_ms:7.1f} ms  "
            f"p99 {self.p99_ms:7.1f} ms  lost {self.lost}/{self.expected}  "
            f"{self.per_core:8.0f} deliveries/CPU-s{order}{closed}"
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A process that passes a conductor's events on, and how to knock at it."""

    child: Child
    port: int
    authorization: str


def measured(
    server: Server, conductor: Child, *, sockets: int, per_s: float, seconds: float
) -> Heard:
    """So many clients, so many events; waits until nothing more comes."""
    with Child(
        "benchmarks/_clients.py", str(server.port), SOCKET_PATH, str(sockets), server.authorization
    ) as clients:
        if clients.hear() != "ready":
            raise SystemExit("the clients did not catch up")
        before = server.child.cpu_s()
        sent = int(conductor.ask(f"{per_s} {seconds}"))
        settle(server)
        used_s = server.child.cpu_s() - before
        answer: dict[str, Any] = json.loads(clients.ask("stop"))
    return Heard(
        sent=sent,
        delivered=sum(answer["received"]),
        expected=sent * sockets,
        in_order=answer["in_order"],
        closed=answer["closed"],
        p50_ms=answer["p50_ms"] or float("nan"),
        p99_ms=answer["p99_ms"] or float("nan"),
        server_cpu_s=used_s,
        seconds=seconds,
    )


def settle(server: Server, *, most_s: float = 20.0) -> None:
    """Wait until the server has nothing left to do."""
    give_up_at = time.monotonic() + most_s
    before = server.child.cpu_s()
    time.sleep(0.5)
    while time.monotonic() < give_up_at:
        now = server.child.cpu_s()
        if now - before < 0.08:
            break
        before = now
        time.sleep(0.5)
    time.sleep(0.3)


@contextmanager
def home() -> Iterator[Path]:
    """A home for this run, in the environment of all its processes."""
    with tempfile.TemporaryDirectory(prefix="podium-bench-", dir="/tmp") as folder:
        os.environ |= {
            "PODIUM_HOME": str(Path(folder) / "home"),
            "PORT": str(free_port()),
            "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
            "PODIUM_LOG_LEVEL": "WARNING",
            "PODIUM_CONDUCTOR": str(Path(folder) / "c.sock"),
        }
        os.environ.pop("DATABASE_URL", None)
        yield Path(folder)


@contextmanager
def conductor() -> Iterator[Child]:
    """The conductor that sends on demand."""
    with Child("benchmarks/_conductor.py", os.environ["PODIUM_CONDUCTOR"]) as child:
        child.hear()
        yield child


@contextmanager
def podium() -> Iterator[Server]:
    """`manage.py up` on that conductor."""
    port = int(os.environ["PORT"])
    with Child("manage.py", "up", quiet=True) as child:
        until_it_answers(child, f"http://127.0.0.1:{port}/readyz")
        yield Server(child, port, f"Bearer {token()}")


@contextmanager
def other(script: str) -> Iterator[Server]:
    """Another way of passing that conductor's events on."""
    port = free_port()
    with Child(script, str(port), os.environ["PODIUM_CONDUCTOR"]) as child:
        child.hear()
        yield Server(child, port, "none")


def token() -> str:
    """A token of somebody who may watch."""
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.contrib.auth.models import User

    from jobs.access import tokens

    plain = tokens.create(User.objects.get(is_superuser=True), f"bench-{time.time()}")[1]
    return str(plain)


def until_it_answers(child: Child, url: str) -> None:
    """Wait until this page is there, and the process too."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    give_up_at = time.monotonic() + START_S
    while time.monotonic() < give_up_at:
        if child.process.poll() is not None:
            raise SystemExit("Podium ended at once")
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit(f"{url} did not answer")


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
