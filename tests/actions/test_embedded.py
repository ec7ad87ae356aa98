"""Submitting to a conductor that really runs what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions
from jobs.actions import ActionResult, InlineScore
from jobs.audit import Origin
from jobs.registry.models import Conductor
from jobs.terms import Outcome
from tests.actions.scripted import score_text
from tests.embedded.process import EmbeddedProcess
from tests.factories import make_conductor


@pytest.fixture
def embedded(short_tmp: Path) -> Iterator[EmbeddedProcess]:
    with EmbeddedProcess(short_tmp / "home", "--grace", "0.2") as process:
        yield process


@pytest.fixture
def conductor(transactional_db: None, embedded: EmbeddedProcess, folders: Path) -> Conductor:
    return make_conductor(slug="main", socket_path=str(embedded.socket_path))


def submit(conductor: Conductor, actor: User, origin: Origin, text: str) -> ActionResult:
    return async_to_sync(actions.submit)(
        actor=actor, origin=origin, source=InlineScore(text), conductor=conductor
    )


def test_submitted_score_runs_in_the_workspace_it_was_given(
    embedded: EmbeddedProcess, conductor: Conductor, operator: User, origin: Origin, folders: Path
) -> None:
    text = score_text("writes", prompt={"template": "echo {{ sheet_num }} > {{ sheet_num }}.txt"})
    result = submit(conductor, operator, origin, text)
    assert result.outcome is Outcome.SUCCEEDED, result.message
    embedded.wait_for("writes", "completed")
    written = sorted(path.name for path in (folders / "workspaces" / "writes").glob("*.txt"))
    assert written == ["1.txt", "2.txt", "3.txt"]


@pytest.mark.parametrize("where", ["absent/deep/ws", "file/ws"])
def test_workspace_that_cannot_be_made_is_refused_in_the_conductors_words(
    conductor: Conductor, operator: User, origin: Origin, folders: Path, where: str
) -> None:
    (folders / "workspaces" / "file").write_text("no folder")
    workspace = f"{folders}/workspaces/{where}"
    result = submit(conductor, operator, origin, score_text(workspace=workspace))
    assert result.outcome is Outcome.REFUSED
    assert str(Path(workspace).parent) in result.message


def test_run_is_still_the_same_one_after_the_conductor_was_killed(
    embedded: EmbeddedProcess, conductor: Conductor, operator: User, origin: Origin
) -> None:
    text = score_text("long", prompt={"template": "sleep 60"})
    job = submit(conductor, operator, origin, text).job
    assert job is not None
    embedded.wait_for_sheet("long", 1, "in_progress", "dispatched")
    embedded.restart()
    embedded.wait_for("long", "running", "failed", "paused")
    result = async_to_sync(actions.cancel)(actor=operator, job=job, origin=origin)
    assert "later run" not in result.message
    assert result.job == job
    assert result.job.gone_at is None


def test_conductor_that_was_killed_is_failed_and_back_again_it_takes_work(
    embedded: EmbeddedProcess, conductor: Conductor, operator: User, origin: Origin
) -> None:
    embedded.kill()
    assert submit(conductor, operator, origin, score_text("one")).outcome is Outcome.FAILED
    embedded.start()
    assert submit(conductor, operator, origin, score_text("two")).outcome is Outcome.SUCCEEDED
