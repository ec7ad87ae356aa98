"""Who calls: tokens, sessions, and nobody."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from jobs.access.models import ApiToken
from jobs.api.guesses import MAX_WRONG, WINDOW_S, GuessLimit
from jobs.registry.models import Job
from tests.api.caller import Caller

ADDRESSES = ["/jobs", "/jobs/1", "/jobs/1/sheets", "/jobs/1/events", "/conductors", "/audit"]
ADDRESSES += ["/audit/1", "/audit/export"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_wants_credentials(transactional_db: None, address: str) -> None:
    response = Client().get(f"/api{address}")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        "Bearer ",
        "bearer",
        "Basic b2xnYTp4",
        "",
        "Bearer \u00fc",
        "Bearer " + "x" * 9_000,
    ],
)
def test_all_wrong_credentials_look_alike(transactional_db: None, header: str) -> None:
    bad = Client().get("/api/jobs", headers={"Authorization": header})
    none = Client().get("/api/jobs")
    assert (bad.status_code, bad.json()["detail"]) == (401, none.json()["detail"])


def test_revoked_token_and_locked_user_are_nobody(olga: Caller) -> None:
    assert olga.get("/jobs").status == 200
    ApiToken.objects.all().delete()
    assert olga.get("/jobs").status == 401


def test_token_of_an_inactive_user_is_refused(olga: Caller) -> None:
    User.objects.filter(pk=olga.user.pk).update(is_active=False)
    assert olga.get("/jobs").status == 401


def test_wrong_token_is_not_helped_by_a_session(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    wrong = client.get("/api/jobs", headers={"Authorization": "Bearer wrong"})
    assert (client.get("/api/jobs").status_code, wrong.status_code) == (200, 401)


def test_session_needs_its_csrf_token_to_act(operator: User, running: Job) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    address = f"/api/jobs/{running.pk}/pause"
    without = client.post(address, content_type="application/json")
    assert (without.status_code, without["Content-Type"]) == (403, "application/problem+json")
    client.get("/api/docs")  # any page with a form sets the cookie
    headers = {"X-CSRFToken": client.cookies["podium_csrf"].value}
    assert client.post(address, content_type="application/json", headers=headers).status_code == 200


def test_token_needs_no_csrf_token(olga: Caller, running: Job) -> None:
    olga._client.handler.enforce_csrf_checks = True
    assert olga.post(f"/jobs/{running.pk}/pause").status == 200


def test_use_of_a_token_is_noted(olga: Caller) -> None:
    olga.get("/jobs")
    assert ApiToken.objects.get().last_used_at is not None


def test_guessing_is_slowed_down(transactional_db: None, olga: Caller) -> None:
    wrong: dict[str, Any] = {"headers": {"Authorization": "Bearer guess"}}
    statuses = {Client().get("/api/jobs", **wrong).status_code for _ in range(MAX_WRONG)}
    blocked = Client().get("/api/jobs", **wrong)
    assert statuses == {401}
    assert blocked.status_code == 429
    assert 0 < int(blocked["Retry-After"]) <= WINDOW_S


def test_right_token_is_heard_where_wrong_ones_are_not(olga: Caller) -> None:
    wrong: dict[str, Any] = {"headers": {"Authorization": "Bearer guess"}}
    statuses = [Client().get("/api/jobs", **wrong).status_code for _ in range(MAX_WRONG + 1)]
    assert (statuses[-1], olga.get("/jobs").status) == (429, 200)


def test_guesses_behind_a_trusted_proxy_count_for_their_own_address(
    transactional_db: None, settings: Settings
) -> None:
    settings.PODIUM_TRUSTED_PROXIES = (ip_network("127.0.0.1/32"),)

    def guess(address: str) -> int:
        headers = {"Authorization": "Bearer guess", "X-Forwarded-For": address}
        return Client().get("/api/jobs", headers=headers).status_code

    statuses = [guess("203.0.113.1") for _ in range(MAX_WRONG + 1)]
    assert (statuses[-1], guess("203.0.113.2")) == (429, 401)


def test_window_of_guesses_ends() -> None:
    now = [0.0]
    limit = GuessLimit(lambda: now[0])
    for _ in range(MAX_WRONG):
        limit.count("192.0.2.1")
    assert limit.wait_s("192.0.2.1") == 60
    assert limit.wait_s("192.0.2.2") == 0
    now[0] = WINDOW_S
    assert limit.wait_s("192.0.2.1") == 0


def test_brake_remembers_a_bounded_number_of_addresses() -> None:
    limit = GuessLimit()
    for number in range(10_050):
        limit.count(str(number))
    assert len(limit._wrong) == 10_000
