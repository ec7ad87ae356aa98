"""Every change of people, groups and rights is in the audit log, whichever way it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from jobs.audit.models import AuditRecord
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return make_user("viewer", username="ada")


def _noted() -> list[tuple[str, dict[str, Any]]]:
    """Verb and facts of all records, without who was changed."""
    records = AuditRecord.objects.order_by("n").values_list("verb", "arguments")
    subject = {"user", "user_id", "group", "group_id"}
    return [
        (verb, {key: value for key, value in facts.items() if key not in subject})
        for verb, facts in records
    ]


def test_new_user_is_noted_with_their_rights_and_without_their_password() -> None:
    User.objects.create_user("eve", password=PASSWORD, is_superuser=True)
    ((verb, facts),) = _noted()
    assert (verb, facts["username"], facts["is_superuser"]) == ("create user", "eve", True)
    assert PASSWORD not in str(facts)


def test_change_is_noted_with_what_was_before(ada: User) -> None:
    ada.is_superuser = True
    ada.save()
    assert _noted() == [("change user", {"is_superuser": {"from": False, "to": True}})]


def test_save_that_changes_nothing_is_not_noted(ada: User) -> None:
    ada.save()
    ada.save(update_fields=["last_login"])
    assert _noted() == []


def test_field_that_was_not_saved_is_not_noted(ada: User) -> None:
    ada.is_active = False
    ada.first_name = "Ada"
    ada.save(update_fields=["first_name"])
    assert _noted() == [("change user", {"first_name": {"from": "", "to": "Ada"}})]


def test_new_password_is_noted_without_any_of_it(ada: User) -> None:
    ada.set_password("another horse battery staple")
    ada.save()
    assert _noted() == [("change password", {})]


def test_password_that_is_only_hashed_anew_at_login_is_not_noted(
    client: Client, ada: User, settings: Settings
) -> None:
    hashers = "django.contrib.auth.hashers"
    settings.PASSWORD_HASHERS = [f"{hashers}.MD5PasswordHasher", f"{hashers}.PBKDF2PasswordHasher"]
    ada.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    User.objects.bulk_update([ada], ["password"])
    assert client.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    ada.refresh_from_db()
    assert ada.password.startswith("md5$")
    assert [verb for verb, _ in _noted()] == ["login"]


def test_removed_user_is_noted(ada: User) -> None:
    ada.delete()
    assert [verb for verb, _ in _noted()] == ["delete user"]


OPERATOR = {"added_groups": ["Operator"]}


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        (lambda user, group: user.groups.add(group), [OPERATOR]),
        (lambda user, group: group.user_set.add(user), [OPERATOR]),
        (lambda user, group: user.groups.remove(Group.objects.get(name="Viewer")), [
            {"removed_groups": ["Viewer"]}
        ]),
        (lambda user, group: user.groups.clear(), [{"removed_groups": ["Viewer"]}]),
        (lambda user, group: Group.objects.get(name="Viewer").user_set.clear(), [
            {"removed_groups": ["Viewer"]}
        ]),
        (lambda user, group: user.groups.set([group]), [
            {"removed_groups": ["Viewer"]},
            OPERATOR,
        ]),
        (lambda user, group: user.groups.add(Group.objects.get(name="Viewer")), []),
    ],
    ids=["add", "add from group", "remove", "clear", "clear from group", "set", "nothing new"],
)  # fmt: skip
def test_change_of_groups_is_noted_for_the_person(
    ada: User, change: Callable[[User, Group], None], facts: list[dict[str, Any]]
) -> None:
    change(ada, Group.objects.get(name="Operator"))
    assert _noted() == [("change user", fact) for fact in facts]


def test_change_of_a_person_s_own_rights_is_noted(ada: User) -> None:
    ada.user_permissions.add(Permission.objects.get(codename="clear_job"))
    assert _noted() == [("change user", {"added_rights": ["jobs.clear_job"]})]


def test_change_of_a_group_s_rights_is_noted(ada: User) -> None:
    group = Group.objects.get(name="Viewer")
    Permission.objects.get(codename="clear_job").group_set.add(group)
    group.permissions.remove(Permission.objects.get(codename="clear_job"))
    assert _noted() == [
        ("change group", {"added_rights": ["jobs.clear_job"]}),
        ("change group", {"removed_rights": ["jobs.clear_job"]}),
    ]


def test_life_of_a_group_is_noted() -> None:
    group = Group.objects.create(name="Night shift")
    group.name = "Day shift"
    group.save()
    group.delete()
    assert [verb for verb, _ in _noted()] == ["create group", "change group", "delete group"]


def test_change_that_was_rolled_back_is_not_noted(ada: User) -> None:
    def fail() -> None:
        with transaction.atomic():
            ada.groups.clear()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert _noted() == []


def test_change_in_a_transaction_is_noted_once_that_is_committed(ada: User) -> None:
    with transaction.atomic():
        ada.groups.clear()
        assert _noted() == []
    assert len(_noted()) == 1


def test_page_that_changes_a_user_is_noted_with_who_and_where(client: Client, ada: User) -> None:
    admin = make_user("admin", username="root")
    client.force_login(admin)
    form = {"username": "ada", "is_active": "on", "groups": [Group.objects.get(name="Auditor").pk]}
    answer = client.post(
        f"/auth/user/{ada.pk}/change/",
        form
        | {"email": "", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
        | {"last_login_0": "", "last_login_1": ""},
    )
    assert answer.status_code == 302
    records = AuditRecord.objects.filter(verb="change user")
    assert {record.actor_name for record in records} == {"root"}
    assert {record.path for record in records} == {f"/auth/user/{ada.pk}/change/"}
    assert {"added_groups", "removed_groups"} <= {key for r in records for key in r.arguments}


def test_command_that_makes_a_user_is_noted_as_a_command() -> None:
    call_command("createsuperuser", interactive=False, username="eve", email="e@example.org")
    record = AuditRecord.objects.get()
    assert (record.verb, record.channel, record.actor_id) == ("create user", "cli", None)


def test_groups_that_come_with_podium_are_no_change_by_somebody() -> None:
    Group.objects.filter(name="Viewer").delete()
    AuditRecord.objects.get(verb="delete group")
    call_command("migrate", verbosity=0)
    assert Group.objects.filter(name="Viewer").exists()
    assert AuditRecord.objects.count() == 1
