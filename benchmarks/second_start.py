"""How long `make run` takes to its first page once everything is set up.

    .venv/bin/python benchmarks/second_start.py [--starts 5]

In turns with a reference that does as little as a Django site can: Daphne with a site of one view
and no database. Each is timed from the moment it is started to the last byte of its first page, so
that both meet the same noise. The starts before the first timed one make the set-up. Target: a
median below 3 s on an idle machine of two cores.
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET_S = 3.0
DEADLINE_S = 120.0
STEP_S = 0.01

REFERENCE = """\
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")

from django.core.asgi import get_asgi_application

urlpatterns = [path("login/", lambda request: HttpResponse("hello"))]
application = get_asgi_application()
"""


def main() -> None:
    """Start both in turns, time them, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--starts", type=int, default=5, help="timed starts of each")
    options = parser.parse_args()
    podium: list[float] = []
    reference: list[float] = []
    with tempfile.TemporaryDirectory(prefix="podium-bench-", dir="/tmp") as folder:
        home = Path(folder)
        (home / "reference.py").write_text(REFERENCE)
        started_podium(home)
        for _ in range(options.starts):
            reference.append(started_reference(home))
            podium.append(started_podium(home))
    report(podium, reference)


def started_podium(home: Path) -> float:
    """Seconds from `make run` to its first page."""
    variables = {"PODIUM_HOME": str(home / "home"), "PODIUM_LOG_LEVEL": "WARNING"}
    return timed(["make", "--silent", "run"], ROOT, variables)


def started_reference(home: Path) -> float:
    """Seconds from Daphne's start to the first page of a site with nothing in it."""
    command = [sys.executable, "-m", "daphne", "--verbosity", "0", "--port", "PORT"]
    return timed([*command, "reference:application"], home, {"PYTHONPATH": str(home)})


def timed(command: list[str], folder: Path, variables: dict[str, str]) -> float:
    """Seconds from the start of a server to the last byte of its first page; then it is ended.

    Raises:
        RuntimeError: it ended by itself, or answered nothing in time.
    """
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"):
        kept.pop(name, None)
    began = time.perf_counter()
    server = subprocess.Popen(
        [str(port) if word == "PORT" else word for word in command],
        cwd=folder,
        env=kept | variables | {"PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(port):
            if server.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with code {server.returncode}")
            if time.perf_counter() - began > DEADLINE_S:
                raise RuntimeError(f"{command[0]} did not answer within {DEADLINE_S:g} s")
            time.sleep(STEP_S)
        return time.perf_counter() - began
    finally:
        end(server, port)


def answers(port: int) -> bool:
    """Whether a whole page came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/login/")
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return False
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the first page answered {answer.status}")
    return True


def end(server: subprocess.Popen[bytes], port: int) -> None:
    """Ctrl-C, and then wait until nothing of it listens any more."""
    os.killpg(server.pid, signal.SIGINT)
    server.wait(DEADLINE_S)
    give_up_at = time.monotonic() + DEADLINE_S
    # `make` ends at once; what it started takes the time that it needs.
    while is_group_alive(server.pid):
        if time.monotonic() > give_up_at:
            os.killpg(server.pid, signal.SIGKILL)
            raise RuntimeError(f"the server on port {port} did not end")
        time.sleep(STEP_S)


def is_group_alive(group: int) -> bool:
    """Whether a process of this group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def report(podium: list[float], reference: list[float]) -> None:
    """Print both medians and their ratio."""
    ours, theirs = statistics.median(podium), statistics.median(reference)
    print(f"make run, to the first page    {ours:6.2f} s   (slowest {max(podium):.2f} s)")
    print(f"Daphne with an empty site      {theirs:6.2f} s   (slowest {max(reference):.2f} s)")
    print(f"ratio                          {ours / theirs:6.2f}")
    verdict = "reached" if ours < TARGET_S else "missed"
    print(
        f"target: below {TARGET_S:g} s: {verdict}, with {os.getloadavg()[0]:.1f} waiting for "
        f"{os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
