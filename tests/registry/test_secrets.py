"""Keeping secrets out of what is stored and shown of a conductor's words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from jobs.conductor import CheckpointState
from jobs.conductor.messages import MonitorEvent
from jobs.live import listening
from jobs.live.events import _bounded
from jobs.logs import MASK
from jobs.registry import secrets
from jobs.registry.refresh import apply_checkpoint
from jobs.registry.secrets import (
    masked_tail,
    masked_text,
    masked_tree,
    tree_without_secrets,
    without_secrets,
)
from tests.factories import make_job

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORD = "supersecretvalue"


def checkpoint(sheet: dict[str, Any] | None = None, **fields: Any) -> CheckpointState:
    return CheckpointState.from_wire(
        {
            "job_id": "nightly",
            "job_name": "Nightly",
            "status": "failed",
            "total_sheets": 1,
            "sheets": {"1": {"sheet_num": 1, "status": "failed", **(sheet or {})}},
            **fields,
        }
    )


# -- masked, then cut ------------------------------------------------------------------------


@pytest.mark.parametrize("before", range(80, 100))
def test_a_secret_that_a_cut_runs_through_is_kept_in_no_part(before: int) -> None:
    text = "x" * (before - 1) + f" PASSWORD={WORD} and more"
    kept = masked_text(text, 100)
    assert len(kept) <= 100
    assert "super" not in kept


@pytest.mark.parametrize("after", range(80, 100))
def test_a_secret_whose_name_is_cut_off_a_tail_is_kept_in_no_part(after: int) -> None:
    text = f"before it PASSWORD={WORD} " + "x" * after
    kept = masked_tail(text, 100)
    assert len(kept) <= 100
    assert not any(WORD[at:] + " " in kept for at in range(len(WORD) - 1))


def test_what_is_looked_at_is_bounded() -> None:
    kept = masked_text("é" * 5_000_000, 100)
    assert kept == "é" * 100
    assert masked_tail("é" * 5_000_000 + "z", 3) == "ééz"


def test_what_is_long_is_not_remembered() -> None:
    secrets._remembered.cache_clear()
    without_secrets("x" * 1_000_000)
    assert secrets._remembered.cache_info().currsize == 0


def test_masks_bring_nothing_into_view_from_beyond_the_cut() -> None:
    text = f"password={'a' * 300} " * 400 + "the end of all"
    assert "the end" not in masked_text(text, 200)
    assert len(masked_text(text, 200)) <= 200


def test_texts_of_a_tree_are_masked_before_they_are_cut() -> None:
    kept = masked_tree({"lines": ["x" * 92 + f" token={WORD}"]}, max_text=105)
    assert "super" not in json.dumps(kept)


def test_events_are_masked_before_they_are_cut() -> None:
    texts = {f"part {n}": "é" * 1_990 + f" token={WORD}" for n in range(40)}
    assert "super" not in json.dumps(_bounded(texts))


def test_events_that_wait_in_memory_are_masked_before_they_are_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    event = MonitorEvent(job_id="j", event="sheet.output", data={"text": "x" * 4_079 + f" {token}"})
    assert "ghp_" not in json.dumps(listening._bounded(event).data)


# -- by their names --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["password", "PASSWORD", "api_key", "AWS_SECRET_ACCESS_KEY", "Authorization", "cookie"]
)
def test_what_its_name_calls_a_secret_is_masked_in_a_tree_as_in_a_text(name: str) -> None:
    assert tree_without_secrets({"env": [{name: WORD}]}) == {"env": [{name: MASK}]}
    assert WORD not in without_secrets(json.dumps({name: WORD}))


def test_all_below_a_secret_s_name_is_masked_and_names_stay() -> None:
    told = {"credentials": {"claude": [WORD, 4711], "is_set": True, "none": None}}
    assert tree_without_secrets(told) == {
        "credentials": {"claude": [MASK, MASK], "is_set": True, "none": None}
    }


@pytest.mark.parametrize("name", ["input_tokens", "max_tokens", "keyboard", "exit_code", "tokens"])
def test_a_harmless_name_leaves_its_value(name: str) -> None:
    assert tree_without_secrets({name: 4_096}) == {name: 4_096}


def test_the_folder_in_pwd_is_no_secret() -> None:
    assert tree_without_secrets({"PWD": "/srv/ws"}) == {"PWD": "/srv/ws"}
    assert tree_without_secrets({"pwd": "hunter22"}) == {"pwd": MASK}


def test_a_pattern_of_the_site_with_a_name_in_it_holds_for_trees(settings: Any) -> None:
    settings.PODIUM_SECRET_PATTERNS = (r'ticket"?\s*[:=]\s*"?(\w+)',)
    assert tree_without_secrets({"ticket": "abc"}) == {"ticket": MASK}


def test_a_caller_may_name_more_words() -> None:
    told = {"keyring": {"instruments": {"claude": "x"}}, "size": 5}
    assert tree_without_secrets(told, also=("key",)) == {
        "keyring": {"instruments": {"claude": MASK}},
        "size": 5,
    }


def test_a_deep_value_ends_somewhere() -> None:
    value: Any = "x"
    for _ in range(400):
        value = {"a": value}
    assert "…" in json.dumps(tree_without_secrets(value), ensure_ascii=False)


# -- what is stored --------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_stored_of_a_run_holds_no_secret() -> None:
    job = make_job(status="failed")
    apply_checkpoint(
        job,
        checkpoint(
            error_message=f"curl -H 'Authorization: Bearer {WORD}' failed",
            hook_results=[
                {"hook": "notify", "env": {"password": WORD}, "output": f"pw token={WORD}"}
            ],
            synthesis_results={"1": {"api_key": WORD, "note": "fine"}},
        ),
        NOW,
    )
    job.refresh_from_db()
    assert "notify" in json.dumps(job.details)
    assert "fine" in json.dumps(job.details)
    assert WORD not in json.dumps(job.details) + job.error_message


@pytest.mark.django_db
def test_what_is_stored_of_a_sheet_holds_no_secret_and_no_part_of_one() -> None:
    job = make_job(status="failed")
    tail = f"PASSWORD={WORD}\n" + "x" * 9_990
    sheet = {
        "error_message": "x" * 9_985 + f" token={WORD}",
        "stdout_tail": tail,
        "validation_details": [{"password": WORD}],
    }
    apply_checkpoint(job, checkpoint(sheet), NOW)
    kept = job.sheets.get()
    assert "super" not in kept.error_message
    assert "value\n" not in kept.stdout_tail
    assert WORD not in json.dumps(kept.details)
