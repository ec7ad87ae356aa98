"""What the page of a run asks the conductor: whose it is, masked, and how much is kept."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from django.utils import timezone

from jobs.admin import questions
from jobs.conductor import CheckpointState
from jobs.registry.models import Conductor, Job
from jobs.registry.refresh import apply_checkpoint
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor, answering
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    questions.forget()


def part(visitor: Visitor, job: Job, name: str) -> Page:
    return visitor.get(f"/jobs/job/{job.pk}/parts/{name}/")


SECRET = "supersecretvalue"


@pytest.mark.parametrize("name", ["errors", "diagnose"])
def test_what_the_conductor_says_of_errors_is_shown_without_secrets(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor, name: str
) -> None:
    job = known(conductor, scripted, "failed")
    history = [{"attempt_number": 1, "error_message": f"curl --token {SECRET} failed"}]
    sheets: dict[str, Any] = {
        "1": {"sheet_num": 1, "status": "failed", "error_message": "x " * 495 + f"pwd={SECRET}"},
        "2": {"sheet_num": 2, "status": "failed", "error_history": history},
    }
    state = {
        "job_id": "nightly",
        "job_name": "n",
        "status": "failed",
        "total_sheets": 2,
        "error_message": f"password={SECRET}",
        "sheets": sheets,
    }
    scripted.manners[f"job.{name}"] = answering({"state": state, "workspace": "/srv/ws"})
    page = part(olga, job, name)
    assert "curl --token" in page.text
    assert "super" not in page.html


def test_records_are_shown_without_secrets(
    olga: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    records = [
        {"sheet_num": 1, "error_message": f"token={SECRET}", "env": {"password": SECRET}},
        {"sheet_num": 2, "note": f"Authorization: Bearer {SECRET}"},
    ]
    scripted.manners["job.history"] = answering({"job_id": "nightly", "records": records})
    page = part(olga, running, "history")
    assert "token=" in page.text
    assert SECRET not in page.html


def test_of_a_large_answer_only_what_is_shown_is_remembered(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    sheets = {
        str(n): {
            "sheet_num": n,
            "status": "failed",
            "error_message": "boo",
            "stdout_tail": "x" * 9_999,
        }
        for n in range(1, 400)
    }
    state = {"job_id": "nightly", "job_name": "n", "status": "failed", "sheets": sheets}
    scripted.manners["job.errors"] = answering({"state": {**state, "total_sheets": 399}})
    records = [{"sheet_num": n, "output": "y" * 100_000} for n in range(30)]
    scripted.manners["job.history"] = answering({"job_id": "nightly", "records": records})
    assert "Sheet 1" in part(olga, job, "errors").text
    assert part(olga, job, "history").status == 200
    kept = [slot.answer for slot in questions._slots.values()]
    assert all(answer.value is not None for answer in kept)
    assert sum(len(pickle.dumps(answer)) for answer in kept) < 100_000


def test_a_checkpoint_that_tells_what_is_known_is_not_called_newer(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    state = {
        "job_id": "nightly",
        "job_name": "n",
        "status": "failed",
        "total_sheets": 1,
        "sheets": {"1": {"sheet_num": 1, "status": "failed", "error_message": "boo"}},
    }
    apply_checkpoint(job, CheckpointState.from_wire(state), timezone.now())
    scripted.manners["job.errors"] = answering({"state": state})
    assert "This is newer" not in part(olga, job, "errors").text


def test_a_part_of_a_run_whose_name_another_has_is_not_there(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    Job.objects.filter(pk=job.pk).update(gone_at=timezone.now(), gone_reason="replaced")
    for name in ("health", "errors", "diagnose", "history"):
        assert part(olga, job, name).status == 404
        assert scripted.asked(f"job.{name}") == []
    assert scripted.asked("job.status") == []


def test_a_part_on_a_switched_off_conductor_is_not_there(olga: Visitor) -> None:
    job = make_job(conductor=make_conductor(is_enabled=False))
    assert part(olga, job, "history").status == 404
