"""Logins, failed ones and lockouts are in the audit log, and never stand in a login's way."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from jobs.audit.models import Action, AuditRecord
from jobs.errors import AuditUnavailable
from jobs.terms import Outcome, RecordKind
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = "Mozilla/5.0 (test)"


@pytest.fixture
def ada() -> User:
    return make_user("operator", username="ada")


def _login(client: Client, username: str = "ada", password: str = PASSWORD) -> int:
    form = {"username": username, "password": password}
    return client.post("/login/", form, HTTP_USER_AGENT=AGENT).status_code


def test_login_is_recorded_with_where_it_came_from(client: Client, ada: User) -> None:
    assert _login(client) == 302
    record = AuditRecord.objects.get()
    assert (record.kind, record.verb, record.actor_id, record.outcome) == (
        RecordKind.NOTE,
        "login",
        ada.pk,
        Outcome.SUCCEEDED,
    )
    assert (record.ip, record.user_agent, record.path) == ("127.0.0.1", AGENT, "/login/")


def test_login_is_a_line_of_the_audit_list(client: Client, ada: User) -> None:
    _login(client)
    assert Action.objects.get().message == "ada logged in."


def test_logout_is_recorded(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.post("/logout/")
    assert AuditRecord.objects.get(verb="logout").actor_name == "ada"


def test_wrong_password_is_recorded_under_the_name_that_was_tried(
    client: Client, ada: User
) -> None:
    _login(client, password="wrong")
    record = AuditRecord.objects.get()
    assert (record.verb, record.actor_name, record.outcome) == ("login", "ada", Outcome.FAILED)


def test_no_password_is_kept(client: Client, ada: User) -> None:
    _login(client, password="hunter2-hunter2")
    _login(client, username="hunter2-hunter2", password="x")
    assert "hunter2" not in str(list(AuditRecord.objects.values()))
    assert AuditRecord.objects.filter(actor_name="(no such user)").count() == 1


def test_lockout_is_recorded_once_and_what_follows_is_not(client: Client, ada: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT + 5):
        _login(client, password="wrong")
    assert AuditRecord.objects.filter(verb="lockout", outcome=Outcome.DENIED).count() == 1
    assert AuditRecord.objects.filter(verb="login").count() == settings.AXES_FAILURE_LIMIT


def test_right_password_does_not_help_during_a_lockout(client: Client, ada: User) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        _login(client, password="wrong")
    assert _login(client) != 302
    assert not AuditRecord.objects.filter(outcome=Outcome.SUCCEEDED).exists()


@pytest.mark.parametrize("username", ["%00", "a" * 100_000, "<script>", "", "%ED%A0%80", "%FF"])
def test_hostile_user_name_is_refused_and_recorded_as_nobody(client: Client, username: str) -> None:
    body = f"username={username}&password=x"
    answer = client.post("/login/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert set(AuditRecord.objects.values_list("actor_name", flat=True)) <= {"(no such user)"}


def test_login_goes_on_when_it_cannot_be_recorded_and_the_log_says_so(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr("jobs.audit.notes.append", refuse)
    with caplog.at_level(logging.ERROR):
        assert _login(client) == 302
    assert "AUDIT NOTE LOST" in caplog.text
    assert "ada logged in." in caplog.text
