"""`manage.py doctor`: what it finds, and whether it fails."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from pytest_django import Settings

from jobs import audit
from jobs.audit import triggers
from jobs.audit.models import AuditRecord
from jobs.live import open_files
from jobs.management import conductor_doctor, database_doctor, site_doctor
from jobs.management.examination import Finding, Findings, State
from jobs.registry.models import Conductor
from tests.audit.drafts import make_draft
from tests.factories import make_conductor, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def _of(findings: Findings, what: str) -> Finding:
    return next(finding for finding in findings if finding.what == what)


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for name in ("scores", "workspaces", "submissions"):
        (home / name).mkdir(mode=0o750)
    settings.PODIUM_HOME = home
    settings.PODIUM_SUBMISSIONS = home / "submissions"
    settings.PODIUM_SCORE_ROOTS = (home / "scores",)
    settings.PODIUM_WORKSPACE_ROOTS = (home / "workspaces",)
    return home


@pytest.mark.vendor("sqlite")  # the tests' PostgreSQL is not durable, and the doctor says so
@pytest.mark.usefixtures("home")
def test_sound_installation_passes(capsys: pytest.CaptureFixture[str]) -> None:
    make_user("admin")
    audit.append(make_draft())
    call_command("doctor")
    output = capsys.readouterr().out
    assert "0 failed" in output
    assert "audit triggers   in place" in output


@pytest.mark.usefixtures("home")
def test_command_fails_when_something_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with connection.cursor() as cursor:
        on_table = f" ON {triggers.TABLE}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER audit_no_update{on_table}")
    try:
        with pytest.raises(CommandError, match="failed"):
            call_command("doctor")
    finally:
        triggers.create(connection)
    assert "audit_no_update missing or altered" in capsys.readouterr().out


@pytest.mark.vendor("postgresql")
def test_database_that_may_lose_commits_fails() -> None:
    assert _of(database_doctor.examine(), "database").state is State.FAILED


@pytest.mark.vendor("postgresql")
def test_role_that_owns_the_audit_table_is_warned_of() -> None:
    assert _of(database_doctor.examine(), "database role").state is State.WARNING


def test_altered_head_of_the_chain_fails() -> None:
    audit.append(make_draft())
    with triggers.lifted(connection):
        AuditRecord.objects.update(reason="forged")
    finding = _of(database_doctor.examine(), "audit chain")
    assert finding.state is State.FAILED
    assert "audit verify" in finding.words


def test_database_that_is_gone_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("no such host")

    monkeypatch.setattr(connection, "ensure_connection", gone)
    (finding,) = database_doctor.examine()
    assert (finding.state, finding.words) == (State.FAILED, "it cannot be reached: no such host")


def test_files_that_others_can_read_fail(home: Path) -> None:
    (home / "secret_key").write_text("x")
    (home / "secret_key").chmod(0o644)
    home.chmod(0o755)
    words = [f.words for f in site_doctor.examine_folders() if f.state is State.FAILED]
    assert len(words) == 2
    assert any("secret_key is 644" in word for word in words)


def test_files_in_a_home_that_nobody_can_enter_are_private(home: Path) -> None:
    (home / "podium.sqlite3").touch(mode=0o644)
    assert _of(site_doctor.examine_folders(), "home").state is State.OK


def test_root_that_is_missing_fails(home: Path) -> None:
    (home / "scores").rmdir()
    assert _of(site_doctor.examine_folders(), "score root").state is State.FAILED


def test_root_that_holds_podium_s_own_files_is_warned_of(home: Path, settings: Settings) -> None:
    settings.PODIUM_WORKSPACE_ROOTS = (home.parent,)
    assert _of(site_doctor.examine_folders(), "workspace root").state is State.WARNING


def test_debug_fails(settings: Settings) -> None:
    settings.DEBUG = True
    assert State.FAILED in {finding.state for finding in site_doctor.examine_settings()}


def test_open_address_without_https_is_warned_of(settings: Settings) -> None:
    settings.PODIUM_BIND, settings.IS_HTTPS = "0.0.0.0", False
    assert State.WARNING in {finding.state for finding in site_doctor.examine_settings()}


def test_channel_layer_passes_a_message_on() -> None:
    assert _of(site_doctor.examine_channel_layer(), "channel layer").state is not State.FAILED


def test_channel_layer_that_does_not_answer_fails(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": ["unix:///nonexistent/redis.sock"]},
        }
    }
    assert _of(site_doctor.examine_channel_layer(), "channel layer").state is State.FAILED


@pytest.mark.parametrize(
    ("kind", "state"),
    [(Conductor.Kind.REAL, State.FAILED), (Conductor.Kind.EMBEDDED, State.WARNING)],
)
def test_conductor_that_is_down_fails_unless_podium_starts_it(kind: str, state: State) -> None:
    make_conductor(slug="main", kind=kind)
    finding = _of(conductor_doctor.examine(), "conductor main")
    assert finding.state is state
    assert "no socket" in finding.words


@pytest.fixture
def listening(short_tmp: Path) -> Iterator[Path]:
    path = short_tmp / "conductor.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


def test_user_of_a_conductor_is_told_by_the_kernel(listening: Path) -> None:
    assert conductor_doctor._user_of(str(listening)) == os.getuid()
    assert stat.S_ISSOCK(listening.stat().st_mode)


def test_user_behind_a_missing_socket_is_unknown(short_tmp: Path) -> None:
    assert conductor_doctor._user_of(str(short_tmp / "none.sock")) is None


def test_conductor_that_the_database_does_not_know_fails(settings: Settings) -> None:
    make_conductor(slug="main", kind=Conductor.Kind.REAL)
    settings.PODIUM_CONDUCTOR = "/run/other/conductor.sock"
    finding = _of(conductor_doctor.examine(), "conductor")
    assert finding.state is State.FAILED
    assert "/run/other/conductor.sock" in finding.words


def test_conductor_that_is_configured_and_known_is_no_finding(settings: Settings) -> None:
    known = make_conductor(slug="main", kind=Conductor.Kind.REAL)
    settings.PODIUM_CONDUCTOR = known.socket_path
    assert all(finding.what != "conductor" for finding in conductor_doctor.examine())


@pytest.mark.parametrize(
    ("files", "most", "state"),
    [(65_536, 2_000, State.OK), (1_024, 2_000, State.WARNING), (65_536, 1_000, State.WARNING)],
)
def test_too_few_open_files_are_noticed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, files: int, most: int, state: State
) -> None:
    settings.PODIUM_MAX_CONNECTIONS, settings.PODIUM_MAX_SOCKETS = most, 1_000
    monkeypatch.setattr(open_files, "may_be_open", lambda: files)
    assert _of(site_doctor.examine_open_files(), "open files").state is state
