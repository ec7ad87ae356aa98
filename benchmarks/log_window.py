"""How long a window of a 100 MB log takes, beside `tail` and `dd` that read as much of it.

    .venv/bin/python benchmarks/log_window.py [--mb 100] [--windows 200]

The reference starts a program for each window, as a person on the machine would; Podium masks
secrets, numbers lines, finds levels and makes HTML. Opening counts all lines once. Target: open
below 1 s.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard_project.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
WINDOW_BYTES = 16_384
TARGET_S = 1.0


def main() -> None:
    """Write a log, read it both ways, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--windows", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="podium-bench-", dir="/tmp") as folder:
        os.environ["PODIUM_HOME"] = folder
        log = Path(folder) / "sheet.log"
        write(log, options.mb * 1_000_000)
        measure(log, options.windows)


def write(path: Path, size: int) -> None:
    """Lines as a program writes them, of many lengths."""
    pick = random.Random(1)
    words = ["INFO fetched page", "DEBUG cache hit", "WARN slow answer", "ERROR gave up", "value="]
    with path.open("w") as file:
        written = number = 0
        while written < size:
            number += 1
            rest = "x" * pick.randrange(120)
            written += file.write(f"2026-11-24 19:00:00 {pick.choice(words)} {number} {rest}\n")


def measure(log: Path, count: int) -> None:
    """The first window with a new index, then windows all over the file."""
    import django

    django.setup()
    from jobs.admin.job.log_rows import RowLook, rows_html
    from jobs.logs import Filter, LineIndex, Masker, Reader, open_log

    size = log.stat().st_size
    places = [random.Random(2).randrange(size) for _ in range(count)]
    masker, index, look = Masker(), LineIndex(), RowLook("?sheet=1")

    def window(place: int | None) -> None:
        with open_log(str(log), [log.parent]) as file:
            reader = Reader(file, masker, index)
            shown = reader.tail() if place is None else reader.forward(place)
            rows_html(shown.rows, look)

    opened = timed(lambda: window(None))
    tail = timed(lambda: run("tail", "-c", str(WINDOW_BYTES), str(log)))
    ours = [timed(lambda place=place: window(place)) for place in places]  # type: ignore[misc]
    theirs = [
        timed(lambda place=place: run("tail", "-c", f"+{place}", str(log), head=WINDOW_BYTES))  # type: ignore[misc]
        for place in places
    ]
    with open_log(str(log), [log.parent]) as file:
        reader = Reader(file, masker, index)
        search = timed(lambda: reader.offsets(0, Filter.of("gave up 77"), most=9_999, budget_s=600))
    grep = timed(lambda: run("grep", "-ic", "gave up 77", str(log)))
    print(f"log                        {size / 1e6:9.0f} MB")
    show("open at the end", opened, "tail -c", tail)
    show("random window, median", statistics.median(ours), "tail -c +N", statistics.median(theirs))
    print(f"random window, slowest     {max(ours) * 1e3:9.1f} ms")
    show("search all of it, masked", search, "grep -ic", grep)
    verdict = "reached" if opened < TARGET_S else "missed"
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(
        f"target: open below {TARGET_S:g} s: {verdict}, with {load:.1f} waiting for {cores} cores"
    )


def run(*command: str, head: int | None = None) -> None:
    """Run a program and read what it prints, or the beginning of it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(-1 if head is None else head)
        process.stdout.close()


def timed(does: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.perf_counter()
    does()
    return time.perf_counter() - began


def show(name: str, ours: float, reference: str, theirs: float) -> None:
    """One line with the ratio."""
    print(
        f"{name:26} {ours * 1e3:9.1f} ms   {reference:11} {theirs * 1e3:7.1f} ms   "
        f"ratio {ours / theirs:5.2f}"
    )


if __name__ == "__main__":
    main()
