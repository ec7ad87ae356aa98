"""The conductor's own life: start, ownership, crash, graceful end, restart."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from jobs.embedded import owner_of, socket_path_for
from jobs.embedded.paths import Home
from tests.embedded.process import EmbeddedProcess, processes_with, score
from tests.waiting import patience, wait_until


def test_second_conductor_of_a_home_ends_and_leaves_the_first_alone(
    conductor: EmbeddedProcess,
) -> None:
    second = conductor.spawn()
    assert second.wait(patience(20)) == 75
    assert f"belongs to the conductor with pid {conductor.pid}" in conductor.log.read_text()
    assert conductor.answers()


def test_two_homes_cannot_share_a_socket(conductor: EmbeddedProcess, short_tmp: Path) -> None:
    other = EmbeddedProcess(short_tmp / "other", start=False)
    process = other.spawn("--socket", str(conductor.socket_path))
    assert process.wait(patience(20)) == 75
    assert "Another conductor listens" in other.log.read_text()
    assert conductor.answers()


def test_stale_socket_is_replaced(conductor: EmbeddedProcess) -> None:
    conductor.kill()
    assert conductor.socket_path.exists()
    assert owner_of(Home(conductor.home)) is None
    conductor.start()
    assert owner_of(Home(conductor.home)) == conductor.pid


def test_file_that_is_no_socket_is_never_removed(short_tmp: Path) -> None:
    path = short_tmp / "precious"
    path.write_text("data")
    conductor = EmbeddedProcess(short_tmp / "h", start=False)
    assert conductor.spawn("--socket", str(path)).wait(patience(20)) == 1
    assert path.read_text() == "data"
    assert "no socket is there" in conductor.log.read_text()


def test_home_too_deep_for_a_socket_uses_a_private_folder_and_notes_it(short_tmp: Path) -> None:
    home = short_tmp / ("deep" * 30)
    conductor = EmbeddedProcess(home, env={"XDG_RUNTIME_DIR": str(short_tmp)}, start=False)
    conductor.process = process = conductor.spawn()
    note = home / "conductor.path"
    wait_until(lambda: process.poll() is not None or note.exists(), timeout_s=20, what="the note")
    conductor.socket_path = socket_path_for(home)
    with conductor:
        assert str(conductor.socket_path) == note.read_text().strip()
        assert conductor.socket_path.parent.parent == short_tmp
        assert conductor.socket_path.parent.stat().st_mode & 0o777 == 0o700
        assert conductor.answers()


def test_socket_may_be_used_by_its_group_only(conductor: EmbeddedProcess) -> None:
    assert conductor.socket_path.stat().st_mode & 0o777 == 0o660


def test_graceful_end_lets_a_short_sheet_finish_and_starts_no_other(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--grace", "20") as conductor:
        conductor.submit("job", score("sleep 0.5; echo {{ sheet_num }} >> ran", sheets=3))
        conductor.wait_for_sheet("job", 1, "dispatched")
        assert conductor.terminate() == 0
        assert (conductor.home / "ws" / "ran").read_text().split() == ["1"]
        assert not conductor.socket_path.exists()
        conductor.start()
        conductor.wait_for("job", "completed")
        assert (conductor.home / "ws" / "ran").read_text().split() == ["1", "2", "3"]


def test_graceful_end_stops_a_long_sheet_after_the_grace_and_runs_it_again_later(
    conductor: EmbeddedProcess,
) -> None:
    mark = "71.111"
    conductor.submit("job", score(f"echo x >> ran; [ -e go ] || sleep {mark}"))
    wait_until(lambda: processes_with(f"sleep {mark}"), what="the sheet")
    assert conductor.terminate() == 0
    assert not processes_with(f"sleep {mark}")
    (conductor.home / "ws" / "go").touch()
    conductor.start()
    job = conductor.wait_for("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text() == "x\nx\n"
    assert job["sheets"]["1"]["error_message"] is None


def test_second_request_to_end_hurries(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--grace", "600") as conductor:
        conductor.submit("job", score("sleep 600"))
        conductor.wait_for_sheet("job", 1, "dispatched")
        assert conductor.process is not None
        conductor.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "ending" in conductor.log.read_text(), what="the end to begin")
        assert conductor.call("daemon.ready")["accepting_work"] is False
        assert conductor.error("job.submit", config_path="/x.yaml")["code"] == -32003
        assert conductor.terminate() == 0


def test_shutdown_over_the_socket_ends_it(conductor: EmbeddedProcess) -> None:
    assert conductor.call("daemon.shutdown", graceful=True) == {"shutting_down": True}
    assert conductor.process is not None
    assert conductor.process.wait(patience(20)) == 0


def test_kill_9_of_a_paused_job_leaves_it_paused_and_nothing_running(
    conductor: EmbeddedProcess,
) -> None:
    conductor.submit("job", score("[ -e go ] || sleep 100", sheets=2))
    conductor.wait_for_sheet("job", 1, "dispatched")
    conductor.call("job.pause", job_id="job")
    conductor.restart()
    job = conductor.job("job")
    assert job["status"] == "paused"
    assert [sheet["status"] for sheet in job["sheets"].values()] == ["pending", "pending"]
    (conductor.home / "ws" / "go").touch()
    conductor.call("job.resume", job_id="job")
    first, second = conductor.wait_for("job", "completed")["sheets"].values()
    assert (first["interruptions"], first["success_without_retry"]) == (1, False)
    assert (second["interruptions"], second["success_without_retry"]) == (0, True)


def test_job_whose_score_is_gone_at_restart_fails_with_the_reason(
    conductor: EmbeddedProcess,
) -> None:
    conductor.submit("job", score("sleep 100"))
    conductor.wait_for_sheet("job", 1, "dispatched")
    conductor.kill()
    (conductor.home / "job.yaml").unlink()
    conductor.start()
    job = conductor.wait_for("job", "failed")
    assert job["error_message"] == f"Config file not found: {conductor.home / 'job.yaml'}"
    (row,) = conductor.call("job.list")
    assert row["error_message"] == job["error_message"]


def has_line(path: Path, number: int) -> bool:
    return path.exists() and len(path.read_text().splitlines()) > number


def test_sheet_under_which_conductors_keep_dying_is_given_up(conductor: EmbeddedProcess) -> None:
    begun = conductor.home / "begun"
    conductor.submit("job", score(f"echo >> {begun}; sleep 100", sheets=2))
    for line in range(3):
        wait_until(partial(has_line, begun, line), what="the sheet to begin")
        conductor.restart()
    job = conductor.wait_for("job", "failed", "completed")
    assert job["sheets"]["1"]["status"] == "failed"
    assert "3 times" in job["error_message"]


def test_ended_jobs_and_their_sheets_are_there_after_kill_9(conductor: EmbeddedProcess) -> None:
    events = conductor.tap()
    conductor.submit("job", score("echo hello; exit 3"))
    events.wait_for("job.failed")  # which is told once it is written
    before = conductor.job("job")
    rows = conductor.call("job.list")
    conductor.restart()
    assert conductor.job("job") == before
    assert conductor.call("job.list") == rows
    assert conductor.call("job.history", job_id="job")["has_history"] is True


def test_jobs_beyond_the_limit_wait_in_line(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--max-jobs", "1", "--grace", "0") as conductor:
        wait = "until [ -e go ]; do sleep 0.02; done; echo {{ workspace }} >> ../order"
        for name in ("first", "second", "third"):
            conductor.submit(name, score(wait, workspace=name))
        conductor.wait_for_sheet("first", 1, "dispatched")
        row = conductor.job("second")
        assert (row["status"], "sheets" in row, row["started_at"]) == ("queued", False, None)
        refusal = conductor.call("job.pause", job_id="second")
        assert refusal == {"paused": False, "error": "Job 'second' is queued, not running"}
        assert conductor.call("job.cancel", job_id="third") == {"cancelled": True}
        conductor.restart()
        assert conductor.status("second") == "queued"
        (conductor.home / "first" / "go").touch()
        (conductor.home / "second" / "go").touch()
        conductor.wait_for("second", "completed")
        order = (conductor.home / "order").read_text().split()
    assert [Path(line).name for line in order] == ["first", "second"]


def test_replaced_runs_are_kept_up_to_a_number(short_tmp: Path) -> None:
    with EmbeddedProcess(short_tmp / "h", "--max-history", "2") as conductor:
        for number in range(5):
            conductor.submit("job", score(f"echo {number}"))
            conductor.wait_for("job", "completed")
        runs = sorted((conductor.home / "conductor" / "runs").iterdir())
        logs = [(run / "sheet-00001.log").read_text().strip() for run in runs]
    assert logs == ["2", "3", "4"]


def test_checkpoint_that_cannot_be_written_fails_the_job_in_clear_words(
    conductor: EmbeddedProcess,
) -> None:
    database = conductor.home / "conductor" / "state.db"
    conductor.submit("job", score("sleep 0.3", sheets=2))
    conductor.wait_for_sheet("job", 1, "dispatched")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # as a backup that holds the lock too long
        job = conductor.wait_for("job", "failed", timeout_s=30)
        other.execute("ROLLBACK")
    assert job["error_message"].startswith("The checkpoint could not be written")
    assert conductor.answers()
    conductor.call("job.resume", job_id="job")
    conductor.wait_for("job", "completed")


def test_broken_database_is_named_at_the_start(short_tmp: Path) -> None:
    conductor = EmbeddedProcess(short_tmp / "h", start=False)
    Home(conductor.home).prepare()
    (conductor.home / "conductor" / "state.db").write_bytes(b"no database" * 1000)
    assert conductor.spawn().wait(patience(20)) == 1
    assert "state.db cannot be opened" in conductor.log.read_text()


def test_command_line_of_manage_py_starts_one(short_tmp: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    home = short_tmp / "h"
    environment = {
        **os.environ,
        "PODIUM_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "dashboard_project.settings",
    }
    process = subprocess.Popen(
        [str(root / ".venv/bin/python"), str(root / "manage.py"), "conductor", "--grace", "0"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        conductor = EmbeddedProcess(home, start=False)
        wait_until(
            lambda: process.poll() is not None or conductor.answers(), timeout_s=40, what="it"
        )
        assert conductor.call("daemon.status")["pid"] == process.pid
    finally:
        process.terminate()
        assert process.wait(patience(20)) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_it_in_order(conductor: EmbeddedProcess, number: int) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as idle:
        idle.connect(str(conductor.socket_path))
        assert conductor.terminate(number) == 0
    assert "Traceback" not in conductor.log.read_text()
