"""Nothing that a sheet starts outlives it, its job's cancel, or its conductor."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

from tests.embedded.process import EmbeddedProcess, processes_with, score
from tests.embedded.supervising import run_supervised
from tests.waiting import wait_until


def sleeping(mark: str) -> list[int]:
    return processes_with(f"sleep {mark}")


def test_timeout_ends_grandchildren_in_sessions_of_their_own(conductor: EmbeddedProcess) -> None:
    mark = "61.111"
    script = f"setsid sleep {mark} & (setsid nohup sleep {mark} >/dev/null 2>&1 &) ; sleep {mark}"
    conductor.submit("job", score(script, backend={"timeout_seconds": 0.5}))
    wait_until(lambda: len(sleeping(mark)) == 3, what="the tree")
    conductor.wait_for("job", "failed")
    assert not sleeping(mark)


def test_sheet_that_ends_takes_along_what_it_left_in_the_background(
    conductor: EmbeddedProcess,
) -> None:
    mark = "62.222"
    conductor.submit("job", score(f"setsid nohup sleep {mark} >/dev/null 2>&1 & echo done"))
    job = conductor.wait_for("job", "completed")
    assert job["sheets"]["1"]["stdout_tail"] == "done\n"
    assert not sleeping(mark)


def test_sheet_that_ignores_the_request_to_end_is_killed(conductor: EmbeddedProcess) -> None:
    mark = "63.333"
    script = f"trap '' TERM; echo ready; while :; do sleep {mark}; done"
    conductor.submit("job", score(script))
    wait_until(lambda: sleeping(mark), what="the sheet")
    conductor.call("job.cancel", job_id="job")
    sheet = conductor.wait_for_sheet("job", 1, "cancelled")
    assert (sheet["exit_reason"], sheet["stdout_tail"]) == ("killed", "ready\n")
    assert not sleeping(mark)


def test_sheet_that_forks_and_hangs_is_ended_to_the_last_process(
    conductor: EmbeddedProcess,
) -> None:
    mark = "64.444"
    script = (
        f"f() {{ for i in 1 2 3; do (setsid sleep {mark} & sleep {mark}) & done; }}; f; f; wait"
    )
    conductor.submit("job", score(script))
    wait_until(lambda: len(sleeping(mark)) >= 12, what="the tree")
    conductor.call("job.cancel", job_id="job")
    conductor.wait_for_sheet("job", 1, "cancelled")
    assert not sleeping(mark)


def test_cancelled_job_resumed_at_once_waits_for_its_old_tree(conductor: EmbeddedProcess) -> None:
    script = (
        "trap 'sleep 0.5; echo late >> ran; exit' TERM; echo start >> ran; "
        "[ -e go ] || { touch go; while :; do sleep 0.05; done; }"
    )
    conductor.submit("job", score(script))
    wait_until(lambda: (conductor.home / "ws" / "go").exists(), what="the sheet")
    conductor.call("job.cancel", job_id="job")
    conductor.call("job.resume", job_id="job")
    conductor.wait_for("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text().split() == ["start", "late", "start"]


def test_tree_dies_with_a_conductor_that_is_killed(conductor: EmbeddedProcess) -> None:
    mark = "65.555"
    conductor.submit("job", score(f"trap '' TERM HUP; setsid sleep {mark} & sleep {mark}"))
    wait_until(lambda: len(sleeping(mark)) == 2, what="the tree")
    conductor.kill()
    wait_until(lambda: not sleeping(mark), what="the tree to die")


def supervisor_of(conductor: EmbeddedProcess, mark: str) -> psutil.Process:
    (pid,) = sleeping(mark)
    return next(
        parent
        for parent in psutil.Process(pid).parents()
        if any("supervisor.py" in word for word in parent.cmdline())
    )


def test_sheet_whose_supervisor_is_killed_fails_and_leaves_nothing(
    conductor: EmbeddedProcess,
) -> None:
    mark = "66.666"
    conductor.submit("job", score(f"(setsid sleep {mark} &); sleep 100"))
    wait_until(lambda: sleeping(mark), what="the tree")
    pid = sleeping(mark)[0]
    wait_until(lambda: psutil.Process(pid).ppid() != 1, what="the tree to settle")
    children = psutil.Process(conductor.pid).children()
    (supervisor,) = [c for c in children if any("supervisor.py" in word for word in c.cmdline())]
    supervisor.kill()
    sheet = conductor.wait_for("job", "failed")["sheets"]["1"]
    assert sheet["error_message"] == "The sheet's supervisor was killed."
    wait_until(lambda: not sleeping(mark), what="the orphan to be ended")
    wait_until(lambda: not psutil.Process(conductor.pid).children(), what="no zombie to be left")


def test_fork_bomb_is_stopped_by_the_limit_on_processes(short_tmp: Path) -> None:
    started = time.monotonic()
    ended = run_supervised(
        "for i in {1..400}; do sleep 30 & done; wait",
        short_tmp,
        process_limit=100,
        timeout_s=30.0,
    )
    assert ended.fault == "more than 100 processes at once"
    assert ended.tree_gone
    assert time.monotonic() - started < 15


def test_supervisor_stopped_by_its_sheet_does_not_save_the_sheet(
    conductor: EmbeddedProcess,
) -> None:
    mark = "67.777"
    # Not before the supervisor has told that the command runs: until then it counts as not up.
    wait = "echo up; until [ -e go ]; do sleep 0.02; done"
    conductor.submit("job", score(f"{wait}; kill -STOP $PPID; sleep {mark}"))
    wait_until(lambda: any(map(_has_output, conductor.home.rglob("*.log"))), what="its output")
    (conductor.home / "ws" / "go").touch()
    wait_until(lambda: sleeping(mark), what="the sheet")
    conductor.call("job.cancel", job_id="job")
    conductor.wait_for_sheet("job", 1, "cancelled")
    assert not sleeping(mark)


def _has_output(log: Path) -> bool:
    return log.read_bytes().startswith(b"up")


def test_conductor_leaves_no_zombies(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("(sleep 0.05 &) ; (setsid sleep 0.05 &)", sheets=3))
    conductor.wait_for("job", "completed")
    wait_until(lambda: not psutil.Process(conductor.pid).children(), what="no child to be left")


def test_old_tree_is_proved_gone_before_its_sheet_runs_again(conductor: EmbeddedProcess) -> None:
    """A supervisor that is stopped while its conductor dies cannot end its tree by itself."""
    mark = "68.888"
    script = f"echo start >> ran; [ -e go ] || sleep {mark}; echo end >> ran"
    conductor.submit("job", score(script))
    wait_until(lambda: sleeping(mark), what="the sheet")
    supervisor = supervisor_of(conductor, mark)
    os.kill(supervisor.pid, signal.SIGSTOP)
    conductor.kill()
    (conductor.home / "ws" / "go").touch()
    assert sleeping(mark)
    conductor.start()
    conductor.wait_for("job", "completed", timeout_s=40)
    assert not sleeping(mark)
    assert not supervisor.is_running() or supervisor.status() == psutil.STATUS_ZOMBIE
    assert (conductor.home / "ws" / "ran").read_text().split() == ["start", "start", "end"]


def test_full_disk_under_the_log_does_not_end_the_sheet(short_tmp: Path) -> None:
    ended = run_supervised("echo hello; seq 1000", short_tmp, log="/dev/full", log_limit=10**9)
    assert (ended.exit_code, ended.truncated) == (0, True)
    assert ended.stdout_tail.endswith("1000\n")
