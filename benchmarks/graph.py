"""The graph and the timeline of a job with 500 sheets, and one of 10,000.

    .venv/bin/python benchmarks/graph.py [--requests 40]

Requests go through Django's test client, in this process: the whole page is made, nothing is sent
over a network. Target: the 95th percentile below 150 ms. The processor's time in this process
stands beside it: on a busy machine only that says much. Beside both, in the same run, the plain
page of the sheets as a list (a hundred of them) and each page's ratio to it; and what laying out a
picture takes, which is done once and kept by the text's sha256.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET_MS = 150.0

sys.path.insert(0, str(ROOT))

from benchmarks._pages import client_of_root, empty_site  # noqa: E402 - once the root is on the path


def main() -> None:
    """Measure in a process with a home of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure(options.requests)
        return
    with tempfile.TemporaryDirectory(prefix="podium-bench-") as home:
        environment = os.environ | {"PODIUM_HOME": home, "PODIUM_LOG_LEVEL": "ERROR"}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, __file__, "--requests", str(options.requests), "--here"]
        subprocess.run(command, env=environment, check=True)


def measure(requests: int) -> None:
    """Make the jobs and ask for their tabs."""
    empty_site()
    client = client_of_root()
    for name, text in shapes():
        job = make_job(name, text)
        print(f"\n{name}: laid out in {layout_ms(text):.0f} ms, once for each text")
        listed = cost(client, f"/jobs/job/{job}/sheets/", requests)
        print(listed.line("sheets, as a plain list"))
        for tab in ("graph", "timeline"):
            found = cost(client, f"/jobs/job/{job}/{tab}/", requests)
            print(
                f"{found.line(tab)}  {found.p95_ms / TARGET_MS:5.2f} of target"
                f"  {found.cpu_ms / listed.cpu_ms:5.2f} of the list"
            )


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page takes."""

    p95_ms: float
    cpu_ms: float  # median
    size: int

    def line(self, name: str) -> str:
        """For people."""
        return (
            f"  {name:<26} p95 {self.p95_ms:6.1f} ms  cpu {self.cpu_ms:6.1f} ms"
            f"  {self.size:>9,} bytes"
        )


def cost(client: Any, path: str, requests: int) -> Cost:
    """Ask for a page so many times."""
    for _ in range(3):
        answer = client.get(path)
        assert answer.status_code == 200, path
    took, used = [], []
    for _ in range(requests):
        began, cpu = time.perf_counter(), time.process_time()
        client.get(path)
        took.append((time.perf_counter() - began) * 1_000)
        used.append((time.process_time() - cpu) * 1_000)
    p95_ms = statistics.quantiles(took, n=20)[18]
    return Cost(p95_ms, statistics.median(used), len(answer.content))


def layout_ms(text: str) -> float:
    """How long a picture takes that is not kept yet, without judging its text."""
    from jobs.admin.job.layout import graph_of
    from jobs.scores import parse_score

    summary = parse_score(text).summary
    assert summary
    began = time.perf_counter()
    assert graph_of(summary.sheets)
    return (time.perf_counter() - began) * 1_000


def shapes() -> list[tuple[str, str]]:
    """Scores by name."""
    chance = random.Random(7)
    tangle = {
        number: sorted({chance.randrange(max(1, number - 30), number) for _ in range(2)})
        for number in range(2, 501)
    }
    wide = {2: [1], 3: [2], 4: [3], 5: [4], 6: [5, 1]}
    return [
        ("500 sheets, three fan-outs", score(6, {2: 200, 3: 200, 5: 97}, wide)),
        ("500 sheets in a row", score(500)),
        ("500 sheets, a tangle", score(500, None, tangle)),
        ("10,000 sheets, one fan-out", score(3, {2: 9_998}, {2: [1], 3: [2]})),
    ]


def score(
    items: int,
    fan_out: Mapping[int, int] | None = None,
    dependencies: Mapping[int, Iterable[int]] | None = None,
) -> str:
    """A score of that shape."""
    lines = ["name: bench", "workspace: ./bench", "instrument: cli", "sheet:", "  size: 1"]
    lines.append(f"  total_items: {items}")
    if fan_out:
        lines += ["  fan_out:", *(f"    {stage}: {count}" for stage, count in fan_out.items())]
    if dependencies:
        lines += ["  dependencies:", *(f"    {at}: {of}" for at, of in dependencies.items())]
    return "\n".join([*lines, "prompt:", "  template: echo", ""])


def make_job(name: str, text: str) -> int:
    """A run of it that is two thirds done, with times; its id."""
    from datetime import timedelta

    from django.utils import timezone

    from jobs.registry.models import Conductor, Job, Score, ScoreVersion, Sheet
    from jobs.scores import parse_score

    summary = parse_score(text).summary
    assert summary
    total = summary.total_sheets
    conductor, _ = Conductor.objects.get_or_create(
        slug="bench", name="Bench", kind="embedded", socket_path="/run/bench"
    )
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    version = ScoreVersion.objects.create(
        score=Score.objects.create(name=name), number=1, sha256=sha256, text=text, author_name="b"
    )
    now = timezone.now()
    job = Job.objects.create(
        conductor=conductor,
        job_id=name,
        submitted_at=now,
        origin="console",
        score_version=version,
        status="running",
        started_at=now,
        total_sheets=total,
    )
    done = total * 2 // 3
    Sheet.objects.bulk_create(
        (
            Sheet(
                job=job,
                number=number,
                status="completed" if number <= done else "pending",
                started_at=now - timedelta(seconds=total - number // 4) if number <= done else None,
                completed_at=now - timedelta(seconds=total - number // 4 - 1)
                if number <= done
                else None,
                duration_s=1.0 if number <= done else None,
                attempts=1 if number <= done else None,
            )
            for number in range(1, total + 1)
        ),
        batch_size=1_000,
    )
    return job.pk


if __name__ == "__main__":
    main()
