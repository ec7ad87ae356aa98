"""Saving, restoring and importing scores: each is recorded, and nobody's work is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User

from jobs import actions
from jobs.access import denials
from jobs.audit import Origin
from jobs.audit.models import AuditRecord
from jobs.errors import AccessDenied, AuditUnavailable, ScoreError
from jobs.management.score_texts import altered_texts
from jobs.registry import scores
from jobs.registry.models import Score, ScoreDraft, ScoreVersion
from tests.actions.scripted import score_text
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def save(operator: User, origin: Origin) -> Any:
    def call(text: str, name: str = "nightly", actor: User | None = None, **more: Any) -> Any:
        return async_to_sync(actions.save_version)(
            actor=actor or operator, origin=origin, name=name, text=text, **more
        )

    return call


@pytest.fixture
def draft(operator: User, origin: Origin) -> Any:
    def call(text: str, revision: int = 0, actor: User | None = None, **more: Any) -> Any:
        values: dict[str, Any] = {"name": "nightly", "based_on": 0} | more
        return async_to_sync(actions.save_draft)(
            actor=actor or operator, origin=origin, text=text, revision=revision, **values
        )

    return call


def test_saved_version_has_author_message_hash_and_record(save: Any) -> None:
    version = save("name: nightly\r\n", message="first")
    assert (version.number, version.author_name, version.how) == (1, "olga", "saved")
    assert version.text == "name: nightly\n"
    record = AuditRecord.objects.get(verb="save score")
    assert record.arguments["sha256"] == version.sha256 == scores.sha256_of(version.text)
    assert (record.arguments["version"], record.arguments["message"]) == (1, "first")
    assert record.message == "olga saved version 1 of score nightly."


def test_versions_are_counted_and_kept(save: Any) -> None:
    numbers = [save(text).number for text in ("a", "b", "a")]
    assert numbers == [1, 2, 3]
    assert list(ScoreVersion.objects.values_list("text", flat=True).order_by("number")) == [
        *("a", "b", "a")
    ]


def test_save_over_a_version_that_was_not_seen_is_refused_and_changes_nothing(save: Any) -> None:
    save("a", based_on=0)
    save("b", based_on=1)
    with pytest.raises(scores.Overtaken):
        save("c", based_on=1)
    assert ScoreVersion.objects.count() == 2


def test_save_that_is_sent_twice_is_one_version_and_no_refusal(save: Any) -> None:
    save("a", based_on=0)
    sent: dict[str, Any] = {"message": "why ", "based_on": 1, "draft": 0}
    first, second = (save("b\r\n", **sent) for _ in range(2))
    assert (second.pk, second.number) == (first.pk, 2)
    assert not AuditRecord.objects.filter(kind="refused").exists()
    assert AuditRecord.objects.filter(verb="save score").count() == 2


@pytest.mark.parametrize(
    "other", [{"text": "c"}, {"message": "another"}, {"name": "weekly"}, {"actor": "anna"}]
)
def test_save_that_differs_from_the_one_before_is_no_repeat_of_it(
    save: Any, other: dict[str, Any]
) -> None:
    anna = make_user("operator", username="anna")
    for name in ("nightly", "weekly"):
        save("a", name=name, based_on=0)
    save("x", name="weekly", based_on=1)
    save("b", message="why", based_on=1)
    sent = {"text": "b", "message": "why", "based_on": 1} | other
    if "actor" in other:
        sent["actor"] = anna
    with pytest.raises(scores.Overtaken):
        save(**sent)
    assert AuditRecord.objects.get(kind="refused").message.startswith("Somebody was faster")


def test_save_is_no_repeat_once_there_is_a_later_version(save: Any) -> None:
    for number, text in enumerate(("a", "b", "c")):
        save(text, based_on=number)
    with pytest.raises(scores.Overtaken):
        save("b", based_on=1)


def test_viewer_may_not_save_and_the_denial_is_recorded(save: Any, viewer: User) -> None:
    with pytest.raises(AccessDenied):
        save("a", actor=viewer)
    assert not Score.objects.exists()
    record = AuditRecord.objects.get(kind="denied")
    assert (record.verb, record.actor_name) == ("edit_score", "vera")


def test_denials_say_what_was_tried(
    save: Any, viewer: User, origin: Origin, operator: User
) -> None:
    version = save("a")
    with pytest.raises(AccessDenied):
        save("b", actor=viewer, draft=3)
    with pytest.raises(AccessDenied):
        async_to_sync(actions.restore_version)(
            actor=viewer, origin=origin, version=version, based_on=1
        )
    for path in ("/etc/passwd", "/proc/self/environ"):
        with pytest.raises(AccessDenied):
            async_to_sync(actions.import_version)(actor=viewer, origin=origin, path=path)
    found = AuditRecord.objects.filter(kind="denied", verb="edit_score").order_by("n")
    assert [record.arguments for record in found] == [
        {
            "asked_for": "save score",
            "score": "nightly",
            "sha256": scores.sha256_of("b"),
            "revision": 3,
        },
        {
            "asked_for": "restore score",
            "score": "nightly",
            "score_id": version.score_id,
            "version": 1,
            "sha256": version.sha256,
            "based_on": 1,
        },
        {"asked_for": "import score", "path": "/etc/passwd"},
        {"asked_for": "import score", "path": "/proc/self/environ"},
    ]


def test_refused_saves_and_imports_are_recorded(
    save: Any, draft: Any, operator: User, origin: Origin
) -> None:
    with pytest.raises(ScoreError):
        save("text", name="../x")
    with pytest.raises(ScoreError):
        draft("text", name="a b")
    with pytest.raises(ScoreError):
        async_to_sync(actions.import_version)(actor=operator, origin=origin, path="/etc/passwd")
    found = list(AuditRecord.objects.filter(kind="refused", outcome="refused").order_by("n"))
    assert [record.verb for record in found] == ["save score", "save draft", "import score"]
    assert found[0].arguments == {"score": "../x", "sha256": scores.sha256_of("text")}
    assert found[2].arguments == {"path": "/etc/passwd"}
    assert found[2].message.endswith("Nothing was kept.")


def test_saves_that_somebody_was_faster_than_are_recorded_as_refused(
    save: Any, draft: Any, operator: User, origin: Origin
) -> None:
    version = save("a", based_on=0)
    save("b", based_on=1)
    draft("theirs")
    who: dict[str, Any] = {"actor": operator, "origin": origin}
    asked: list[Any] = [
        lambda: save("c", based_on=1),
        lambda: async_to_sync(actions.restore_version)(**who, version=version, based_on=1),
        lambda: draft("mine"),
        lambda: async_to_sync(actions.discard_draft)(**who, score=version.score, revision=7),
    ]
    for ask in asked:
        with pytest.raises(scores.Overtaken):
            ask()
    found = list(AuditRecord.objects.filter(kind="refused", outcome="refused").order_by("n"))
    assert [one.verb for one in found] == [
        *("save score", "restore score", "save draft", "discard draft")
    ]
    assert found[0].arguments == {
        "score": "nightly",
        "sha256": scores.sha256_of("c"),
        "based_on": 1,
    }
    assert found[1].arguments["based_on"] == 1
    assert found[0].message.startswith("Somebody was faster")


def test_refused_saves_are_bounded(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denials, "OF_ONE", 3)
    save("a", based_on=0)
    for number in range(6):
        with pytest.raises(scores.Overtaken):
            save(f"text {number}", based_on=0)
    assert AuditRecord.objects.filter(kind="refused").count() == 4


def test_a_save_says_which_draft_it_replaced(save: Any, draft: Any) -> None:
    draft("one")
    save("two", draft=1)
    told = AuditRecord.objects.get(verb="save score").arguments["draft"]
    assert told == {"revision": 1, "sha256": scores.sha256_of("one")}


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 101, "\x00"])
def test_name_that_no_job_could_have_is_refused(save: Any, name: str) -> None:
    with pytest.raises(ScoreError):
        save("a", name=name)
    assert not Score.objects.exists()


@pytest.mark.parametrize("text", ["\x00", "\ud800", "x" * 1_048_577])
def test_text_that_cannot_be_kept_is_refused(save: Any, text: str) -> None:
    with pytest.raises(ScoreError):
        save(text)
    assert not Score.objects.exists()


def test_version_that_cannot_be_recorded_is_not_kept(
    save: Any, draft: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft("written")

    def full(_draft: object) -> None:
        raise AuditUnavailable("The disk is full.")

    monkeypatch.setattr("jobs.audit.notes.append", full)
    with pytest.raises(AuditUnavailable):
        save("a", draft=1)
    assert not ScoreVersion.objects.exists()
    assert ScoreDraft.objects.get().text == "written"


def test_saved_text_that_was_altered_with_its_hash_is_named(save: Any) -> None:
    version = save("a")
    assert list(altered_texts()) == []
    ScoreVersion.objects.update(text="b", sha256=scores.sha256_of("b"))
    [found] = altered_texts()
    assert found.version_pk == version.pk
    assert "is not what record 1 says was kept" in found.why


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        ({"author_name": "eve"}, "its author is not who record 1 says"),
        ({"author": None, "author_name": "eve"}, "its author is not who record 1 says"),
        ({"number": 7}, "it is not the version that record 1 says was kept"),
        ({"how": "submitted"}, "it is not the version that record 1 says was kept"),
    ],
)
def test_saved_version_that_says_otherwise_than_its_record_is_named(
    save: Any, altered: dict[str, Any], why: str
) -> None:
    save("a")
    ScoreVersion.objects.update(**altered)
    assert [one.why for one in altered_texts()] == [why]


def test_versions_of_people_who_are_gone_are_as_recorded(
    save: Any, operator: User, origin: Origin
) -> None:
    first = save("a")
    save("b")
    async_to_sync(actions.restore_version)(actor=operator, origin=origin, version=first, based_on=2)
    operator.delete()
    assert list(altered_texts()) == []


def test_restored_text_is_a_new_version_and_the_old_one_stays(
    save: Any, operator: User, origin: Origin
) -> None:
    first = save("a")
    save("b")
    third = async_to_sync(actions.restore_version)(
        actor=operator, origin=origin, version=first, based_on=2
    )
    assert (third.number, third.text, third.how) == (3, "a", "restored")
    assert third.message == "Version 1 again"
    assert AuditRecord.objects.get(verb="restore score").arguments["restored_version"] == 1
    with pytest.raises(scores.Overtaken):
        async_to_sync(actions.restore_version)(
            actor=operator, origin=origin, version=first, based_on=2
        )


def test_submit_of_a_restored_text_belongs_to_the_newest_version_of_it(
    save: Any, operator: User
) -> None:
    for text in ("a", "b", "a"):
        save(text)
    assert scores.kept_version("nightly", "a", operator).number == 3
    assert scores.kept_version("nightly", "b", operator).number == 2


def test_file_below_a_root_is_imported_under_its_own_name(
    operator: User, origin: Origin, folders: Path
) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text("other"))
    version = async_to_sync(actions.import_version)(actor=operator, origin=origin, path=str(path))
    assert (version.score.name, version.how) == ("weekly", "imported")
    assert version.text == path.read_text()
    assert AuditRecord.objects.get(verb="import score").arguments["path"] == str(path)


@pytest.mark.parametrize("path", ["/etc/passwd", "weekly.yaml", "/a/../b.yaml"])
def test_file_elsewhere_is_not_imported(
    operator: User, origin: Origin, folders: Path, path: str
) -> None:
    with pytest.raises(ScoreError):
        async_to_sync(actions.import_version)(actor=operator, origin=origin, path=path)
    assert not Score.objects.exists()


def test_draft_over_somebodys_newer_draft_is_refused(draft: Any) -> None:
    anna = make_user("operator", username="anna")
    first = draft("mine")
    assert draft("hers", 1, actor=anna).revision == 2
    with pytest.raises(scores.Overtaken):
        draft("mine again", first.revision)
    kept = ScoreDraft.objects.get()
    assert (kept.text, kept.author_name) == ("hers", "anna")
    with pytest.raises(scores.Overtaken):
        draft("from nothing", 0)


def test_version_takes_the_draft_it_was_written_in_with_it(save: Any, draft: Any) -> None:
    draft("a")
    with pytest.raises(scores.Overtaken):
        save("a", draft=7)
    save("a", based_on=0, draft=1)
    assert not ScoreDraft.objects.exists()


def test_discarded_draft_of_a_score_without_versions_leaves_nothing(
    draft: Any, operator: User, origin: Origin
) -> None:
    score = draft("a").score
    with pytest.raises(scores.Overtaken):
        async_to_sync(actions.discard_draft)(actor=operator, origin=origin, score=score, revision=9)
    async_to_sync(actions.discard_draft)(actor=operator, origin=origin, score=score, revision=1)
    assert not Score.objects.exists()
    note = AuditRecord.objects.get(verb="discard draft", kind="note")
    assert note.arguments["score"] == "nightly"


def test_editors_are_known_while_they_are_heard(save: Any, operator: User) -> None:
    score = save("a").score
    anna = make_user("operator", username="anna")
    scores.note_editing(score, operator)
    scores.note_editing(score, anna)
    scores.note_editing(score, anna)
    assert scores.editing_now(score) == ["anna", "olga"]
    assert scores.editing_now(score, but=operator) == ["anna"]
    scores.note_left(score, anna)
    assert scores.editing_now(score) == ["olga"]
    score.editing.update(seen_at="2026-01-01T00:00:00Z")
    assert scores.editing_now(score) == []


def test_operators_that_were_there_before_got_the_right() -> None:
    import importlib

    from django.apps import apps
    from django.db import connection

    migration = importlib.import_module("jobs.migrations.0005_operators_edit_scores")
    group = Group.objects.get(name="Operator")
    rights = group.permissions.through.objects.filter(group=group)
    rights.filter(permission__codename="edit_score").delete()
    with connection.schema_editor() as editor:
        migration.give(apps, editor)
    assert group.permissions.filter(codename="edit_score").exists()


@pytest.mark.parametrize("how", ["draft", "version", "discard"])
def test_draft_of_somebody_else_that_is_lost_is_named_in_the_record(
    save: Any, draft: Any, operator: User, origin: Origin, how: str
) -> None:
    hers = draft("hers\n", actor=make_user("operator", username="anna"))
    if how == "draft":
        draft("mine\n", revision=1)
    elif how == "version":
        save("mine\n", based_on=0, draft=1)
    else:
        async_to_sync(actions.discard_draft)(
            actor=operator, origin=origin, score=hers.score, revision=1
        )
    verb = {"draft": "save draft", "version": "save score", "discard": "discard draft"}[how]
    told = AuditRecord.objects.get(verb=verb, actor_name="olga").arguments
    assert told["discarded" if how == "discard" else "overwritten"] == {
        "author": "anna",
        "revision": 1,
        "sha256": scores.sha256_of("hers\n"),
        "bytes": 5,
    }


def test_one_s_own_draft_is_saved_again_without_a_word_of_it(draft: Any) -> None:
    draft("first")
    draft("second", revision=1)
    records = AuditRecord.objects.filter(verb="save draft")
    assert all("overwritten" not in record.arguments for record in records)
