"""Which score files are taken away, and which stay."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from jobs.actions import score_files
from jobs.actions.deadlines import FILES_KEPT_DAYS
from jobs.actions.score_files import Readers
from jobs.actions.score_pruning import prune_files
from jobs.audit.models import Action
from tests.factories import make_job

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LONG_AGO = NOW - timedelta(days=FILES_KEPT_DAYS + 1)
LATELY = NOW - timedelta(days=FILES_KEPT_DAYS - 1)


def written(root: Path, at: datetime = LONG_AGO, action_id: UUID | None = None) -> Path:
    path = score_files.place_for(root, action_id or uuid4(), "nightly")
    score_files.write(path, b"name: nightly", Readers())
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


@pytest.mark.parametrize(
    ("run", "stays"),
    [
        ({"gone_at": LONG_AGO, "gone_reason": "cleared"}, False),
        ({"gone_at": LONG_AGO, "gone_reason": "replaced"}, False),
        ({"gone_at": LATELY, "gone_reason": "cleared"}, True),
        ({"gone_at": LONG_AGO, "gone_reason": "vanished"}, True),
        ({"status": "failed"}, True),
        ({"status": "completed"}, True),
    ],
)
def test_file_stays_for_as_long_as_its_run_may_be_resumed(
    tmp_path: Path, run: dict[str, Any], stays: bool
) -> None:
    path = written(tmp_path)
    make_job(config_path=str(path), **run)
    assert prune_files(tmp_path, NOW) == int(not stays)
    assert path.parent.exists() is stays


def test_file_of_which_one_run_is_there_stays(tmp_path: Path) -> None:
    path = written(tmp_path)
    make_job(config_path=str(path), gone_at=LONG_AGO, gone_reason="cleared")
    make_job(config_path=str(path))
    assert prune_files(tmp_path, NOW) == 0


@pytest.mark.parametrize(
    ("run", "stays"),
    [
        ({"gone_at": LONG_AGO, "gone_reason": "cleared"}, False),
        ({"gone_at": LATELY, "gone_reason": "cleared"}, True),
        ({"gone_at": LONG_AGO, "gone_reason": "vanished"}, True),
        ({"status": "paused"}, True),
    ],
)
@pytest.mark.parametrize("outcome", ["succeeded", "unknown"])
def test_file_that_its_run_goes_by_no_more_or_not_yet_stays_for_as_long_as_that_run(
    tmp_path: Path, run: dict[str, Any], stays: bool, outcome: str
) -> None:
    job = make_job(config_path=str(written(tmp_path, LATELY)), **run)
    action_id = uuid4()
    Action.objects.create(
        action_id=action_id, verb="modify", outcome=outcome, started_at=NOW, job_pk=job.pk
    )
    path = written(tmp_path, action_id=action_id)
    assert prune_files(tmp_path, NOW) == int(not stays)
    assert path.parent.exists() is stays


def test_refused_score_of_a_run_that_is_there_is_taken_away(tmp_path: Path) -> None:
    action_id = uuid4()
    Action.objects.create(
        action_id=action_id, verb="modify", outcome="refused", started_at=NOW, job_pk=make_job().pk
    )
    written(tmp_path, action_id=action_id)
    assert prune_files(tmp_path, NOW) == 1


def test_file_that_another_run_goes_by_outlasts_the_run_that_it_was_written_for(
    tmp_path: Path,
) -> None:
    action_id = uuid4()
    over = make_job(gone_at=LONG_AGO, gone_reason="cleared")
    Action.objects.create(
        action_id=action_id, verb="submit", outcome="succeeded", started_at=NOW, job_pk=over.pk
    )
    make_job(config_path=str(written(tmp_path, action_id=action_id)))
    assert prune_files(tmp_path, NOW) == 0


@pytest.mark.parametrize(
    ("outcome", "stays"), [("refused", False), ("failed", False), ("unknown", True)]
)
def test_file_without_a_run_stays_unless_it_was_certainly_never_read(
    tmp_path: Path, outcome: str, stays: bool
) -> None:
    action_id = uuid4()
    Action.objects.create(action_id=action_id, verb="submit", outcome=outcome, started_at=NOW)
    written(tmp_path, action_id=action_id)
    written(tmp_path)  # of which nothing is known at all
    assert prune_files(tmp_path, NOW) == int(not stays)


def test_young_and_strange_files_are_left_alone(tmp_path: Path) -> None:
    make_job(config_path=str(written(tmp_path, LATELY)), gone_at=LONG_AGO, gone_reason="cleared")
    (tmp_path / "notes").mkdir()
    (tmp_path / str(uuid4())).mkdir()
    (tmp_path / "file").touch()
    assert prune_files(tmp_path, NOW) == prune_files(tmp_path / "nowhere", NOW) == 0
    assert len(list(tmp_path.iterdir())) == 4
