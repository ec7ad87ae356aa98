"""What is known of a conductor itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.conductor import Cause, ConductorUnreachable, ProtocolViolation
from jobs.live.models import Event
from jobs.live.standing import Trouble, probe_filesystem, record_answer, record_trouble
from jobs.registry.models import Conductor
from tests.factories import make_conductor, make_job

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def free() -> None:
    """Nobody else relays."""


def told() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("event", flat=True))


def test_trouble_is_told_once_for_as_long_as_its_cause_is_the_same() -> None:
    conductor = make_conductor()
    missing = Trouble.of(ConductorUnreachable("No socket there.", Cause.MISSING))
    for _ in range(3):
        record_trouble(conductor, missing, guard=free)
    record_trouble(conductor, Trouble.of(ProtocolViolation("Not JSON.", "garbage")), guard=free)
    record_answer(conductor, NOW, guard=free)
    assert told() == ["conductor.unreachable", "conductor.unreachable", "conductor.reachable"]
    assert Event.objects.get(seq=1).data == {"cause": "missing", "message": "No socket there."}


def test_since_when_is_kept_when_the_cause_changes() -> None:
    conductor = make_conductor()
    record_trouble(conductor, Trouble("missing", "a"), guard=free)
    since = Conductor.objects.get().unreachable_since
    record_trouble(conductor, Trouble("stale", "b"), guard=free)
    fresh = Conductor.objects.get()
    assert (fresh.unreachable_since, fresh.unreachable_cause) == (since, "stale")


def test_answers_are_noted_now_and_then(django_assert_num_queries: Any) -> None:
    conductor = make_conductor()
    record_answer(conductor, NOW, guard=free)
    with django_assert_num_queries(0):
        record_answer(conductor, NOW + timedelta(seconds=1), guard=free)
    record_answer(conductor, NOW + timedelta(seconds=3), guard=free)
    assert Conductor.objects.get().last_answer_at == NOW + timedelta(seconds=3)


def test_the_embedded_conductor_shares_the_file_system() -> None:
    conductor = make_conductor()
    probe_filesystem(conductor)
    assert Conductor.objects.get().shares_filesystem is True


@pytest.mark.parametrize(
    ("workspace", "shares"),
    [("here", True), ("not-here", False), ("/srv/elsewhere", None), ("../outside", None)],
)
def test_a_real_one_shares_it_when_a_workspace_inside_the_roots_is_there(
    tmp_path: Path, settings: Any, workspace: str, shares: bool | None
) -> None:
    root = tmp_path / "workspaces"
    (root / "here").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    settings.PODIUM_WORKSPACE_ROOTS = (root,)
    conductor = make_conductor(kind=Conductor.Kind.REAL)
    make_job(conductor=conductor, workspace=str(root / workspace))
    probe_filesystem(conductor)
    assert Conductor.objects.get().shares_filesystem is shares


def test_trouble_that_a_conductor_tells_of_is_kept_without_secrets() -> None:
    conductor = make_conductor()
    record_trouble(conductor, Trouble("refused", "bad token=supersecretvalue"), guard=free)
    conductor.refresh_from_db()
    assert conductor.unreachable_message.startswith("bad token=")
    assert "supersecret" not in conductor.unreachable_message
