"""Logging in and out, and the pages of users and groups."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User

from jobs.audit.models import Action
from tests.admin.visitors import Visitor, visitor_for
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def log_in(visitor: Visitor, username: str, password: str = PASSWORD, to: str = "/") -> str:
    """Where the login leads."""
    visitor.get("/login/")
    return visitor.send("/login/", username=username, password=password, next=to, follow=True).text


def test_login_leads_where_one_came_from(stranger: Visitor) -> None:
    make_user("viewer", username="vera")
    assert "No job yet" in log_in(stranger, "vera", to="/jobs/job/")


def test_login_does_not_lead_elsewhere(stranger: Visitor) -> None:
    make_user("viewer", username="vera")
    stranger.get("/login/")
    page = stranger.send(
        "/login/", username="vera", password=PASSWORD, next="https://evil.example/"
    )
    assert page.url == "/"


def test_wrong_password_is_told_and_the_name_stays(stranger: Visitor) -> None:
    make_user("viewer", username="vera")
    stranger.get("/login/")
    page = stranger.send("/login/", username="vera", password="wrong")
    assert "correct username and password" in page.text
    assert page.all("input", name="username")[0]["value"] == "vera"


def test_staff_status_opens_no_door(stranger: Visitor) -> None:
    make_user("nobody", username="nemo", is_staff=True)
    assert "has no right in this console yet" in log_in(stranger, "nemo")


def test_too_many_wrong_passwords_lead_to_a_page_that_says_so(stranger: Visitor) -> None:
    make_user("viewer", username="vera")
    stranger.get("/login/")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        page = stranger.send("/login/", username="vera", password="wrong")
    assert page.status == 429
    assert page.has("lockout")


def test_logout_says_that_jobs_go_on(olga: Visitor) -> None:
    page = olga.send("/logout/")
    assert "You are logged out" in page.text
    assert olga.get("/").status == 302


def test_password_can_be_changed(olga: Visitor) -> None:
    page = olga.send(
        "/password_change/",
        follow=True,
        old_password=PASSWORD,
        new_password1="a much better one 7",
        new_password2="a much better one 7",
    )
    assert "Your password is changed" in page.text


def test_user_is_made_and_given_a_group(root: Visitor) -> None:
    root.send(
        "/auth/user/add/",
        username="new",
        usable_password="true",
        password1="a much better one 7",
        password2="a much better one 7",
    )
    user = User.objects.get(username="new")
    group = Group.objects.get(name="Operator")
    root.send(
        f"/auth/user/{user.pk}/change/",
        username="new",
        is_active="on",
        groups=[group.pk],
    )
    assert user.has_perm("jobs.submit_job")


def test_change_of_rights_is_in_the_audit_log(root: Visitor) -> None:
    user = make_user("nobody")
    group = Group.objects.get(name="Operator")
    root.send(
        f"/auth/user/{user.pk}/change/",
        username=user.username,
        is_active="on",
        groups=[group.pk],
    )
    action = Action.objects.filter(verb="change user").latest("pk")
    assert action.actor_name == "root"


def test_people_are_listed_with_their_groups(root: Visitor) -> None:
    make_user("auditor", username="audra")
    make_user("nobody", username="nemo")
    text = root.get("/auth/user/").text
    assert "Auditor" in text
    assert "none: may not enter" in text
    assert "Staff status" not in text


def test_app_pages_lead_to_where_the_work_is(root: Visitor) -> None:
    assert root.get("/auth/").url == "/auth/user/"
    assert root.get("/jobs/").url == "/"


def test_whoever_may_change_users_does_not_make_themselves_a_superuser() -> None:
    clerk = make_user("viewer", username="clerk")
    clerk.user_permissions.add(
        *Permission.objects.filter(codename__in=("view_user", "change_user", "delete_user"))
    )
    page = visitor_for(clerk).send(
        f"/auth/user/{clerk.pk}/change/", username="clerk", is_active="on", is_superuser="on"
    )
    clerk.refresh_from_db()
    assert (page.status, clerk.is_superuser) == (403, False)
    assert visitor_for(clerk).get("/auth/user/").status == 200


def test_added_person_is_announced_with_a_link_and_their_name_as_text() -> None:
    visitor = visitor_for(make_user("admin"))
    page = visitor.send(
        "/auth/user/add/",
        username="petra",
        password1="a-long-enough-one",
        password2="a-long-enough-one",
        usable_password="true",
        follow=True,
    )
    petra = User.objects.get(username="petra")
    assert "&lt;a href" not in page.html
    assert f"/auth/user/{petra.pk}/change/" in page.links()


def test_page_of_a_person_tells_of_the_password_only_that_there_is_one(root: Visitor) -> None:
    person = make_user("viewer", username="vera")
    page = root.get(f"/auth/user/{person.pk}/change/")
    assert "A password is set." in page.text
    assert "salt" not in page.html
    assert person.password.rsplit("$", 1)[-1][:6] not in page.html


def test_groups_are_chosen_by_boxes_and_kept(root: Visitor) -> None:
    person = make_user("viewer", username="vera")
    path = f"/auth/user/{person.pk}/change/"
    page = root.get(path)
    boxes = page.all("input", name="groups", type="checkbox")
    assert [box["value"] for box in boxes if "checked" in box] == [
        str(Group.objects.get(name="Viewer").pk)
    ]
    operator = str(Group.objects.get(name="Operator").pk)
    root.send(path, username="vera", is_active="on", groups=operator)
    assert [group.name for group in person.groups.all()] == ["Operator"]
