"""Sheets really run: submit, watch, pause, resume, cancel, clear."""

from __future__ import annotations

from pathlib import Path

from tests.embedded.process import EmbeddedProcess, processes_with, score
from tests.waiting import wait_until


def test_submitted_score_runs_to_its_end(conductor: EmbeddedProcess) -> None:
    answer = conductor.submit("hello", score("echo sheet {{ sheet_num }}", sheets=3))
    assert answer == {
        "job_id": "hello",
        "status": "accepted",
        "message": "Job queued (concurrency limit: 15)",
    }
    job = conductor.wait_for("hello", "completed")
    assert [sheet["status"] for sheet in job["sheets"].values()] == ["completed"] * 3
    assert job["sheets"]["2"]["stdout_tail"] == "sheet 2\n"
    assert job["sheets"]["2"]["exit_code"] == 0


def test_events_and_output_are_on_the_stream_in_order(conductor: EmbeddedProcess) -> None:
    tap = conductor.tap()
    conductor.submit("hello", score("echo one; echo two", sheets=1))
    tap.wait_for("job.completed")
    names = [name for name in tap.names("hello") if not name.startswith("observer.")]
    assert [name for name in names if name != "sheet.output"] == [
        "job.started",
        "sheet.started",
        "sheet.completed",
        "job.completed",
    ]
    assert tap.output(1) == "one\ntwo\n"
    data = tap.of("sheet.output")[0]["data"]
    assert Path(data["path"]).read_bytes()[data["offset"] :][: data["length"]].startswith(b"one")


def test_pause_lets_the_running_sheet_end_and_starts_no_other(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("until [ -e go ]; do sleep 0.02; done", sheets=2))
    conductor.wait_for_sheet("job", 1, "dispatched")
    assert conductor.call("job.pause", job_id="job") == {"paused": True}
    assert conductor.status("job") == "paused"
    (conductor.home / "ws" / "go").touch()
    conductor.wait_for_sheet("job", 1, "completed")
    assert conductor.sheet("job", 2)["status"] == "pending"
    answer = conductor.call("job.resume", job_id="job")
    assert answer == {"job_id": "job", "status": "accepted", "message": "Job resume queued"}
    conductor.wait_for("job", "completed")


def test_cancel_leaves_no_process_behind(conductor: EmbeddedProcess) -> None:
    mark = "7.654321"
    script = f"setsid sleep {mark} & (setsid setsid sleep {mark} &); sleep {mark}; sleep {mark}"
    conductor.submit("job", score(script))
    wait_until(lambda: len(processes_with(f"sleep {mark}")) >= 3, what="the sheet's processes")
    assert conductor.call("job.cancel", job_id="job") == {"cancelled": True}
    assert conductor.status("job") == "cancelled"
    wait_until(lambda: not processes_with(f"sleep {mark}"), what="the processes to be gone")
    conductor.wait_for_sheet("job", 1, "cancelled")


def test_cancelled_job_can_be_resumed(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("[ -e go ] || sleep 100", sheets=2))
    conductor.wait_for_sheet("job", 1, "dispatched")
    conductor.call("job.cancel", job_id="job")
    (conductor.home / "ws" / "go").touch()
    assert conductor.call("job.resume", job_id="job")["status"] == "accepted"
    conductor.wait_for("job", "completed")


def test_failed_job_can_be_resumed_from_the_failed_sheet(conductor: EmbeddedProcess) -> None:
    script = "echo {{ sheet_num }} >> ran; [ {{ sheet_num }} != 2 ] || [ -e go ]"
    conductor.submit("job", score(script, sheets=3))
    job = conductor.wait_for("job", "failed")
    assert job["sheets"]["2"]["error_message"] == "Exit code 1"
    assert job["sheets"]["3"]["status"] == "skipped"
    assert job["sheets"]["3"]["error_message"] == "Blocked by failed dependency: sheet 2"
    (conductor.home / "ws" / "go").touch()
    conductor.call("job.resume", job_id="job")
    conductor.wait_for("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text().split() == ["1", "2", "2", "3"]


def test_clear_forgets_an_ended_job_and_keeps_its_workspace(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("touch made"))
    conductor.wait_for("job", "completed")
    assert conductor.call("job.clear", job_ids=["job"]) == {"deleted": 1}
    assert conductor.error("job.status", job_id="job")["message"] == "Job 'job' not found"
    assert (conductor.home / "ws" / "made").exists()
    assert not list((conductor.home / "conductor" / "runs").iterdir())


def test_job_goes_on_after_kill_9(conductor: EmbeddedProcess) -> None:
    mark = "8.654321"
    script = (
        f"echo {{{{ sheet_num }}}} >> ran; [ -e go ] || {{ setsid sleep {mark} & sleep {mark}; }}"
    )
    conductor.submit("job", score(script, sheets=2))
    wait_until(lambda: len(processes_with(f"sleep {mark}")) >= 2, what="the sheet's processes")
    (conductor.home / "ws" / "go").touch()
    conductor.kill()
    wait_until(lambda: not processes_with(f"sleep {mark}"), what="the processes to be gone")
    conductor.start()
    job = conductor.wait_for("job", "completed")
    assert (conductor.home / "ws" / "ran").read_text().split() == ["1", "1", "2"]
    assert job["sheets"]["1"]["attempt_count"] == 1
