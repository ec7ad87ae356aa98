"""Several processes and one chain: none can fork it, hold it for good, or inherit a thread."""

from __future__ import annotations

import signal

import pytest

from jobs import audit
from jobs.audit import IdempotencyDraft
from jobs.audit.models import AuditRecord, IdempotencyKey
from jobs.errors import AuditUnavailable
from tests.audit.drafts import make_draft
from tests.audit.process import finished, start
from tests.waiting import patience, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

_WRITE_WITH_THREADS = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: audit.append(make_draft()), range(100)))
"""

_WRITE_FOR_EVER = """
from concurrent.futures import ThreadPoolExecutor
def write(_):
    while True:
        audit.append(make_draft())
with ThreadPoolExecutor(4) as pool:
    list(pool.map(write, range(4)))
"""

_FORK = """
audit.append(make_draft(reason="before"))
child = os.fork()
audit.append(make_draft(reason="child" if child == 0 else "parent"))
if child == 0:
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
audit.append(make_draft(reason="after"))
"""

_CLAIM = """
from jobs.audit import IdempotencyDraft
from jobs.errors import IdempotencyConflict
for number in range(30):
    key = IdempotencyDraft(
        actor_id=1, method="POST", path="/api/jobs", key=f"k-{number}", body_sha256="0" * 64
    )
    try:
        audit.append(make_draft(), idempotency=key)
    except IdempotencyConflict:
        continue
    print(number)
"""


def test_processes_that_append_at_once_make_one_chain() -> None:
    for process in [start(_WRITE_WITH_THREADS) for _ in range(3)]:
        finished(process)
    result = audit.verify()
    assert (result.is_intact, result.count) == (True, 300)


def test_process_that_is_killed_holds_up_nobody_and_breaks_nothing() -> None:
    victim, other = start(_WRITE_FOR_EVER), start(_WRITE_FOR_EVER)
    try:
        wait_until(lambda: AuditRecord.objects.count() > 50, timeout_s=30)
        victim.kill()
        victim.wait(patience(10))
        written = AuditRecord.objects.count()
        wait_until(lambda: AuditRecord.objects.count() > written + 50, timeout_s=30)
        audit.append(make_draft())
    finally:
        for process in (victim, other):
            process.kill()
            process.communicate()
    assert audit.verify().is_intact


def test_process_that_is_stopped_lets_others_refuse_in_time(short_waits: None) -> None:
    """It may hold the lock: then nothing can be written, and nothing may wait for it for ever."""
    stopped = start(_WRITE_FOR_EVER)
    try:
        wait_until(AuditRecord.objects.exists, timeout_s=30)
        stopped.send_signal(signal.SIGSTOP)
        answer = _attempted()
        stopped.send_signal(signal.SIGCONT)
    finally:
        stopped.kill()
        stopped.communicate()
    assert answer in ("", "locked")
    assert audit.verify().is_intact


def _attempted() -> str:
    try:
        audit.append(make_draft())
    except AuditUnavailable as error:
        return "locked" if "locked by another program" in str(error) else str(error)
    return ""


def test_forked_child_appends_with_a_thread_and_connection_of_its_own() -> None:
    finished(start(_FORK))
    reasons = AuditRecord.objects.order_by("n").values_list("reason", flat=True)
    assert sorted(reasons) == ["after", "before", "child", "parent"]
    assert audit.verify().is_intact


def test_key_is_won_by_one_process_alone() -> None:
    outputs = [finished(process) for process in [start(_CLAIM), start(_CLAIM)]]
    won = [number for output in outputs for number in output.split()]
    assert sorted(map(int, won)) == list(range(30))
    assert IdempotencyKey.objects.count() == AuditRecord.objects.count() == 30


def test_key_that_is_too_long_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="200"):
        IdempotencyDraft(actor_id=1, method="POST", path="/", key="k" * 201, body_sha256="0" * 64)
