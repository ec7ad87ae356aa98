"""What the audit log takes: durable, chained appends per second, and the longest wait for one.

    .venv/bin/python benchmarks/audit_append.py [--seconds 5] [--writers 16] [sqlite] [postgresql]

Each writer appends intents and outcomes in turn, so projection and record are both written. Beside
it, in the same run and on the same database, the plain way: one writer of the same records through
the ORM, one durable transaction each (the head read under the write lock or the advisory lock).
Many such writers would be slower: docs/decisions/0003. Targets: 5,000 a second with 16 writers,
and no wait of more than 50 ms. The chain is verified after each run.

On a machine that does other things as well, rate and waits say how busy it is; the ratio and the
processor time for each append (this process's, of one core) hold better.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET_PER_S = 5_000
TARGET_WAIT_MS = 50.0
WARM_UP_S = 0.5

sys.path.insert(0, str(ROOT))

from benchmarks._pages import run_on_each  # noqa: E402 - once the root is on the path


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of writing, over one span of time."""

    per_s: float
    waits_ms: list[float]
    cpu_us: float  # of this process, for each append

    def line(self, name: str) -> str:
        """Rate and waits for a person to read."""
        cuts = statistics.quantiles(self.waits_ms, n=100)
        return (
            f"  {name:<34} {self.per_s:>8,.0f}/s   wait p50 {cuts[49]:6.2f} ms"
            f"  p99 {cuts[98]:6.2f} ms  max {max(self.waits_ms):6.2f} ms  cpu {self.cpu_us:.0f} us"
        )


def main() -> None:
    """Measure each database in a process of its own, for settings are read once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure(options.databases[0], options.writers, options.seconds)
        return
    arguments = ["--writers", str(options.writers), "--seconds", str(options.seconds)]
    run_on_each(__file__, options.databases, arguments, durable=True, log_level="WARNING")


def measure(database: str, writers: int, seconds: float) -> None:
    """Print what this database takes, grouped and plain, and the ratio of the two."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from jobs.audit import append, verify

    plain = written(plain_writer(), 1, seconds / 2)
    grouped = written(append, writers, seconds)
    if not verify().is_intact:
        raise SystemExit("The chain is broken: the figures mean nothing.")
    is_fast = grouped.per_s >= TARGET_PER_S
    is_prompt = max(grouped.waits_ms) <= TARGET_WAIT_MS
    print(f"{database}, {writers} writers, {seconds:g} s:")
    print(grouped.line(f"group commit, {writers} writers"))
    print(plain.line("one transaction each, 1 writer"))
    print(
        f"  ratio {grouped.per_s / plain.per_s:.1f}x; target {TARGET_PER_S:,}/s: "
        f"{'met' if is_fast else 'MISSED'}; target {TARGET_WAIT_MS:g} ms: "
        f"{'met' if is_prompt else 'MISSED'}",
        flush=True,
    )


def written(write: Callable[[Any], Any], writers: int, seconds: float) -> Measured:
    """What so many threads write in so much time, after a warm-up."""
    waits: list[list[float]] = [[] for _ in range(writers)]
    begins_at = time.perf_counter() + WARM_UP_S
    ends_at = begins_at + seconds

    def run(mine: list[float]) -> None:
        while True:
            for draft in attempt():
                began = time.perf_counter()
                if began >= ends_at:
                    return
                write(draft)
                if began >= begins_at:
                    mine.append((time.perf_counter() - began) * 1_000)

    gc.collect()
    cpu_began, all_began = time.process_time(), time.perf_counter()
    threads = [threading.Thread(target=run, args=(mine,)) for mine in waits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu_s, span_s = time.process_time() - cpu_began, time.perf_counter() - all_began
    together = [wait for mine in waits for wait in mine]
    per_s = len(together) / seconds
    return Measured(per_s, together, cpu_s / (per_s * span_s) * 1_000_000)


def attempt() -> list[Any]:
    """An intent and its outcome, as an action writes them."""
    from jobs.audit import Draft, Origin, new_action_id
    from jobs.terms import Channel, Outcome, RecordKind, Verb

    facts: dict[str, Any] = {
        "action_id": new_action_id(),
        "verb": Verb.PAUSE,
        "actor_id": 7,
        "actor_name": "ada",
        "origin": Origin(
            Channel.API,
            ip="192.0.2.7",
            peer_ip="127.0.0.1",
            user_agent="curl/7.88.1",
            path="/api/jobs/17/pause",
            token_id=3,
            request_id="0123456789abcdef",
        ),
        "conductor": "local",
        "job_pk": 17,
        "job_id": "nightly-report",
    }
    intent = Draft(
        kind=RecordKind.INTENT,
        reason="before the backup",
        arguments={"job_id": "nightly-report"},
        seen="running",
        **facts,
    )
    outcome = Draft(
        kind=RecordKind.OUTCOME,
        outcome=Outcome.SUCCEEDED,
        message="The conductor pauses the job after the running sheet.",
        duration_us=2_345,
        **facts,
    )
    return [intent, outcome]


def plain_writer() -> Callable[[Any], None]:
    """The same records and projection by the ORM, each in a transaction of its own."""
    from django.db import connection, transaction
    from django.db.models import QuerySet
    from django.utils import timezone

    from jobs.audit.canonical import canonical, digest
    from jobs.audit.entry import Entry
    from jobs.audit.ledger import CHAIN, Head
    from jobs.audit.models import Action, AuditRecord
    from jobs.audit.postgresql import LOCK_KEY
    from jobs.audit.projection import ActionRow, fold

    # Past the manager, which lets nobody but the appender write.
    records: QuerySet[AuditRecord] = QuerySet(AuditRecord)

    def write(draft: Any) -> None:
        with transaction.atomic(durable=True):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            last = AuditRecord.objects.filter(chain=CHAIN).order_by("-n").first()
            head = Head(last.n, last.hash, last.pk) if last else Head()
            entry = Entry.of_draft(draft, timezone.now())._replace(
                id=head.record_id + 1, chain=CHAIN, n=head.n + 1, prev_hash=head.hash
            )
            entry = entry._replace(hash=digest(canonical(entry)))
            records.bulk_create([AuditRecord(**entry._asdict())])
            action = Action.objects.filter(action_id=entry.action_id).first()
            row = fold(ActionRow.of_action(action) if action else None, entry)
            if action is None:
                Action.objects.create(**row._asdict())
            else:
                Action.objects.filter(pk=action.pk).update(**row._asdict())

    return write


if __name__ == "__main__":
    main()
