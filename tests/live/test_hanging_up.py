"""Whoever asks for something and hangs up at once has asked for it."""

from __future__ import annotations

import socket

import pytest

from jobs.access import tokens
from jobs.audit.models import Action
from tests.factories import make_conductor, make_job, make_user
from tests.live.conftest import WebServer
from tests.waiting import patience, wait_until


@pytest.mark.django_db(transaction=True)
def test_denied_attempt_of_a_client_that_waits_for_no_answer_is_recorded(server: WebServer) -> None:
    vera = make_user("viewer", username="vera")
    _, token = tokens.create(vera, "hasty")
    job = make_job(conductor=make_conductor())
    lines = [f"POST /api/jobs/{job.pk}/cancel HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"Authorization: Bearer {token}", "Content-Length: 0", "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience(10)) as peer:
        peer.sendall("\r\n".join(lines).encode())
    cancels = Action.objects.filter(verb="cancel")
    wait_until(cancels.exists, what="the attempt to be recorded")
    attempt = cancels.get()
    assert (attempt.actor_name, attempt.outcome) == ("vera", "denied")
