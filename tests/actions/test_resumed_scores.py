"""A resume records which text it runs, and tells when that is not the one that was submitted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions
from jobs.audit import Origin
from jobs.registry.models import Conductor, Job, Score, ScoreVersion
from jobs.terms import Outcome
from tests.actions.fixtures import known
from tests.actions.records import intent_of
from tests.actions.scripted import ScriptedConductor

resume = async_to_sync(actions.resume)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def file(folders: Path) -> Path:
    path = folders / "scores" / "nightly.yaml"
    path.write_text("name: judged\n")
    return path


@pytest.fixture
def paused(conductor: Conductor, scripted: ScriptedConductor, file: Path) -> Job:
    text = file.read_text()
    score = Score.objects.create(name="nightly")
    version = ScoreVersion.objects.create(score=score, number=1, sha256=sha256(text), text=text)
    return known(conductor, scripted, "paused", config_path=str(file), score_version=version)


def test_the_same_text_is_recorded_by_its_hash(
    paused: Job, file: Path, operator: User, origin: Origin
) -> None:
    result = resume(actor=operator, job=paused, origin=origin)
    assert (result.outcome, result.message) == (Outcome.SUCCEEDED, "Job resume queued")
    arguments = intent_of(result).arguments
    assert arguments["sha256"] == sha256("name: judged\n")
    assert arguments["changed_since_submit"] is False


def test_another_text_is_recorded_and_told(
    paused: Job, file: Path, operator: User, origin: Origin
) -> None:
    file.write_text("name: swapped\n")
    result = resume(actor=operator, job=paused, origin=origin)
    assert "has changed since it was submitted" in result.message
    arguments = intent_of(result).arguments
    assert arguments["sha256"] == sha256("name: swapped\n")
    assert arguments["changed_since_submit"] is True


def test_a_text_longer_than_podium_reads_has_changed(
    paused: Job, file: Path, operator: User, origin: Origin
) -> None:
    file.write_text("#" * 1_100_000)
    result = resume(actor=operator, job=paused, origin=origin)
    assert "has changed since it was submitted" in result.message
    assert intent_of(result).arguments["sha256"] is None


def test_a_file_that_cannot_be_read_is_told(
    paused: Job, file: Path, operator: User, origin: Origin
) -> None:
    file.unlink()
    result = resume(actor=operator, job=paused, origin=origin)
    assert "could not read the score file" in result.message
    assert intent_of(result).arguments["changed_since_submit"] is None


def test_a_run_submitted_elsewhere_has_nothing_to_compare_with(
    conductor: Conductor, scripted: ScriptedConductor, file: Path, operator: User, origin: Origin
) -> None:
    job = known(conductor, scripted, "paused", config_path=str(file))
    result = resume(actor=operator, job=job, origin=origin)
    assert result.message == "Job resume queued"
    arguments = intent_of(result).arguments
    assert (arguments["sha256"], arguments["changed_since_submit"]) == (
        sha256("name: judged\n"),
        None,
    )
