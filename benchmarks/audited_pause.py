"""What it costs to be held to it: a durable, audited pause through the API against the bare call.

    .venv/bin/python benchmarks/audited_pause.py [--pairs 200]

One conductor, one running job, one process that serves the API under Daphne on loopback. Pause and
resume take turns; only the pauses are timed, bare ones and audited ones alternately in one run, so
that both meet the same noise. Target: p50 at most 2x, or at most 5 ms more.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from jobs.conductor import DaemonClient  # noqa: E402 - the path has to be set first
from jobs.conductor.messages import JobRequest  # noqa: E402

START_S = 30.0
TARGET_RATIO = 2.0
TARGET_EXTRA_MS = 5.0
SCORE = """\
name: paused
instrument: cli
workspace: {workspace}
sheet: {{size: 1, total_items: 2}}
prompt: {{template: "sleep 600"}}
"""


def main() -> None:
    """Set the stage, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200, help="pauses of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podium-bench-", dir="/tmp") as folder:
        home = Path(folder)
        os.environ |= {
            "PODIUM_HOME": str(home / "home"),
            "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
            "PODIUM_LOG_LEVEL": "WARNING",
        }
        os.environ.pop("DATABASE_URL", None)
        with running_conductor(home) as client, running_site(client) as (port, token, pk):
            bare, audited = measured(client, Api(port, token, pk), options.pairs)
    report(bare, audited)


class Api:
    """One kept connection to the site, as a program would hold it."""

    def __init__(self, port: int, token: str, pk: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._pk = pk

    def pause(self) -> None:
        """An audited pause, to its answer."""
        self._connection.request("POST", f"/api/jobs/{self._pk}/pause", headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"the pause was answered with {response.status}: {body[:500]!r}")


def measured(client: DaemonClient, api: Api, pairs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the bare and of the audited pauses, taken alternately."""
    bare: list[float] = []
    audited: list[float] = []
    with asyncio.Runner() as runner:

        def bare_pause() -> None:
            answer = runner.run(client.pause_job("paused"))
            if not answer.paused:
                raise SystemExit(f"the conductor refused: {answer.error}")

        for number in range(2 * pairs + 10):
            is_audited = bool(number % 2)
            began = time.perf_counter()
            if is_audited:
                api.pause()
            else:
                bare_pause()
            took_ms = (time.perf_counter() - began) * 1_000
            if number >= 10:  # the first ones warm up connections and caches
                (audited if is_audited else bare).append(took_ms)
            runner.run(client.resume_job("paused"))
            runner.run(until_running(client))
    return bare, audited


async def until_running(client: DaemonClient) -> None:
    """Wait for the resume to have been carried out."""
    give_up_at = time.monotonic() + START_S
    while (await client.list_jobs())[0].status != "running":
        if time.monotonic() > give_up_at:
            raise SystemExit("the job does not run")
        await asyncio.sleep(0.002)


def report(bare: list[float], audited: list[float]) -> None:
    """Print both, and whether the target is met."""
    for name, times in (("bare client", bare), ("audited, by API", audited)):
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(f"{name:16} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   n={len(times)}")
    ratio = statistics.median(audited) / statistics.median(bare)
    extra = statistics.median(audited) - statistics.median(bare)
    is_met = ratio <= TARGET_RATIO or extra <= TARGET_EXTRA_MS
    print(
        f"ratio {ratio:.2f}, {extra:+.2f} ms   "
        f"(target: at most {TARGET_RATIO:g}x or +{TARGET_EXTRA_MS:g} ms: "
        f"{'met' if is_met else 'missed'})"
    )


@contextmanager
def running_conductor(home: Path) -> Iterator[DaemonClient]:
    """The embedded conductor with one long job."""
    place = home / "conductor"
    place.mkdir()
    (place / "ws").mkdir()
    client = DaemonClient(place / "conductor.sock")
    with process("-m", "jobs.embedded", "--home", str(place)):
        wait_for(lambda: asyncio.run(answers(client)), "the conductor")
        score = place / "paused.yaml"
        score.write_text(SCORE.format(workspace=place / "ws" / "paused"))
        asyncio.run(client.submit_job(JobRequest(config_path=score)))
        asyncio.run(until_running(client))
        yield client
        asyncio.run(client.cancel_job("paused"))


@contextmanager
def running_site(client: DaemonClient) -> Iterator[tuple[int, str, int]]:
    """Daphne with the API: its port, a token, and Podium's id of the job."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    token, pk = prepared(client)
    port = free_port()
    with process(
        *("-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "0"),
        "dashboard_project.asgi:application",
    ):
        wait_for(lambda: is_open(port), "the site")
        yield port, token, pk


def prepared(client: DaemonClient) -> tuple[str, int]:
    """A conductor, its job, and an operator's token in the database."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from jobs.access import tokens
    from jobs.live.recording import record_rows
    from jobs.registry.models import Conductor, Job

    conductor, _ = Conductor.objects.update_or_create(
        slug="embedded",
        defaults={
            "name": "embedded",
            "kind": Conductor.Kind.EMBEDDED,
            "socket_path": str(client.socket_path),
        },
    )
    at = timezone.now()
    record_rows(conductor, asyncio.run(client.list_jobs()), at)
    user = User.objects.create_superuser("bench")
    return tokens.create(user, "bench")[1], Job.objects.get().pk


async def answers(client: DaemonClient) -> bool:
    """Whether the conductor is there."""
    try:
        await client.daemon_health()
    except RuntimeError:
        return False
    return True


def is_open(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(is_there: object, what: str) -> None:
    """Wait until something has started."""
    assert callable(is_there)
    give_up_at = time.monotonic() + START_S
    while not is_there():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"{what} did not start")
        time.sleep(0.02)


@contextmanager
def process(*arguments: str) -> Iterator[None]:
    """A Python process for the length of a block."""
    child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT)
    try:
        yield
    finally:
        child.terminate()
        child.wait(START_S)


if __name__ == "__main__":
    main()
