"""What the page of a conductor asks it for, and what it says where there is no answer."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from jobs.admin import questions
from jobs.registry.models import Conductor
from tests.actions.fixtures import known
from tests.actions.scripted import ScriptedConductor, answering, babbling, closing
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor

pytestmark = pytest.mark.django_db(transaction=True)

TOP: dict[str, Any] = {
    "daemon_pid": 42,
    "load_avg_1": 0.31,
    "load_avg_5": 0.2,
    "load_avg_15": 0.1,
    "system_memory_used_mb": 405.5,
    "system_memory_total_mb": 24_105.6,
    "pressure_level": "high",
    "zombie_count": 1,
    "zombie_pids": [77],
    "processes": [
        {"pid": 7, "command": "bash", "state": "sleeping", "rss_mb": 3.2, "job_id": "nightly"},
        {"pid": 77, "command": "<b>gone</b>", "state": "zombie", "job_id": "nightly"},
        {"pid": "x", "rss_mb": "many", "age_seconds": -1, "job_id": 5},
    ],
    "job_progress": [
        {"job_id": "nightly", "status": "running", "total_sheets": 9, "last_completed_sheet": 4},
        {"job_id": "bygone", "status": "completed"},
    ],
}


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    questions.forget()


def part(visitor: Visitor, conductor: Conductor, name: str) -> Page:
    return visitor.get(f"/jobs/conductor/{conductor.pk}/parts/{name}/")


@pytest.mark.parametrize("name", ["health", "top", "config"])
def test_a_conductor_without_the_method_says_so(
    olga: Visitor, conductor: Conductor, name: str
) -> None:
    page = part(olga, conductor, name)
    assert page.status == 200
    assert "Not available on this conductor." in page.text


@pytest.mark.parametrize("name", ["health", "top", "limits", "config"])
def test_a_part_is_not_there_for_whoever_may_not_see_the_conductor(
    nemo: Visitor, conductor: Conductor, name: str
) -> None:
    assert part(nemo, conductor, name).status in (302, 403, 404)


def test_processes_are_told_by_job_and_zombies_are_marked(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted)
    scripted.manners["daemon.top"] = answering(TOP)
    page = part(olga, conductor, "top")
    assert "0.31 · 0.20 · 0.10" in page.text
    assert "406 of 24,106 MB" in page.text
    assert "high" in page.text
    assert f"/jobs/job/{job.pk}/change/" in page.links()
    assert "sheet 4 of 9 done" in page.text
    assert "<b>gone</b> 77 zombie" in page.text
    assert "Told for no job" in page.text
    assert "bygone" not in page.text


def test_the_last_that_was_heard_stays_when_the_conductor_falls_silent(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.manners["daemon.top"] = answering(TOP)
    part(olga, conductor, "top")
    scripted.manners["daemon.top"] = closing
    questions.expire()
    page = part(olga, conductor, "top")
    assert "What follows was heard just now" in page.part("no-answer")
    assert "is-stale" in page.html
    assert "0.31" in page.text


async def test_while_one_waits_for_the_conductor_others_are_shown_the_last_answer(
    olga: Visitor, vera: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.manners["daemon.top"] = answering(TOP)

    def in_a_thread_of_its_own(visitor: Visitor) -> Page:
        try:
            return part(visitor, conductor, "top")
        finally:
            connections.close_all()

    ask = sync_to_async(in_a_thread_of_its_own, thread_sensitive=False)
    await ask(olga)
    questions.expire()
    gate = scripted.gate("daemon.top")
    waiting = asyncio.create_task(ask(olga))
    await scripted.reached("daemon.top", 2)
    assert "0.31" in (await ask(vera)).text
    gate.set()
    assert "0.31" in (await waiting).text
    assert len(scripted.asked("daemon.top")) == 2


def test_a_silent_conductor_is_waited_for_once_in_a_part(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.manners["daemon.health"] = answering({"status": "ok"})
    scripted.manners["daemon.ready"] = answering({"status": "ready", "accepting_work": True})
    assert "Accepts work yes" in part(olga, conductor, "health").text
    questions.expire()
    scripted.manners["daemon.health"] = closing
    text = part(olga, conductor, "health").text
    assert "Calls itself ok" in text
    assert "Accepts work yes" in text
    assert text.count("What follows was heard") == 2
    assert len(scripted.asked("daemon.ready")) == 1


def test_garbage_from_the_conductor_is_told_and_breaks_nothing(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.manners["daemon.config"] = babbling
    page = part(olga, conductor, "config")
    assert page.status == 200
    assert page.has("no-answer")


def test_limits_in_force_are_told_and_whoever_may_is_offered_to_clear_them(
    olga: Visitor, vera: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    until = timezone.now() + timedelta(minutes=5)
    backends = {
        "claude": {"expires_at": until.timestamp(), "reason": "429"},
        "other": {"seconds_remaining": 90},
        "odd": 7,
    }
    scripted.manners["daemon.rate_limits"] = answering({"backends": backends, "active_limits": 3})
    page = part(olga, conductor, "limits")
    assert re.search(r"claude until in (4|5) min , reason 429", page.text)
    assert "other 1 min 30 s left" in page.text
    assert page.has("clear-rate-limits")
    assert not part(vera, conductor, "limits").has("clear-rate-limits")


def test_settings_are_shown_without_what_is_called_a_secret(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    config = {
        "max_concurrent_jobs": 15,
        "job_timeout_seconds": 86_400.0,
        "learning": {"backend": {"api_key": "sk-very-secret", "model": "m"}},
        "keyring": {"instruments": {"claude": "sk-also-secret"}},
        "admin_token": "sk-third",
    }
    scripted.manners["daemon.config"] = answering(config)
    page = part(olga, conductor, "config")
    assert "Jobs at once 15" in page.text
    assert "1 d 0 h" in page.text
    assert "sk-" not in page.html


def test_commands_and_limits_are_shown_without_secrets(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    told = [{"pid": 7, "command": "claude --api-key=supersecretvalue -p x", "state": "sleeping"}]
    gpus = [{"name": "G", "note": "token=supersecretvalue"}]
    scripted.manners["daemon.top"] = answering({**TOP, "processes": told, "gpus": gpus})
    page = part(olga, conductor, "top")
    assert "claude --api-key=" in page.text
    assert "supersecret" not in page.html
    limits = {"backends": {"claude": {"account": {"password": "supersecretvalue"}}}}
    scripted.manners["daemon.rate_limits"] = answering(limits)
    assert "supersecret" not in part(olga, conductor, "limits").html


def test_who_waits_in_vain_for_anothers_question_is_told_so(
    olga: Visitor, conductor: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_WAIT_S", 0.01)
    with questions._slot((conductor.socket_path, "top")).lock:
        page = part(olga, conductor, "top")
    assert "Another request for it is still waiting" in page.part("no-answer")


def test_an_answer_that_nobody_wants_any_more_is_forgotten(conductor: Conductor) -> None:
    questions._slot(("/old.sock", "top"))
    questions._slot(("/new.sock", "top"))
    questions._slots["/old.sock", "top"].wanted_at -= questions._MAX_AGE_S + 1
    questions._slot(("/new.sock", "top"))
    assert list(questions._slots) == [("/new.sock", "top")]


def test_the_page_of_a_conductor_that_is_down_asks_nothing_and_shows_the_last_state(
    olga: Visitor,
) -> None:
    conductor = make_conductor(
        is_reachable=False,
        unreachable_since=timezone.now(),
        last_answer_at=timezone.now() - timedelta(minutes=9),
        unreachable_message="Nobody listens.",
        memory_mb=99.0,
        version="0.1.0",
    )
    page = olga.get(f"/jobs/conductor/{conductor.pk}/change/")
    assert page.status == 200
    assert "Not reachable, last heard 9 min ago" in page.text
    assert "is-stale" in page.html
    assert "99 MB" in page.text
    assert 'data-every="10"' in page.html
    assert "No answer from" in part(olga, conductor, "health").text
