"""The API under ASGI, as it is served."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application

from jobs.access import tokens
from jobs.registry.models import Job
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor
from tests.waiting import eventually


def call(path: str, token: str) -> Any:
    """A POST without a body, as Daphne would hand it over."""
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    communicator: Any = ApplicationCommunicator  # asgiref leaves it untyped
    return communicator(get_asgi_application(), scope)


async def test_action_is_answered_under_asgi(running: Job, operator: User) -> None:
    _, token = await sync_to_async(tokens.create)(operator, "asgi")
    caller = call(f"/api/jobs/{running.pk}/pause", token)
    await caller.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await caller.receive_output(20)
    await caller.receive_output(20)
    await caller.wait(20)
    assert start["status"] == 200


async def test_client_that_hangs_up_leaves_a_whole_record(
    running: Job, operator: User, scripted: ScriptedConductor
) -> None:
    _, token = await sync_to_async(tokens.create)(operator, "asgi")
    gate = scripted.gate("job.pause")
    caller = call(f"/api/jobs/{running.pk}/pause", token)
    await caller.send_input({"type": "http.request", "body": b"", "more_body": False})
    await scripted.reached("job.pause")
    await caller.send_input({"type": "http.disconnect"})
    gate.set()
    await caller.wait(20)

    async def kinds() -> bool:
        return [record.kind async for record in records()] == ["intent", "outcome"]

    await eventually(kinds, what="the outcome to be recorded")
