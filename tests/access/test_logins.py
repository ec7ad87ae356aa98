"""Logins, failed ones and lockouts are in the audit log, and never stand in a login's way."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from jobs.access import login_turns
from jobs.audit.models import Action, AuditRecord
from jobs.errors import AuditUnavailable
from jobs.terms import Outcome, RecordKind
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = "Mozilla/5.0 (test)"


@pytest.fixture(autouse=True)
def _no_failures_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_turns, "_failed", {})
    monkeypatch.setattr(login_turns, "_known", {})


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


def test_guesses_at_once_are_not_let_past_the_limit(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    all_at_once = threading.Barrier(14, timeout=0.5)

    def check(_user: User, password: str) -> bool:
        checked.append(password)
        with suppress(threading.BrokenBarrierError):
            all_at_once.wait()
        return False

    def guess(number: int) -> int:
        try:
            return _login(Client(), password=f"guess {number}")
        finally:
            connection.close()

    monkeypatch.setattr(User, "check_password", check)
    monkeypatch.setattr(login_turns, "MAX_OF_ADDRESS", 14)
    with ThreadPoolExecutor(14) as people:
        answers = Counter(people.map(guess, range(14)))
    assert len(checked) == settings.AXES_FAILURE_LIMIT
    assert answers == {200: settings.AXES_FAILURE_LIMIT - 1, 429: 15 - settings.AXES_FAILURE_LIMIT}


def test_address_that_sends_many_logins_leaves_room_for_others(client: Client, ada: User) -> None:
    with ExitStack() as under_way:
        for _ in range(login_turns.MAX_OF_ADDRESS):
            under_way.enter_context(login_turns._place("bob", "127.0.0.1"))
        assert _login(client) == 429
        form = {"username": "ada", "password": PASSWORD}
        assert client.post("/login/", form, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_login_whose_turn_does_not_come_is_asked_to_wait(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_turns, "WAIT_S", 0.01)
    with login_turns.turn("ada", "192.0.2.1"):
        assert _login(client) == 429
    assert _login(client) == 302


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


def test_who_tries_one_name_after_the_other_is_held_up(client: Client, ada: User) -> None:
    most = login_turns.MAX_FAILED[0][0]
    answers = [_login(client, f"name-{number}") for number in range(most + 5)]
    assert answers == [200] * most + [429] * 5
    assert AuditRecord.objects.count() == most
    assert _login(client) == 429  # also with the right password: nothing is looked at


def test_who_logged_in_from_there_before_is_not_held_up(client: Client, ada: User) -> None:
    assert _login(client) == 302
    for _ in range(login_turns.MAX_FAILED[0][0]):
        login_turns.note_failure("127.0.0.1")
    assert _login(Client()) == 302
    assert _login(Client(), "somebody-else") == 429


@pytest.mark.parametrize(
    ("other", "is_held_up"),
    [("2001:db8:1:2::9", True), ("2001:db8:1:3::1", False), ("192.0.2.1", False), ("", False)],
)
def test_an_address_is_its_owners_network(other: str, *, is_held_up: bool) -> None:
    for number in range(login_turns.MAX_FAILED[0][0]):
        login_turns.note_failure(f"2001:db8:1:2::{number}")
        login_turns.note_failure("")
    with ExitStack() as stack:
        if is_held_up:
            stack.enter_context(pytest.raises(login_turns.TooManyAtOnce))
        stack.enter_context(login_turns.turn("ada", other))


def test_failures_are_counted_over_an_hour_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_turns, "MAX_FAILED", ((20, 0.0), (3, 3_600.0)))
    for _ in range(3):
        login_turns.note_failure("192.0.2.1")
    with pytest.raises(login_turns.TooManyAtOnce), login_turns.turn("ada", "192.0.2.1"):
        pass


def test_guessing_the_old_password_is_recorded_and_locks_out(client: Client, ada: User) -> None:
    client.force_login(ada)

    def change(old: str) -> int:
        new = {"new_password1": "Quite-l0ng-enough", "new_password2": "Quite-l0ng-enough"}
        return client.post("/password_change/", {"old_password": old, **new}).status_code

    answers = [change(f"guess {number}") for number in range(settings.AXES_FAILURE_LIMIT)]
    assert answers == [200] * (settings.AXES_FAILURE_LIMIT - 1) + [429]
    assert change(PASSWORD) == 429
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    records = AuditRecord.objects.filter(actor_id=ada.pk)
    assert (
        records.filter(verb="login", outcome=Outcome.FAILED).count() == settings.AXES_FAILURE_LIMIT
    )
    assert "old password" in records.filter(verb="login").latest("pk").message
    assert records.filter(verb="lockout").exists()


def test_password_is_changed_by_who_knows_the_old_one(client: Client, ada: User) -> None:
    client.force_login(ada)
    new = {"new_password1": "Quite-l0ng-enough", "new_password2": "Quite-l0ng-enough"}
    assert client.post("/password_change/", {"old_password": PASSWORD, **new}).status_code == 302
    ada.refresh_from_db()
    assert ada.check_password("Quite-l0ng-enough")
