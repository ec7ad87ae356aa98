"""Submit: what is judged is what is recorded is what is sent."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connections

from jobs import actions
from jobs.actions import ActionResult, InlineScore, ScorePath, StoredScore, SubmitSource
from jobs.actions.judges import CHECKS
from jobs.audit import Origin
from jobs.audit.models import Action
from jobs.conductor import wire
from jobs.errors import PodiumBusy, ScoreError
from jobs.live.models import Event
from jobs.registry.models import Conductor, Job, ScoreVersion
from jobs.registry.scores import sha256_of
from jobs.terms import JobOrigin, Outcome
from tests.actions.judges import busy_judges, places_taken
from tests.actions.records import intent_of, kinds_of, records
from tests.actions.scripted import (
    ScriptedConductor,
    answering,
    closing,
    closing_after_doing,
    score_text,
)
from tests.factories import make_user


class Desk:
    """Somebody with the submit form before them."""

    def __init__(self, conductor: Conductor, actor: User, origin: Origin) -> None:
        self.conductor, self.actor, self.origin = conductor, actor, origin

    def submit(self, source: SubmitSource | str, **wishes: Any) -> ActionResult:
        if isinstance(source, str):
            source = InlineScore(source)
        return async_to_sync(actions.submit)(
            actor=self.actor,
            origin=self.origin,
            source=source,
            conductor=self.conductor,
            **wishes,
        )

    def refused_at(self, source: SubmitSource | str, **wishes: Any) -> str:
        """The place of the one finding that keeps the submission back."""
        with pytest.raises(ScoreError) as caught:
            self.submit(source, **wishes)
        [error] = [f for f in caught.value.findings if f.severity == "error"]
        record = records().last()
        assert record is not None
        assert (record.kind, record.outcome) == ("refused", "refused")
        return str(error.path)


@pytest.fixture
def desk(conductor: Conductor, operator: User, origin: Origin) -> Desk:
    return Desk(conductor, operator, origin)


def test_accepted_score_becomes_a_run_of_the_submitter(
    desk: Desk, scripted: ScriptedConductor
) -> None:
    result = desk.submit(score_text("nightly"), reason="the usual")
    job = Job.objects.get()
    assert (result.outcome, result.message, result.job) == (Outcome.SUCCEEDED, "Job queued", job)
    assert (job.job_id, job.status, job.origin) == ("nightly", "running", JobOrigin.CONSOLE)
    assert (job.submitted_by, job.total_sheets) == (desk.actor, 3)
    assert job.submitted_at is not None


def test_records_prove_which_text_it_was_without_holding_it(desk: Desk) -> None:
    text = score_text("nightly", prompt={"template": "echo top-secret"})
    result = desk.submit(text)
    intent = intent_of(result)
    assert kinds_of(result) == ["intent", "outcome"]
    assert intent.arguments["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert "top-secret" not in str(intent.arguments)
    assert ScoreVersion.objects.get(pk=intent.arguments["score_version"]).text == text
    assert Action.objects.get(pk=result.id).job_pk == Job.objects.get().pk


def test_what_was_sent_is_a_private_file_of_this_submit_alone(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    result = desk.submit(score_text("nightly"))
    [params] = scripted.asked("job.submit")
    path = Path(params["config_path"])
    assert path == folders / "submissions" / result.action_id / "nightly.yaml"
    assert path.read_text() == score_text("nightly")
    assert path.stat().st_mode & 0o077 == 0


def test_second_submit_of_a_name_leaves_the_first_ones_file_alone(
    desk: Desk, scripted: ScriptedConductor
) -> None:
    desk.submit(score_text("nightly"))
    scripted.rows["nightly"]["status"] = "completed"
    desk.submit(score_text("nightly", description="another text"))
    first, second = (Path(params["config_path"]) for params in scripted.asked("job.submit"))
    assert first.read_text() == score_text("nightly")
    assert first != second
    assert Job.objects.filter(gone_reason="replaced").count() == 1


def test_same_text_is_kept_once_and_another_is_the_next_version(
    desk: Desk, scripted: ScriptedConductor
) -> None:
    for text in (score_text(), score_text(), score_text(description="new")):
        desk.submit(text)
        scripted.rows.clear()
    assert list(ScoreVersion.objects.values_list("number", flat=True)) == [2, 1]


def test_name_beats_the_scores_own(desk: Desk, scripted: ScriptedConductor) -> None:
    desk.submit(InlineScore(score_text("Not a job name!"), "weekly"))
    assert list(scripted.rows) == ["weekly"]


@pytest.mark.parametrize(
    "name",
    [
        "two words",
        "<b>bold</b>",
        'quo"ted',
        "nul\0",
        "line\nbreak",
        "x" * 500,
        "-dash",
        "é",
        "../up",
    ],
)
def test_name_that_no_job_may_have_is_a_finding(
    desk: Desk, scripted: ScriptedConductor, name: str
) -> None:
    assert desk.refused_at(InlineScore(score_text(), name)) == "name"
    assert scripted.requests == []


def test_score_whose_own_name_does_not_fit_asks_for_one(desk: Desk) -> None:
    assert desk.refused_at(score_text("Nightly <report>")) == "name"


def test_relative_workspace_is_sent_as_a_folder_below_the_first_root(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    desk.submit(score_text("nightly", workspace="./ws"))
    [params] = scripted.asked("job.submit")
    assert params["workspace"] == str(folders / "workspaces" / "nightly")


def test_workspace_of_the_request_beats_the_scores(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    wish = str(folders / "workspaces" / "elsewhere")
    desk.submit(score_text("nightly", workspace="/etc"), workspace=wish)
    assert scripted.asked("job.submit")[0]["workspace"] == wish


def test_workspace_outside_the_roots_is_a_finding(desk: Desk) -> None:
    assert desk.refused_at(score_text(workspace="/etc/podium")) == "workspace"


def test_start_sheet_is_sent_only_where_it_asks_for_something(
    desk: Desk, scripted: ScriptedConductor
) -> None:
    desk.submit(score_text("first"))
    desk.submit(score_text("second"), start_sheet=2)
    first, second = scripted.asked("job.submit")
    assert "start_sheet" not in first
    assert second["start_sheet"] == 2
    assert Job.objects.get(job_id="second").requested_start_sheet == 2


@pytest.mark.parametrize("start", [0, -1, 4, 10**12])
def test_start_sheet_that_is_not_there_is_a_finding(desk: Desk, start: int) -> None:
    assert desk.refused_at(score_text(), start_sheet=start) == "start_sheet"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0\x01\x02",
        "\ud800",
        "just words",
        "- a\n- list",
        "name: x\nflavour: y\nsheet: {size: 1, total_items: 1}\nprompt: {template: echo}",
        "x" * 2 * 1024 * 1024,
        "[" * 1_000 + "]" * 1_000,
        BOMB,
        "name: x\nsheet: {size: 1, total_items: 1000000}\nprompt: {template: echo}",
        "name: [unclosed",
        "name: !!python/object/apply:os.system [id]",
    ],
    ids=[
        *("empty", "binary", "surrogate", "words", "list", "unknown-key", "2MiB", "deep", "bomb"),
        *("million-sheets", "broken", "tag"),
    ],
)
def test_bad_score_is_answered_with_findings_and_leaves_one_record(
    desk: Desk, scripted: ScriptedConductor, text: str
) -> None:
    with pytest.raises(ScoreError) as caught:
        desk.submit(InlineScore(text, "bad"))
    assert any(finding.severity == "error" for finding in caught.value.findings)
    record = records().get()
    assert (record.outcome, record.job_id, scripted.requests) == ("refused", "", [])
    assert record.arguments["name"] == "bad"
    assert len(record.arguments["score_sha256"]) == 64


def test_submit_while_podium_is_busy_is_recorded_as_refused(
    desk: Desk, scripted: ScriptedConductor
) -> None:
    with busy_judges(), pytest.raises(PodiumBusy):
        desk.submit(score_text(), reason="tonight")
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("refused", "submit", "tonight")
    assert "Too many submits are under way" in record.message
    assert record.arguments["score_sha256"] == sha256_of(score_text())
    assert scripted.requests == []


def test_submits_that_are_tried_again_while_podium_is_busy_share_a_record(desk: Desk) -> None:
    with busy_judges():
        for text in (score_text("one"), score_text("one"), score_text("two")):
            with pytest.raises(PodiumBusy):
                desk.submit(text)
    told = [record.arguments["score_sha256"] for record in records()]
    assert sorted(told) == sorted(map(sha256_of, (score_text("one"), score_text("two"))))


def test_full_place_of_checks_holds_no_submit_back(desk: Desk) -> None:
    with places_taken(CHECKS, CHECKS.slots.most):
        assert desk.submit(score_text()).outcome is Outcome.SUCCEEDED


def test_path_is_sent_as_it_is_and_its_text_kept(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text("Whatever Name"))
    result = desk.submit(ScorePath(str(path)))
    assert scripted.asked("job.submit")[0]["config_path"] == str(path)
    assert intent_of(result).arguments["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ScoreVersion.objects.get().text == path.read_text()


def test_secret_in_an_unacceptable_score_is_not_in_the_record(desk: Desk) -> None:
    desk.refused_at(score_text(retry={"max_retries": "AKIAIOSFODNN7EXAMPLE"}))
    record = records().last()
    assert record is not None
    assert "whole number" in record.message
    assert "AKIAIOSFODNN7EXAMPLE" not in record.message


@pytest.mark.parametrize(
    "where", ["{scores}/absent.yaml", "/etc/passwd", "{scores}/../x.yaml", "x"]
)
def test_path_that_is_not_acceptable_is_a_finding(desk: Desk, folders: Path, where: str) -> None:
    path = where.format(scores=folders / "scores")
    assert desk.refused_at(ScorePath(path)) == "config_path"


def test_file_that_changes_during_the_submit_is_told(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text())

    def swapping(conductor: ScriptedConductor, request: Any) -> bytes:
        path.write_text(score_text(description="swapped"))
        return conductor.answer(request)

    scripted.manners["job.submit"] = swapping
    assert "not the text that was judged" in desk.submit(ScorePath(str(path))).message


def test_stored_score_is_submitted_again_by_its_id(desk: Desk, scripted: ScriptedConductor) -> None:
    desk.submit(score_text("nightly"))
    scripted.rows.clear()
    version = ScoreVersion.objects.get()
    desk.submit(StoredScore(version.score_id))
    assert Path(scripted.asked("job.submit")[1]["config_path"]).read_text() == version.text
    assert ScoreVersion.objects.count() == 1


def test_score_that_is_not_there_is_a_finding(desk: Desk) -> None:
    assert desk.refused_at(StoredScore(4_711)) == "score_id"


def test_rejection_shows_the_conductors_words_and_makes_no_job(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    words = "Workspace parent directory does not exist: /a/b. Create it."
    rejected = {"job_id": "nightly", "status": "rejected", "message": words}
    scripted.manners["job.submit"] = answering(rejected)
    result = desk.submit(score_text())
    assert (result.outcome, result.message, result.job) == (Outcome.REFUSED, words, None)
    assert Job.objects.count() == 0
    assert list((folders / "submissions").iterdir()) == []


def test_running_name_is_rejected_by_the_conductor(desk: Desk) -> None:
    desk.submit(score_text("nightly"))
    result = desk.submit(score_text("nightly"))
    assert result.outcome is Outcome.REFUSED
    assert "already running" in result.message


def test_conductor_that_is_down_means_failed(desk: Desk) -> None:
    desk.conductor.socket_path += ".gone"
    result = desk.submit(score_text())
    assert (result.outcome, kinds_of(result)) == (Outcome.FAILED, ["intent", "outcome"])


@pytest.mark.parametrize("manner", [closing, closing_after_doing])
def test_conductor_that_dies_before_its_answer_leaves_it_unknown(
    desk: Desk, scripted: ScriptedConductor, manner: Any
) -> None:
    scripted.manners["job.submit"] = manner
    result = desk.submit(score_text())
    assert (result.outcome, result.job) == (Outcome.UNKNOWN, None)
    [params] = scripted.asked("job.submit")
    assert Path(params["config_path"]).exists()  # it may have arrived, and is read on resume


def test_submissions_that_cannot_be_written_fail_before_the_call(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    (folders / "submissions").write_text("a file where a folder should be")
    result = desk.submit(score_text())
    assert result.outcome is Outcome.FAILED
    assert "could not be written" in result.message
    assert scripted.requests == []


def test_run_that_the_relay_met_first_becomes_the_submitters(
    desk: Desk, scripted: ScriptedConductor
) -> None:
    def met(conductor: ScriptedConductor, request: Any) -> bytes:
        answer = conductor.answer(request)
        job = Job(conductor=desk.conductor, job_id="nightly", status="running")
        job.config_path = request.params["config_path"]
        job.submitted_at = datetime.fromtimestamp(conductor.rows["nightly"]["submitted_at"], UTC)
        job.origin = JobOrigin.OUTSIDE
        job.save()
        connections.close_all()  # those of the scripted conductor's thread
        return answer

    scripted.manners["job.submit"] = met
    desk.submit(score_text("nightly"))
    job = Job.objects.get()
    assert (job.origin, job.submitted_by) == (JobOrigin.CONSOLE, desk.actor)


def test_viewer_is_denied_whatever_the_score(
    conductor: Conductor, viewer: User, origin: Origin, scripted: ScriptedConductor
) -> None:
    result = Desk(conductor, viewer, origin).submit("not even a score")
    assert (result.outcome, kinds_of(result)) == (Outcome.DENIED, ["denied"])
    assert scripted.requests == []


def test_nobody_sees_no_conductor_to_submit_to(conductor: Conductor, origin: Origin) -> None:
    result = Desk(conductor, make_user("nobody"), origin).submit(score_text())
    assert result.outcome is Outcome.DENIED


def test_submit_is_told_as_an_event(desk: Desk) -> None:
    desk.submit(score_text())
    assert "job.submitted" in Event.objects.values_list("event", flat=True)


def test_file_that_became_a_fifo_is_told_and_holds_nothing_up(
    desk: Desk, scripted: ScriptedConductor, folders: Path
) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text())

    def swapping(conductor: ScriptedConductor, request: wire.Request) -> bytes | None:
        said = conductor.answer(request)
        path.unlink()
        os.mkfifo(path)
        return said

    scripted.manners["job.submit"] = swapping
    result = desk.submit(ScorePath(str(path)))
    assert result.outcome is Outcome.SUCCEEDED
    assert "changed while it was submitted" in result.message
