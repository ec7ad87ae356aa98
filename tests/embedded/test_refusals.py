"""What the embedded conductor cannot or must not do is refused, by name, before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded.process import EmbeddedProcess, score


@pytest.fixture
def conductor(visited: EmbeddedProcess) -> EmbeddedProcess:
    """No test here ends the process, so all share one."""
    return visited


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"sheet": {"skip_when": {"1": "True"}}}, "skip_when"),
        ({"instrument": "claude-code"}, "claude-code"),
        ({"instrument": None}, "instrument"),
        ({"on_success": [{"type": "run_command", "command": "touch /tmp/x"}]}, "on_success"),
        ({"notifications": [{"type": "webhook"}]}, "notifications"),
        ({"isolation": {"enabled": True}}, "isolation"),
        ({"sheet": {"total_items": 3, "dependencies": {"1": [2], "2": [1]}}}, "1"),
        (
            {"validations": [{"type": "file_exists", "path": "x", "condition": "open('/etc')"}]},
            "condition",
        ),
        ({"sheet": {"total_items": 20_000}}, "10000"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_unsupported_section_is_refused_by_name(
    conductor: EmbeddedProcess, sections: dict[str, Any], named: str
) -> None:
    answer = conductor.submit("job", score("touch ran", **sections))
    assert answer["status"] == "rejected"
    assert named in answer["message"]
    assert conductor.call("job.list") == []


def test_self_healing_is_refused(conductor: EmbeddedProcess) -> None:
    answer = conductor.submit("job", score(), self_healing=True)
    assert (answer["status"], "self_healing" in answer["message"]) == ("rejected", True)


def test_second_submit_of_a_live_job_is_refused_and_of_an_ended_one_replaces_it(
    conductor: EmbeddedProcess,
) -> None:
    conductor.submit("job", score("until [ -e go ]; do sleep 0.02; done"))
    conductor.wait_for_sheet("job", 1, "dispatched")
    assert conductor.submit("job", score())["message"] == (
        "Job 'job' is already running. Use 'mzt pause' or 'mzt cancel' first, or wait for it to "
        "finish."
    )
    conductor.call("job.pause", job_id="job")
    assert "already paused" in conductor.submit("job", score())["message"]
    first = conductor.call("job.list")[0]["submitted_at"]
    conductor.call("job.cancel", job_id="job")
    assert conductor.submit("job", score("echo new"))["status"] == "accepted"
    job = conductor.wait_for("job", "completed")
    assert job["sheets"]["1"]["stdout_tail"] == "new\n"
    (row,) = conductor.call("job.list")
    assert row["submitted_at"] > first


def test_resume_reads_the_score_again_and_refuses_when_it_is_gone(
    conductor: EmbeddedProcess,
) -> None:
    conductor.submit("job", score("exit 1"))
    conductor.wait_for("job", "failed")
    path = conductor.home / "job.yaml"
    path.unlink()
    answer = conductor.call("job.resume", job_id="job")
    assert answer["status"] == "rejected"
    assert answer["message"] == f"Config file not found: {path}"
    conductor.score("job", score("echo better"))
    assert conductor.call("job.resume", job_id="job")["status"] == "accepted"
    assert conductor.wait_for("job", "completed")["sheets"]["1"]["stdout_tail"] == "better\n"


def test_completed_job_can_neither_be_resumed_nor_modified(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score())
    conductor.wait_for("job", "completed")
    resumed = conductor.call("job.resume", job_id="job")
    assert (resumed["status"], "is completed, only PAUSED" in resumed["message"]) == (
        "rejected",
        True,
    )
    path = str(conductor.home / "job.yaml")
    modified = conductor.call("job.modify", job_id="job", config_path=path)
    assert modified["message"] == "Job 'job' is completed, cannot modify"


def test_modify_swaps_the_score_of_a_running_job(conductor: EmbeddedProcess) -> None:
    conductor.submit("job", score("until [ -e go ]; do sleep 0.02; done", sheets=2))
    conductor.wait_for_sheet("job", 1, "dispatched")
    other = conductor.score("other", score("echo other {{ sheet_num }}", sheets=3))
    answer = conductor.call("job.modify", job_id="job", config_path=str(other))
    assert answer["message"] == "Pause signal sent. Will resume with other.yaml when paused."
    (conductor.home / "ws" / "go").touch()
    job = conductor.wait_for("job", "completed")
    assert [s["stdout_tail"] for s in job["sheets"].values()] == ["", "other 2\n", "other 3\n"]


def test_workspace_that_cannot_be_used_is_refused(conductor: EmbeddedProcess) -> None:
    (conductor.home / "file").touch()
    answer = conductor.submit("job", score(workspace="file"))
    assert answer["message"] == f"The workspace is not a folder: {conductor.home / 'file'}."


def test_clear_takes_ended_jobs_of_these_statuses_and_this_age(conductor: EmbeddedProcess) -> None:
    conductor.submit("good", score())
    conductor.submit("bad", score("exit 1"))
    conductor.wait_for("good", "completed")
    conductor.wait_for("bad", "failed")
    assert conductor.call("job.clear", older_than_seconds=3600) == {"deleted": 0}
    assert conductor.call("job.clear", statuses=["failed"]) == {"deleted": 1}
    assert [row["job_id"] for row in conductor.call("job.list")] == ["good"]
    assert conductor.call("job.clear") == {"deleted": 1}


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("job.status", {"job_id": 5}),
        ("job.clear", {"job_ids": "x"}),
        ("job.clear", {"job_ids": [1]}),
        ("job.clear", {"older_than_seconds": "x"}),
        ("job.history", {"job_id": "job", "limit": "x"}),
        ("job.resume", {"job_id": "job", "config_path": 5}),
        ("job.submit", {"config_path": "/x.yaml", "start_sheet": "x"}),
        ("daemon.events", {"limit": None}),
    ],
)
def test_wrong_parameters_are_an_error_of_their_own(
    conductor: EmbeddedProcess, method: str, params: dict[str, Any]
) -> None:
    conductor.submit("job", score())
    conductor.wait_for("job", "completed")
    assert conductor.error(method, **params)["code"] == -32602


def test_job_with_a_hostile_name_runs_and_is_listed_as_it_is(conductor: EmbeddedProcess) -> None:
    name = "<b>\"'\n\x1b[31m é" + "x" * 180
    assert conductor.submit(name, score())["job_id"] == name
    conductor.wait_for(name, "completed")
    assert conductor.call("job.clear", job_ids=[name]) == {"deleted": 1}
