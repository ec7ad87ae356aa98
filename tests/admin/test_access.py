"""Who may open which page."""

from __future__ import annotations

import pytest

from jobs.audit.models import Action
from jobs.registry.models import Job
from tests.admin.visitors import Visitor
from tests.factories import make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "/": "olga vera audra root",
    "/jobs/job/": "olga vera audra root",
    "/jobs/job/add/": "olga root",
    "/jobs/auditrecord/": "audra root",
    "/jobs/score/": "olga vera audra root",
    "/jobs/conductor/": "olga vera audra root",
    "/auth/user/": "root",
    "/auth/group/": "root",
    "/password_change/": "olga vera audra root",
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", ["olga", "vera", "audra", "root"])
def test_page_opens_for_those_who_may_and_no_one_else(
    request: pytest.FixtureRequest, path: str, name: str
) -> None:
    visitor: Visitor = request.getfixturevalue(name)
    assert visitor.get(path).status == (200 if name in PAGES[path].split() else 403)


@pytest.mark.parametrize("path", PAGES)
def test_page_leads_somebody_without_a_login_to_the_login_and_back(
    stranger: Visitor, path: str
) -> None:
    page = stranger.get(path)
    assert (page.status, page.url) == (302, f"/login/?next={path}")


def test_somebody_without_rights_is_told_so_at_the_login(nemo: Visitor) -> None:
    page = nemo.get("/", follow=True)
    assert "nemo , who has no right in this console yet" in page.text


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "clear"])
def test_viewer_may_not_even_open_a_confirmation(vera: Visitor, verb: str) -> None:
    assert vera.get(f"/jobs/job/{make_job().pk}/{verb}/").status == 403


def test_viewer_is_offered_no_verb(vera: Visitor) -> None:
    page = vera.get(f"/jobs/job/{make_job().pk}/change/")
    assert not [link for link in page.links() if "/pause/" in link or "/cancel/" in link]


def test_denied_click_is_answered_with_403_and_recorded(vera: Visitor, running: Job) -> None:
    page = vera.send(f"/jobs/job/{running.pk}/cancel/", reason="why not")
    assert page.status == 403
    assert Action.objects.filter(verb="cancel", outcome="denied", job_pk=running.pk).count() == 1


def test_reading_the_audit_log_without_the_right_is_recorded(olga: Visitor) -> None:
    olga.get("/jobs/auditrecord/")
    assert Action.objects.filter(verb="view_audit", outcome="denied").count() == 1


def test_navigation_holds_what_one_may_open(vera: Visitor, root: Visitor) -> None:
    assert "/jobs/job/add/" not in vera.get("/").links()
    assert {"/jobs/job/add/", "/jobs/auditrecord/", "/auth/user/"} <= set(root.get("/").links())


def test_job_that_one_may_not_see_is_not_there(olga: Visitor) -> None:
    olga_user = make_user("nobody")
    assert olga.get(f"/jobs/job/{olga_user.pk + 10_000}/change/").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/jobs/job/99999999999999999999/change/",
        "/jobs/score/99999999999999999999/change/",
        "/jobs/auditrecord/99999999999999999999/change/",
        "/jobs/conductor/99999999999999999999/change/",
        "/jobs/job/1/explode/",
        "/jobs/action/",
        "/nothing/",
    ],
)
def test_address_of_nothing_is_not_found(root: Visitor, path: str) -> None:
    assert root.get(path).status == 404


def test_stock_forms_cannot_add_change_or_delete_a_job(root: Visitor, running: Job) -> None:
    root.send(f"/jobs/job/{running.pk}/change/", status="completed")
    root.send(f"/jobs/job/{running.pk}/delete/", post="yes")
    running.refresh_from_db()
    assert running.status == "running"


def test_delete_selected_is_no_action_of_the_job_list(root: Visitor, running: Job) -> None:
    root.send("/jobs/job/", action="delete_selected", _selected_action=running.pk, index="0")
    assert Job.objects.filter(pk=running.pk).exists()


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/jobs/job/act/cancel/", "/jobs/job/"),
        ("/jobs/job/validate/", "/jobs/job/add/"),
    ],
)
def test_address_that_takes_only_a_form_leads_to_where_the_form_is(
    root: Visitor, path: str, leads_to: str
) -> None:
    assert root.get(path).url == leads_to


@pytest.mark.parametrize(("path", "status"), [("/nothing/", 404), ("/auth/user/", 403)])
def test_page_of_a_refusal_keeps_the_navigation(olga: Visitor, path: str, status: int) -> None:
    page = olga.get(path)
    assert page.status == status
    assert "/jobs/job/" in page.links()
