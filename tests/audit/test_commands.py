"""`manage.py audit`: what it prints, and its exit codes."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from jobs import audit
from jobs.audit import triggers
from jobs.audit.models import Action, AuditRecord
from jobs.audit.projection import ActionRow
from jobs.management.commands.audit import BROKEN, LISTS_DIFFER, SCORES_DIFFER
from jobs.registry.models import Job, Score, ScoreVersion
from jobs.terms import Outcome
from tests.audit.drafts import make_draft
from tests.factories import make_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hashes() -> list[str]:
    return [audit.append(make_draft(actor_name=name)).hash for name in ("ada", "bob", "ada")]


def _refusal(*arguments: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("audit", *arguments)
    return caught.value


def test_verify_prints_the_head(hashes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "verify")
    assert capsys.readouterr().out.splitlines()[:2] == [
        "3 records of chain main are proven.",
        f"head 3 {hashes[-1]}",
    ]


def test_verify_says_when_no_kept_head_was_compared(
    hashes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit", "verify")
    assert "No kept head was compared" in capsys.readouterr().out
    call_command("audit", "verify", "--expect-head", hashes[0])
    assert "No kept head" not in capsys.readouterr().out


def test_verify_of_an_empty_log_proves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "verify")
    assert "nothing is proven" in capsys.readouterr().out


def test_verify_warns_where_a_trigger_is_gone(
    hashes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    on_table = f" ON {triggers.TABLE}" if connection.vendor == "postgresql" else ""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER audit_no_update{on_table}")
        call_command("audit", "verify")
    finally:
        triggers.create(connection)
    assert "WARNING" in (told := capsys.readouterr().err)
    assert "audit_no_update" in told


def test_verify_names_the_first_broken_record(hashes: list[str]) -> None:
    with triggers.lifted(connection):
        AuditRecord.objects.filter(n__gte=2).update(reason="forged")
    error = _refusal("verify")
    assert error.returncode == BROKEN
    assert str(error).startswith("BROKEN at record 2 of chain main (row 2): its content")


def test_verify_misses_a_head_that_was_kept(hashes: list[str]) -> None:
    call_command("audit", "verify", "--expect-head", hashes[1].upper())
    with triggers.lifted(connection):
        AuditRecord.objects.filter(n=3).delete()
    assert _refusal("verify", "--expect-head", hashes[2]).returncode == BROKEN


def test_verify_says_when_only_the_lists_differ(hashes: list[str]) -> None:
    Action.objects.filter(pk=1).update(outcome=Outcome.SUCCEEDED)
    Action.objects.update(outcome=Outcome.SUCCEEDED)
    assert _refusal("verify").returncode == LISTS_DIFFER
    call_command("audit", "rebuild")
    call_command("audit", "verify")


def test_verify_names_the_attempts_and_fields_that_differ(hashes: list[str]) -> None:
    action = Action.objects.order_by("pk").first()
    assert action is not None
    Action.objects.filter(pk=action.pk).update(outcome=Outcome.SUCCEEDED, message="forged")
    words = f"attempt {action.pk} ({action.action_id}) was shown with another outcome, message"
    assert words in str(_refusal("verify"))


_UNREADABLE = (
    ("action_id", "'zz'"),
    ("action_id", "x'ff'"),
    ("started_at", "'never'"),
    ("started_at", "x'ff'"),
    ("deadline_at", "'2026-99-99 00:00:00'"),
    ("actor_id", "'abc'"),
    ("duration_us", "'long'"),
    ("message", "x'ff'"),
    ("verb", "CAST(x'ff41' AS text)"),
)


@pytest.mark.vendor("sqlite")
@pytest.mark.parametrize(("column", "value"), _UNREADABLE)
def test_row_that_cannot_be_read_is_no_broken_chain(
    hashes: list[str], column: str, value: str
) -> None:
    second = Action.objects.order_by("pk")[1]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE jobs_action SET {column} = {value} WHERE id = {second.pk}")
    error = _refusal("verify")
    assert error.returncode == LISTS_DIFFER
    assert f"attempt {second.pk} " in str(error)
    assert column in str(error) or "without saying which attempt it is" in str(error)
    call_command("audit", "rebuild")
    call_command("audit", "verify")
    made = Action.objects.get(action_id=second.action_id)
    assert (made.actor_name, made.started_at) == (second.actor_name, second.started_at)


def test_row_with_a_number_below_all_others_is_seen(hashes: list[str]) -> None:
    row = Action.objects.order_by("pk").values().first()
    assert row is not None
    Action.objects.create(**{**row, "id": -5, "action_id": make_draft().action_id})
    assert "attempt -5" in str(_refusal("verify"))


@pytest.mark.vendor("sqlite")
def test_row_of_the_same_attempt_in_another_spelling_is_seen(hashes: list[str]) -> None:
    first = Action.objects.order_by("pk")[0]
    columns = ", ".join(name for name in ActionRow._fields if name != "action_id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO jobs_action (action_id, {columns}) "
            f"SELECT '{first.action_id}', {columns} FROM jobs_action WHERE id = {first.pk}"
        )
    assert _refusal("verify").returncode == LISTS_DIFFER
    call_command("audit", "rebuild")
    call_command("audit", "verify")
    assert Action.objects.filter(actor_name="ada").count() == 2


def test_verify_names_twenty_attempts_and_counts_the_others() -> None:
    for _ in range(22):
        audit.append(make_draft())
    Action.objects.all().delete()
    message = str(_refusal("verify"))
    assert message.count("was not shown") == 20
    assert "and 2 more" in message


@pytest.mark.parametrize("command", ["verify", "rebuild"])
def test_attempts_without_records_point_to_a_cut_off_end(
    hashes: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with triggers.lifted(connection):
        AuditRecord.objects.filter(n=3).delete()
    if command == "verify":
        said = str(_refusal("verify"))
    else:
        call_command("audit", "rebuild")
        said = capsys.readouterr().out
    assert "records may have been cut off the end" in said
    assert "--expect-head" in said


@pytest.fixture
def version() -> ScoreVersion:
    """A score's text, submitted once."""
    text = "name: grüße\r\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    score = Score.objects.create(name="nightly")
    version = ScoreVersion.objects.create(
        score=score, number=1, sha256=digest, text=text, author_name="ada"
    )
    arguments = {"score_version": version.pk, "sha256": digest}
    audit.append(make_draft(verb="submit", actor_name="ada", arguments=arguments))
    return version


def test_score_text_that_was_altered_is_named(version: ScoreVersion) -> None:
    call_command("audit", "verify")
    ScoreVersion.objects.update(text="name: other\n")
    error = _refusal("verify")
    assert error.returncode == SCORES_DIFFER
    assert f"score version {version.pk} (nightly v1): its text does not have its own" in str(error)


def test_score_text_that_was_altered_with_its_hash_is_not_what_was_submitted(
    version: ScoreVersion,
) -> None:
    other = "name: other\n"
    ScoreVersion.objects.update(text=other, sha256=hashlib.sha256(other.encode()).hexdigest())
    assert "its text is not what record 1 says was submitted" in str(_refusal("verify"))


def test_score_text_that_is_gone_is_missed(version: ScoreVersion) -> None:
    pk = version.pk
    version.delete()
    assert f"score version {pk}: it is gone" in str(_refusal("verify"))


def test_author_who_did_not_submit_the_text_is_named(version: ScoreVersion) -> None:
    ScoreVersion.objects.update(author_name="eve")
    error = _refusal("verify")
    assert error.returncode == SCORES_DIFFER
    assert "(nightly v1): no record says that 'eve' submitted it" in str(error)


def test_author_among_several_who_submitted_the_text_is_right(version: ScoreVersion) -> None:
    arguments = {"score_version": version.pk, "sha256": version.sha256}
    audit.append(make_draft(verb="submit", actor_name="bob", arguments=arguments))
    call_command("audit", "verify")


@pytest.mark.parametrize("how", ["saved", "imported", "restored"])
def test_version_that_nobody_is_recorded_to_have_kept_is_named(
    version: ScoreVersion, how: str
) -> None:
    fields = {"number": 2, "sha256": version.sha256, "text": version.text, "how": how}
    put_in = ScoreVersion.objects.create(score=version.score, author_name="ada", **fields)
    words = f"score version {put_in.pk} (nightly v2): no record says that it was {how}"
    assert words in str(_refusal("verify"))


def _submitted(version: ScoreVersion, job: Job) -> None:
    arguments = {"score_version": version.pk, "sha256": version.sha256}
    audit.append(make_draft(verb="submit", actor_name="ada", job_pk=job.pk, arguments=arguments))


def test_run_with_a_score_that_no_record_gave_it_is_named(version: ScoreVersion) -> None:
    fields = {"number": 2, "sha256": version.sha256, "text": version.text, "author_name": "ada"}
    other = ScoreVersion.objects.create(score=version.score, **fields)
    job = make_job(score_version=version)
    _submitted(version, job)
    call_command("audit", "verify")
    Job.objects.update(score_version=other)
    error = _refusal("verify")
    assert error.returncode == SCORES_DIFFER
    words = f"job {job.pk} ({job.job_id}): no record gave it score version {other.pk}"
    assert words in str(error)


def test_run_of_a_submit_that_is_not_concluded_is_no_trouble(version: ScoreVersion) -> None:
    job = make_job(score_version=version)
    audit.append(
        make_draft(
            verb="submit",
            actor_name="ada",
            conductor=job.conductor.slug,
            job_id=job.job_id,
            arguments={"score_version": version.pk, "sha256": version.sha256},
        )
    )
    call_command("audit", "verify")


def test_rebuild_does_not_believe_a_broken_chain(hashes: list[str]) -> None:
    with triggers.lifted(connection):
        AuditRecord.objects.filter(n=2).update(reason="forged")
    assert _refusal("rebuild").returncode == BROKEN


def test_export_gives_every_record_and_counts_them(
    hashes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit", "export")
    head, *records, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert head["is_whole"] is True
    assert [record["hash"] for record in records][:3] == hashes
    assert end == {"podium_audit_export_end": {"records": 4}}  # the export is recorded too


def test_export_takes_filters(hashes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "export", "--actor", "ada", "--since", "2026-01-01", "--verb", "pause")
    head, *records, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert [record["n"] for record in records] == [1, 3]
    assert (head["is_whole"], head["filters"]["since"]) == (False, "2026-01-01T00:00:00+00:00")


def test_export_takes_the_way_in_and_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    audit.append(make_draft(job_pk=7))
    audit.append(make_draft(job_pk=8))
    channel = AuditRecord.objects.values_list("channel", flat=True)[0]
    call_command("audit", "export", "--job", "8", "--channel", channel)
    _, *records, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert [record["job_pk"] for record in records] == [8]


@pytest.mark.parametrize("name", ["outcome", "channel", "job"])
def test_export_refuses_what_cannot_be(name: str) -> None:
    assert f"--{name}" in str(_refusal("export", f"--{name}", "garbage"))


def test_export_to_a_file_is_private(hashes: list[str], tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    call_command("audit", "export", "--output", str(file))
    assert len(file.read_text().splitlines()) == 6
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_export_in_pages_is_the_same(hashes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(audit.export())[1:]
    monkeypatch.setattr("jobs.audit.exporting._PAGE", 2)
    assert list(audit.export())[1:] == whole


def test_time_that_is_none_is_refused() -> None:
    assert "--since" in str(_refusal("export", "--since", "yesterday"))
