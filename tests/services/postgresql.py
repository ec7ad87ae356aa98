"""A PostgreSQL cluster of our own, reachable only over a Unix socket in a private folder."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.services.folder import short_folder
from tests.services.process import server_process

ROLE = "podium"


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """Where the cluster listens."""

    socket_folder: Path

    def url(self, database: str = "postgres") -> str:
        """The DATABASE_URL of one of its databases, in a form that libpq takes too."""
        return f"postgres://{ROLE}@/{database}?host={self.socket_folder}"

    def create_database(self) -> str:
        """Make an empty database and give its DATABASE_URL."""
        name = f"podium_{secrets.token_hex(6)}"
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = sql.Identifier(urlsplit(url).path.removeprefix("/"))
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def is_up(self) -> bool:
        """Whether it answers a query."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.socket_folder), user=ROLE, dbname="postgres", autocommit=True
        )


def binaries() -> Path | None:
    """The folder that holds `postgres` and `initdb`, or None when there is none.

    Debian keeps them out of PATH, one folder per version.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("postgres")
    for folder in [*debian, *([Path(found).parent] if found else [])]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    return None


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[PostgresqlServer]:
    """A running, empty cluster; gone with all its data at the end.

    `durable` keeps fsync on, as benchmarks need it; tests are faster without.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
    """
    folder = binaries()
    if folder is None:
        raise FileNotFoundError("PostgreSQL is not installed on this machine.")
    # PostgreSQL refuses to run as root.
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    with short_folder("pg-", owner) as home:
        _init(folder, home / "data", owner)
        server = PostgresqlServer(home)
        command = [str(folder / "postgres"), "-D", str(home / "data"), "-k", str(home)]
        options = ["listen_addresses=", "max_connections=200", "shared_buffers=128MB"]
        if not durable:
            options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        for option in options:
            command += ["-c", option]
        with server_process(
            command,
            log=home / "log",
            is_up=server.is_up,
            owner=owner,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, keeps order
        ):
            yield server


def _init(folder: Path, data: Path, owner: pwd.struct_passwd | None) -> None:
    # "trust" is safe here: only the folder's owner (and root) can reach the socket.
    command = [str(folder / "initdb"), "-D", str(data), "-U", ROLE, "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
