"""Every action in every status that a job can have, on the embedded conductor.

What is offered is what the conductor does, and what the conductor answers is what the API, the
page and the audit record say. The statuses that an embedded conductor never gives by itself are
written into its checkpoint, from which it starts like after a crash.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.actions import offers_in
from jobs.audit.models import AuditRecord
from jobs.live.recording import record_rows
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor, Job
from jobs.terms import KNOWN_JOB_STATUSES, RUN_VERBS, Verb
from tests.actions.records import records
from tests.admin.visitors import visitor_for
from tests.api.caller import Caller, Reply, caller_for
from tests.embedded.process import EmbeddedProcess, score
from tests.factories import make_conductor
from tests.services.folder import short_folder

STATUSES = sorted(KNOWN_JOB_STATUSES)
WRITTEN_IN = ("pending", "paused_at_chain")  # no job of an embedded conductor gets there

# How a conductor says no, by verb; {status} is the job's.
NO: dict[Verb, str | tuple[str, ...]] = {
    Verb.PAUSE: "is {status}, not running",
    Verb.RESUME: "is {status}, only PAUSED",
    Verb.CANCEL: "did not cancel the job and gave no reason. Podium sees that the job is now",
    Verb.CLEAR: "Only jobs that have ended can be cleared",
    Verb.MODIFY: "is {status}, cannot modify",
    Verb.RECOVER: ("is {status}, cannot recover", "None that failed passes its validations now"),
}
YES: dict[Verb, str | tuple[str, ...]] = {
    Verb.PAUSE: "Paused: no further sheet starts",
    Verb.RESUME: "Job resume queued",
    Verb.CANCEL: "Cancelled.",
    Verb.CLEAR: "Cleared from the conductor; its workspace stays.",
    Verb.MODIFY: ("Job resume queued", "Will resume with"),
    Verb.RECOVER: "Sheet 1 counts as completed now",
}
# What the job is afterwards, where that does not depend on when one looks.
AFTER = {Verb.PAUSE: "paused", Verb.CANCEL: "cancelled", Verb.RECOVER: "failed"}


def name_of(status: str, verb: Verb) -> str:
    return f"{status.replace('_', '-')}-{verb}"


def bring(conductor: EmbeddedProcess, status: str, verb: Verb) -> None:
    """A job in that status, as far as one can be brought into it."""
    name = name_of(status, verb)
    script = {"completed": "true", "failed": "true"}.get(status, "sleep 3600")
    check = {"type": "file_exists", "path": "{workspace}/made-by-hand"}
    validations = [check] if status == "failed" else []
    conductor.submit(name, score(script, workspace=f"ws-{name}", validations=validations))
    if status in {"paused", "cancelled", *WRITTEN_IN}:
        conductor.wait_for_sheet(name, 1, "in_progress", "dispatched")
        if status == "cancelled":
            conductor.call("job.cancel", job_id=name)
        else:
            assert conductor.call("job.pause", job_id=name, workspace="") == {"paused": True}


def write_into_checkpoint(conductor: EmbeddedProcess) -> None:
    """Give paused jobs the statuses that they are named after, while no conductor runs."""
    with sqlite3.connect(conductor.home / "conductor" / "state.db") as database:
        for run_id, stored in database.execute("SELECT run_id, record FROM run").fetchall():
            record = json.loads(stored)
            for status in WRITTEN_IN:
                if record["job_id"].startswith(status.replace("_", "-") + "-"):
                    record["status"] = status
            changed = json.dumps(record).encode()
            database.execute("UPDATE run SET record = ? WHERE run_id = ?", (changed, run_id))
    database.close()


@pytest.fixture(scope="module")
def wide() -> Iterator[EmbeddedProcess]:
    """A conductor with a job for every cell but those of `queued`."""
    options = ("--grace", "0", "--max-jobs", "100", "--max-sheets", "100")
    with short_folder() as folder, EmbeddedProcess(folder / "home", *options) as process:
        for status in WRITTEN_IN:
            for verb in RUN_VERBS:
                bring(process, status, verb)
        process.terminate()
        write_into_checkpoint(process)
        process.start()
        for status in STATUSES:
            if status not in {"queued", *WRITTEN_IN}:
                for verb in RUN_VERBS:
                    bring(process, status, verb)
        yield process


@pytest.fixture(scope="module")
def narrow() -> Iterator[EmbeddedProcess]:
    """A conductor with a place for one job, which is taken: all others are queued."""
    options = ("--grace", "0", "--max-jobs", "1")
    with short_folder() as folder, EmbeddedProcess(folder / "home", *options) as process:
        process.submit("first", score("sleep 3600"))
        process.wait_for("first", "running")
        for verb in RUN_VERBS:
            bring(process, "queued", verb)
        yield process


@pytest.fixture
def embedded(request: pytest.FixtureRequest, status: str) -> EmbeddedProcess:
    """The one on which a job of that status waits."""
    which = request.getfixturevalue("narrow" if status == "queued" else "wide")
    assert isinstance(which, EmbeddedProcess)
    return which


@pytest.fixture
def conductor(transactional_db: None, embedded: EmbeddedProcess, folders: Path) -> Conductor:
    return make_conductor(slug="main", socket_path=str(embedded.socket_path))


def job_in(status: str, verb: Verb, embedded: EmbeddedProcess, conductor: Conductor) -> Job:
    """The job of that cell, as the relay would know it."""
    name = name_of(status, verb)
    embedded.wait_for(name, status)
    if status == "running":
        embedded.wait_for_sheet(name, 1, "in_progress", "dispatched")
    at = timezone.now()
    record_rows(conductor, async_to_sync(client_for(conductor).list_jobs)(), at)
    job = Job.objects.get(conductor=conductor, job_id=name)
    assert job.status == status
    if verb is Verb.RECOVER:
        (Path(job.workspace) / "made-by-hand").touch()
    return job


def ask(caller: Caller, job: Job, verb: Verb) -> Reply:
    if verb is Verb.CLEAR:
        return caller.delete(f"/jobs/{job.pk}", reason="why not", seen=job.status)
    body = {"reason": "why not", "seen": job.status}
    if verb is Verb.MODIFY:
        body["score_content"] = score("true", name="another")
    return caller.post(f"/jobs/{job.pk}/{verb}", body)


def says(said: str, wanted: str | tuple[str, ...], status: str) -> bool:
    words = (wanted,) if isinstance(wanted, str) else wanted
    return any(some.format(status=status) in said for some in words)


@pytest.mark.parametrize("verb", RUN_VERBS)
@pytest.mark.parametrize("status", STATUSES)
def test_offer_answer_page_and_record_agree(
    embedded: EmbeddedProcess, conductor: Conductor, operator: User, status: str, verb: Verb
) -> None:
    job = job_in(status, verb, embedded, conductor)
    visitor, caller = visitor_for(operator), caller_for(operator)
    is_offered = verb in offers_in(status)

    assert visitor.get(f"/jobs/job/{job.pk}/change/").has(f"act-{verb}") == is_offered
    assert (verb in caller.get(f"/jobs/{job.pk}").json["offers"]) == is_offered

    reply = ask(caller, job, verb)
    message = reply.json["action"]["message"]
    assert (reply.status, reply.outcome) == ((200, "succeeded") if is_offered else (409, "refused"))
    assert says(message, YES[verb] if is_offered else NO[verb], status), message

    after = reply.json["job"]
    if is_offered and verb in AFTER:
        assert after["status"] == AFTER[verb]
    if not is_offered:
        assert after["status"] == status
    assert (after["gone_reason"] == "cleared") == (is_offered and verb is Verb.CLEAR)

    intent, outcome = records().filter(verb=verb)
    assert (intent.kind, intent.seen, intent.reason) == ("intent", status, "why not")
    assert (outcome.kind, outcome.outcome, outcome.message) == ("outcome", reply.outcome, message)
    assert AuditRecord.objects.filter(job_pk=job.pk, verb=verb).count() == 2

    page = visitor.get(f"/jobs/job/{job.pk}/change/")
    shown = Job.objects.get(pk=job.pk).status
    assert f'data-status="{shown}"' in page.html
    assert f'data-status="{reply.outcome}"' in page.html  # of the attempt, in the job's trail
