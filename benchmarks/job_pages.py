"""The pages of a run with 10,000 jobs of 50 sheets and 5,000,000 events.

    .venv/bin/python benchmarks/job_pages.py [--requests 60] [--scale 1.0] [sqlite] [postgresql]

Requests go through Django's test client, in this process: the whole page is made, nothing is sent
over a network, and no conductor is asked (what is asked for after a page stands is measured by
nobody here: it takes as long as the conductor takes). Besides ordinary runs there is a big one:
5,000 sheets, and a tenth of all events. Target: the 95th percentile of every page below 150 ms.
The processor's time in this process stands beside it: on a busy machine only that says much.
Beside it, in the same run, what paging by count and offset into the middle of the big run's events
would cost alone, without any page around it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks._pages import client_of_root, empty_site, run_on_each  # noqa: E402 - once the root is on the path
from benchmarks.lists import dialect  # noqa: E402

TARGET_MS = 150.0
JOBS, SHEETS, EVENTS, BIG_SHEETS = 10_000, 50, 5_000_000, 5_000


def main() -> None:
    """Measure each database in a process of its own, for settings are read once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--scale", type=float, default=1.0, help="0.1: a tenth of the rows")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure(options.databases[0], options.requests, options.scale)
        return
    arguments = ["--requests", str(options.requests), "--scale", str(options.scale)]
    run_on_each(__file__, options.databases, arguments, durable=False, log_level="ERROR")


def measure(database: str, requests: int, scale: float) -> None:
    """Fill the database and ask for every page."""
    empty_site()
    began = time.perf_counter()
    big = fill(database, scale)
    took_s = time.perf_counter() - began
    print(f"\n{database}: {int(EVENTS * scale):,} events, filled in {took_s:.0f} s")
    client = client_of_root()
    reference = offset_paging_ms(big, 5)
    print(f"  count and offset into the middle of the big run's events: {reference:,.0f} ms")
    worst = 0.0
    for name, path in cases(big):
        worst = max(worst, one_case(client, name, path, requests, reference))
    verdict = "within" if worst < TARGET_MS else "ABOVE"
    print(f"  slowest p95 {worst:.1f} ms = {worst / TARGET_MS:.2f} of the target: {verdict}")


def one_case(client: Any, name: str, path: str, requests: int, reference_ms: float) -> float:
    """Ask for one page so many times; its 95th percentile in milliseconds."""
    for _ in range(3):
        answer = client.get(path)
        assert answer.status_code == 200, path
    took, worked = [], []
    for _ in range(requests):
        began, worked_before = time.perf_counter(), time.process_time()
        client.get(path)
        took.append((time.perf_counter() - began) * 1_000)
        worked.append((time.process_time() - worked_before) * 1_000)
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[18]
    print(
        f"  {name:<38} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  {p95 / TARGET_MS:5.2f} of target"
        f"  cpu {statistics.median(worked):5.1f} ms"
        f"  {p95 / reference_ms:6.3f} of count and offset  {len(answer.content) / 1_000:4.0f} kB"
    )
    return p95


def cases(big: int) -> list[tuple[str, str]]:
    """Every page of an ordinary failed run, of the big one, and of their conductor."""
    from jobs.live.models import Event
    from jobs.registry.models import Conductor, Job

    some, large = f"/jobs/job/{ordinary(Job)}", f"/jobs/job/{big}"
    middle = Event.objects.filter(job_pk=big).order_by("seq").values_list("seq", flat=True)
    half = middle[middle.count() // 2]
    conductor = Conductor.objects.order_by("pk").values_list("pk", flat=True)[0]
    return [
        ("overview, failed run", f"{some}/change/"),
        ("sheets", f"{some}/sheets/"),
        ("one sheet", f"{some}/sheets/7/"),
        ("events", f"{some}/events/"),
        ("audit", f"{some}/audit/"),
        ("overview, 5,000 sheets", f"{large}/change/"),
        ("sheets, 5,000", f"{large}/sheets/"),
        ("sheets, 5,000, the last page", f"{large}/sheets/?from=4950"),
        ("sheets, 5,000, failed", f"{large}/sheets/?status=failed"),
        ("sheets, 5,000, failed, in the middle", f"{large}/sheets/?status=failed&from=2500"),
        ("one of 5,000 sheets", f"{large}/sheets/2500/"),
        ("events, many", f"{large}/events/"),
        ("events, many, in the middle", f"{large}/events/?before={half}"),
        ("events, many, of the job", f"{large}/events/?kind=job"),
        ("events, many, others", f"{large}/events/?kind=other"),
        ("events, many, output", f"{large}/events/?kind=output&before={half}"),
        ("conductor", f"/jobs/conductor/{conductor}/change/"),
    ]


def ordinary(job: Any) -> int:
    """A failed run in the middle."""
    failed = job.objects.filter(status="failed").order_by("pk").values_list("pk", flat=True)
    return int(failed[failed.count() // 2])


def offset_paging_ms(job_pk: int, times: int) -> float:
    """A count and an offset, as a list that numbers its pages makes them."""
    from jobs.live.models import Event

    took = []
    for _ in range(times):
        began = time.perf_counter()
        events = Event.objects.filter(job_pk=job_pk).exclude(event="sheet.output")
        half = events.count() // 2
        list(events.order_by("-seq")[half : half + 100])
        took.append((time.perf_counter() - began) * 1_000)
    return statistics.median(took)


def fill(database: str, scale: float) -> int:
    """All rows by SQL; the big run's id."""
    from django.db import connection, transaction

    from jobs.live.models import EventCounter
    from jobs.registry.models import Conductor, Job

    jobs, events = int(JOBS * scale), int(EVENTS * scale)
    conductor = Conductor.objects.create(
        slug="bench", name="Bench", kind="real", socket_path="/run/bench.sock"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(JOB_SQL.format(**dialect(database, jobs), conductor=conductor.pk))
        first = Job.objects.order_by("pk").values_list("pk", flat=True)[0]
        json = "text" if database == "sqlite" else "jsonb"
        big = first + jobs // 2
        known = {"first": first, "jobs": jobs, "big": big, "json": json}
        for sql, rows in ((SHEET_SQL, jobs * SHEETS), (BIG_SQL, BIG_SHEETS), (EVENT_SQL, events)):
            cursor.execute(sql.format(**dialect(database, rows), **known))
    EventCounter.objects.update_or_create(pk=1, defaults={"seq": events})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if database == "sqlite" else "VACUUM ANALYZE")
    return big


JOB_SQL = (
    "INSERT INTO jobs_job (conductor_id, job_id, submitted_at, origin, submitted_by_name,"
    " score_name, config_path, workspace, status, started_at, first_started_at, completed_at,"
    " worked_s, total_sheets, completed_sheets, failed_sheets, error_message, details,"
    " first_seen_at, gone_reason) "
    "{numbers}SELECT {conductor}, 'job-' || i, {at}, 'console', 'person-' || (i % 20),"
    " 'score-' || (i % 40), '/srv/s.yaml', '/srv/w',"
    " CASE WHEN i % 7 = 0 THEN 'failed' WHEN i % 997 = 0 THEN 'running' ELSE 'completed' END,"
    " {at}, {at}, {at}, 60 + i % 100, 50, 49, 1, 'Exit code 1', '{{}}', {at}, ''"
    " FROM {from}"
)
TAIL = "'line of output that a sheet has written, ' || i || ', and some more words after it'"
DETAILS = (
    """'{{"error_history": [{{"attempt_number": 1, "error_code": "E999", "error_message": "m"}}],"""
    """ "validation_details": [{{"description": "d", "passed": false, "expected": "e"}}]}}'"""
)
SHEET_STATUS = (
    "CASE WHEN i % 49 = 0 THEN 'failed' WHEN i % 23 = 0 THEN 'skipped' ELSE 'completed' END"
)
SHEET_COLUMNS = (
    "INSERT INTO jobs_sheet (job_id, number, status, attempts, max_retries, exit_code, duration_s,"
    " started_at, completed_at, error_message, error_code, error_category, instrument, stdout_tail,"
    " stderr_tail, details) "
)
SHEET_VALUES = (
    ", 1, 3, i % 3, i % 90, {at}, {at}, CASE WHEN i % 49 = 0 THEN 'Exit code 1' ELSE '' END,"
    " CASE WHEN i % 49 = 0 THEN 'E999' ELSE '' END, '', 'cli', " + TAIL + ", '', "
    "CAST(CASE WHEN i % 49 = 0 THEN " + DETAILS + " ELSE '{{}}' END AS {json}) FROM {from}"
)
SHEET_SQL = (
    SHEET_COLUMNS
    + "{numbers}SELECT {first} + (i - 1) / 50, (i - 1) % 50 + 1, "
    + SHEET_STATUS
    + SHEET_VALUES
)
# The big run has fifty like all others.
BIG_SQL = SHEET_COLUMNS + "{numbers}SELECT {big}, i + 50, " + SHEET_STATUS + SHEET_VALUES
# Half of all events are output; every tenth is the big run's.
EVENT_SQL = (
    "INSERT INTO jobs_event (seq, at, conductor, job_pk, job_id, event, sheet, data) "
    "{numbers}SELECT i, {at}, 'bench',"
    " CASE WHEN i % 10 < 1 THEN {big} ELSE {first} + i % {jobs} END, 'job',"
    " CASE WHEN (i / 10) % 2 = 0 THEN 'sheet.output' WHEN (i / 10) % 11 = 0 THEN 'job.progress'"
    " ELSE 'sheet.completed' END, i % 50 + 1,"
    """ '{{"status": "completed", "was": "dispatched", "attempts": 1, "exit_code": 0}}'"""
    " FROM {from}"
)


if __name__ == "__main__":
    main()
