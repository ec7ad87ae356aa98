"""Health, readiness and metrics, and to whom they tell reasons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.live.models import RelayLease
from tests.factories import make_conductor, make_user
from tests.live.clients import token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("jobs.live.urls")]


def relayed(seconds: float) -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    RelayLease.objects.create(conductor=make_conductor(slug="here"), owner="x", until=until)


def from_elsewhere(**headers: str) -> Client:
    return Client(REMOTE_ADDR="203.0.113.7", headers=headers)


def test_alive_needs_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert from_elsewhere().get("/healthz").content == b"alive\n"


def test_ready_with_database_layer_and_relay(client: Client) -> None:
    relayed(10)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": "ok", "channel_layer": "ok", "relay": "ok"},
    }


def test_a_conductor_that_nobody_relays_makes_it_not_ready(client: Client) -> None:
    relayed(-60)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["relay"] == "no relay for here"


def test_a_conductor_that_is_disabled_needs_no_relay(client: Client) -> None:
    make_conductor(is_enabled=False)
    assert client.get("/readyz").status_code == 200


def test_strangers_are_not_told_why() -> None:
    relayed(-60)
    answer = from_elsewhere().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})


def test_a_token_is_told_why() -> None:
    answer = from_elsewhere(authorization=token_of(make_user("viewer"))).get("/readyz")
    assert "checks" in answer.json()


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_what_a_proxy_on_this_machine_forwards_is_not_of_this_machine(header: str) -> None:
    answer = Client(headers={header: "127.0.0.1"}).get("/readyz")
    assert "checks" not in answer.json()


def test_metrics_are_for_this_machine(client: Client) -> None:
    text = client.get("/metrics").content.decode()
    assert "django_http_requests_total" in text
    assert "podium_live_connections 0.0" in text


def test_metrics_want_a_token_from_elsewhere() -> None:
    answer = from_elsewhere().get("/metrics")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_a_token_without_any_right_gets_no_metrics() -> None:
    token = token_of(make_user("nobody"))
    assert from_elsewhere(authorization=token).get("/metrics").status_code == 401


def test_a_broken_database_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise OSError("disk on fire")

    monkeypatch.setattr("jobs.live.health._database", broken)
    assert client.get("/readyz").json()["checks"]["database"] == "OSError: disk on fire"
