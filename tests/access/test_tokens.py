"""Bearer tokens: shown once, kept as a hash, recorded, and worth nothing once revoked."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, transaction
from django.utils import timezone

from jobs.access import tokens
from jobs.access.models import ApiToken
from jobs.access.tokens import TokenError
from jobs.audit.models import AuditRecord
from jobs.errors import AuditUnavailable, InsideTransaction
from tests.audit.holding import held_database
from tests.factories import make_token, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return make_user("operator", username="ada")


def test_token_is_stored_as_a_hash_alone(ada: User) -> None:
    token, plain = tokens.create(ada, "ci")
    row = ApiToken.objects.values().get(pk=token.pk)
    assert row["token_sha256"] == hashlib.sha256(plain.encode()).hexdigest()
    assert not any(plain[12:] in str(value) for value in row.values())


def test_token_s_text_is_in_no_record(ada: User) -> None:
    _, plain = tokens.create(ada, "ci")
    record = AuditRecord.objects.get(verb="create token")
    assert plain[12:] not in str(record.__dict__)
    assert record.arguments["name"] == "ci"


def test_token_leads_to_its_user(ada: User) -> None:
    token, plain = tokens.create(ada, "ci")
    assert tokens.authenticate(f"Bearer {plain}") == (ada, token)
    assert tokens.authenticate(f"bearer  {plain} ") == (ada, token)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic {plain}",
        "{plain}",
        "Bearer {plain}x",
        "Bearer x{plain}",
        "Bearer {plain} {plain}",
        "Bearer podium_" + "a" * 43,
        "Bearer podium_" + "é" * 43,
        "Bearer \x00",
        "Bearer " + "a" * 1_000_000,
    ],
)
def test_anything_else_leads_to_nobody(ada: User, header: str | None) -> None:
    _, plain = make_token(ada)
    assert tokens.authenticate(header and header.replace("{plain}", plain)) is None


def test_revoked_token_leads_to_nobody(ada: User) -> None:
    token, plain = tokens.create(ada, "ci")
    assert tokens.revoke(token)
    assert tokens.authenticate(f"Bearer {plain}") is None
    assert AuditRecord.objects.filter(verb="revoke token").count() == 1


def test_token_that_was_revoked_before_is_not_recorded_again(ada: User) -> None:
    token, _ = make_token(ada)
    assert [tokens.revoke(token), tokens.revoke(token)] == [True, False]
    assert AuditRecord.objects.count() == 1


def test_token_of_an_inactive_user_leads_to_nobody(ada: User) -> None:
    _, plain = make_token(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert tokens.authenticate(f"Bearer {plain}") is None


def test_inactive_user_gets_no_token(ada: User) -> None:
    ada.is_active = False
    with pytest.raises(TokenError, match="not active"):
        tokens.create(ada, "ci")


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "a\x1b[31m", "\u202e"])
def test_name_that_would_mislead_is_refused(ada: User, name: str) -> None:
    with pytest.raises(TokenError, match="printable"):
        tokens.create(ada, name)


def test_token_is_neither_made_nor_revoked_inside_a_transaction(ada: User) -> None:
    token, _ = make_token(ada)
    with transaction.atomic():
        with pytest.raises(InsideTransaction):
            tokens.create(ada, "ci")
        with pytest.raises(InsideTransaction):
            tokens.revoke(token)
    assert list(ApiToken.objects.values_list("revoked_at")) == [(None,)]


def test_name_is_used_once_per_user(ada: User) -> None:
    tokens.create(ada, "ci")
    with pytest.raises(TokenError, match="already"):
        tokens.create(ada, "ci")
    tokens.create(make_user(), "ci")


def test_token_that_cannot_be_recorded_does_not_come_to_be(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr("jobs.audit.notes.append", refuse)
    with pytest.raises(AuditUnavailable):
        tokens.create(ada, "ci")
    assert not ApiToken.objects.exists()


@pytest.mark.usefixtures("short_waits")
def test_token_is_revoked_even_if_that_cannot_be_recorded(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, plain = make_token(ada)

    def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr("jobs.audit.notes.append", refuse)
    with pytest.raises(AuditUnavailable):
        tokens.revoke(token)
    assert tokens.authenticate(f"Bearer {plain}") is None


def test_use_is_noted_to_the_minute(ada: User) -> None:
    token, plain = make_token(ada)
    tokens.authenticate(f"Bearer {plain}")
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    tokens.authenticate(f"Bearer {plain}")
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    tokens.authenticate(f"Bearer {plain}")
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at > first


def test_busy_database_locks_no_token_out(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token, plain = make_token(ada)

    def busy(*_: object, **__: object) -> int:
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.db.models.query.QuerySet.update", busy)
    assert tokens.authenticate(f"Bearer {plain}") == (ada, token)


def test_command_prints_the_token_alone_on_its_last_line(
    ada: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("token", "create", "ada", "--name", "ci")
    last = capsys.readouterr().out.splitlines()[-1]
    assert tokens.authenticate(f"Bearer {last}") is not None


def test_command_lists_and_revokes(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    _, plain = make_token(ada, "ci")
    call_command("token", "list")
    shown = capsys.readouterr().out
    assert "ada  ci" in shown
    assert plain not in shown
    call_command("token", "revoke", "ada", "--name", "ci")
    assert tokens.authenticate(f"Bearer {plain}") is None
    call_command("token", "list", "ada")
    assert "revoked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "eve", "--name", "ci"], "no user 'eve'"),
        (["revoke", "ada", "--name", "none"], "no token of the name 'none'"),
        (["list", "eve"], "no user 'eve'"),
    ],
)
def test_command_says_what_is_wrong(ada: User, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("token", *arguments)


@pytest.mark.usefixtures("short_waits")
def test_command_makes_no_token_while_nothing_can_be_recorded(ada: User) -> None:
    with held_database(), pytest.raises((CommandError, OperationalError)):
        call_command("token", "create", "ada", "--name", "ci")
    assert not ApiToken.objects.exists()
