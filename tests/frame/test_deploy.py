"""The files in deploy/, followed as docs/guide/deployment.md says."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.services.folder import short_folder
from tests.services.postgresql import ROLE, PostgresqlServer, binaries, postgresql_server

ROOT = Path(__file__).resolve().parents[2]
SECRET = "only for this test, where nothing is secret, and long enough"
pytestmark = pytest.mark.postgresql


def address(server: PostgresqlServer, role: str) -> str:
    return server.url("podium").replace(f"{ROLE}@", f"{role}@")


@pytest.fixture(scope="module")
def prepared() -> Iterator[PostgresqlServer]:
    """A cluster with the two roles, migrated as the owner."""
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed on this machine.")
    inherited = {
        name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ
    }
    inherited["PATH"] = f"{folder}:{os.environ['PATH']}"
    with postgresql_server() as server, short_folder() as home:
        subprocess.run(
            ["psql", server.url(), "-q", "-v", "ON_ERROR_STOP=1", "-f", "deploy/postgresql.sql"],
            cwd=ROOT,
            env=inherited,
            check=True,
        )
        settings = home / "podium.env"
        settings.write_text(
            f"PODIUM_HOME='{home}'\nSECRET_KEY='{SECRET}'\n"
            f"DATABASE_URL='{address(server, 'podium_app')}'\n"
        )
        subprocess.run(
            ["deploy/prepare"],
            cwd=ROOT,
            env=inherited
            | {
                "OWNER_DATABASE_URL": address(server, "podium_owner"),
                "PODIUM_ENV_FILE": str(settings),
                "PODIUM_USER": getpass.getuser(),
                "PODIUM_PYTHON": sys.executable,
            },
            stdout=subprocess.DEVNULL,
            check=True,
        )
        assert (home / "static").is_dir()
        yield server


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM jobs_auditrecord",
        "UPDATE jobs_auditrecord SET reason = ''",
        "TRUNCATE jobs_auditrecord",
        "ALTER TABLE jobs_auditrecord DISABLE TRIGGER ALL",
        "DROP TABLE jobs_auditrecord",
        "SET session_replication_role = replica",
    ],
)
def test_the_console_s_role_cannot_change_records(
    prepared: PostgresqlServer, statement: str
) -> None:
    with (
        psycopg.connect(address(prepared, "podium_app")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_console_s_role_can_read_records_and_change_jobs(prepared: PostgresqlServer) -> None:
    with psycopg.connect(address(prepared, "podium_app")) as connection:
        connection.execute("SELECT * FROM jobs_auditrecord")
        connection.execute("UPDATE jobs_job SET status = status")
