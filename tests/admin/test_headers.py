"""What stands around every page: the policy, the cache, no inline code."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from tests.admin.visitors import Visitor
from tests.factories import make_conductor, make_job, make_sheet, make_user

pytestmark = pytest.mark.django_db(transaction=True)

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)", re.I)


def addresses() -> list[str]:
    """One of every page."""
    job = make_job(conductor=make_conductor(is_reachable=False, unreachable_message="gone"))
    make_sheet(job, 1, status="failed", stderr_tail="no", exit_code=1)
    user = make_user("viewer")
    return [
        "/",
        "/jobs/job/",
        "/jobs/job/?state=failed&q=x",
        "/jobs/job/add/",
        "/jobs/job/add/?sample=hello",
        f"/jobs/job/{job.pk}/change/",
        f"/jobs/job/{job.pk}/sheets/1/",
        f"/jobs/job/{job.pk}/files/",
        f"/jobs/job/{job.pk}/score/",
        f"/jobs/job/compare/?b={job.pk}",
        f"/jobs/job/{job.pk}/cancel/",
        "/jobs/auditrecord/",
        "/jobs/auditrecord/?within=24h",
        "/jobs/score/",
        "/jobs/conductor/",
        f"/jobs/conductor/{job.conductor_id}/change/",
        "/auth/user/",
        "/auth/user/add/",
        f"/auth/user/{user.pk}/change/",
        f"/auth/user/{user.pk}/password/",
        f"/auth/user/{user.pk}/delete/",
        f"/auth/user/{user.pk}/history/",
        f"/auth/group/{Group.objects.latest('pk').pk}/change/",
        "/password_change/",
        "/nothing/",
    ]


def test_no_page_has_code_or_style_of_its_own(root: Visitor) -> None:
    found = {path: INLINE.findall(root.get(path).html) for path in addresses()}
    assert {path: hits for path, hits in found.items() if hits} == {}


def test_every_page_comes_with_the_strict_policy(root: Visitor) -> None:
    policies = {root.get(path).headers["Content-Security-Policy"] for path in addresses()}
    assert len(policies) == 1
    policy = policies.pop()
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_no_page_is_kept_by_a_cache(root: Visitor) -> None:
    kept = [
        path
        for path in (*addresses(), "/jobs/job/999/change/", "/password_change/done/")
        if "no-store" not in root.get(path).headers.get("Cache-Control", "")
    ]
    assert kept == []


def test_no_refusal_is_kept_by_a_cache(vera: Visitor) -> None:
    page = vera.get("/jobs/job/add/")
    assert page.status == 403
    assert "no-store" in page.headers["Cache-Control"]


def test_no_form_without_a_token_is_kept_by_a_cache(transactional_db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/login/")
    assert response.status_code == 403
    assert "no-store" in response["Cache-Control"]


def test_every_page_has_one_first_heading_and_a_way_past_the_navigation(root: Visitor) -> None:
    for path in addresses():
        page = root.get(path)
        assert len(page.all("h1")) == 1, path
        assert page.all("a", href="#content-start", class_="skip-link"), path


def test_login_page_works_without_a_login_and_under_the_policy(stranger: Visitor) -> None:
    page = stranger.get("/login/")
    assert page.status == 200
    assert not INLINE.findall(page.html)
    assert "unsafe" not in page.headers["Content-Security-Policy"]
