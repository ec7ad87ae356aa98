"""Every verb in every status that a job can be brought into, on the embedded conductor.

What Podium records is what the conductor does: an offered verb succeeds, any other is refused
with words, and none ends in anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from jobs import actions
from jobs.actions import ActionResult, offers_in
from jobs.audit import Origin
from jobs.live.recording import record_rows
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import Outcome, Verb
from tests.actions.records import kinds_of
from tests.embedded.process import EmbeddedProcess, score
from tests.factories import make_conductor

ACTIONS = {
    Verb.PAUSE: async_to_sync(actions.pause),
    Verb.RESUME: async_to_sync(actions.resume),
    Verb.CANCEL: async_to_sync(actions.cancel),
    Verb.CLEAR: async_to_sync(actions.clear),
}
LONG, SHORT, BAD = "sleep 60", "true", "exit 3"


def running(conductor: EmbeddedProcess, name: str) -> None:
    conductor.submit(name, score(LONG, sheets=2))
    conductor.wait_for_sheet(name, 1, "in_progress", "dispatched")


def paused(conductor: EmbeddedProcess, name: str) -> None:
    running(conductor, name)
    assert conductor.call("job.pause", job_id=name, workspace="") == {"paused": True}


def completed(conductor: EmbeddedProcess, name: str) -> None:
    conductor.submit(name, score(SHORT))
    conductor.wait_for(name, "completed")


def failed(conductor: EmbeddedProcess, name: str) -> None:
    conductor.submit(name, score(BAD))
    conductor.wait_for(name, "failed")


def cancelled(conductor: EmbeddedProcess, name: str) -> None:
    running(conductor, name)
    conductor.call("job.cancel", job_id=name)
    conductor.wait_for(name, "cancelled")


BRING: dict[str, Callable[[EmbeddedProcess, str], None]] = {
    "running": running,
    "paused": paused,
    "completed": completed,
    "failed": failed,
    "cancelled": cancelled,
}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedProcess]:
    """One conductor for all cells; every job has a name of its own."""
    from tests.services.folder import short_folder

    with short_folder() as folder, EmbeddedProcess(folder / "home", "--grace", "0.2") as process:
        yield process


@pytest.fixture
def conductor(transactional_db: None, embedded: EmbeddedProcess, folders: Path) -> Conductor:
    return make_conductor(slug="main", socket_path=str(embedded.socket_path))


def job_in(status: str, embedded: EmbeddedProcess, conductor: Conductor, name: str) -> Job:
    """A job in that status, as the relay would know it."""
    BRING[status](embedded, name)
    at = timezone.now()
    record_rows(conductor, async_to_sync(client_for(conductor).list_jobs)(), at)
    job = Job.objects.get(conductor=conductor, job_id=name)
    assert job.status == status
    return job


def attempt(verb: Verb, job: Job, actor: User, origin: Origin) -> ActionResult:
    return ACTIONS[verb](actor=actor, job=job, origin=origin, seen=job.status)


@pytest.mark.parametrize("verb", sorted(ACTIONS))
@pytest.mark.parametrize("status", sorted(BRING))
def test_offered_verb_succeeds_and_any_other_is_refused_with_words(
    embedded: EmbeddedProcess,
    conductor: Conductor,
    operator: User,
    origin: Origin,
    status: str,
    verb: Verb,
) -> None:
    job = job_in(status, embedded, conductor, f"{status}-{verb}")
    result = attempt(verb, job, operator, origin)
    expected = Outcome.SUCCEEDED if verb in offers_in(status) else Outcome.REFUSED
    assert (result.outcome, kinds_of(result)) == (expected, ["intent", "outcome"])
    assert result.message
