"""Processes of a deployment that are started one by one, without `manage.py up`."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.browser.console import ROOT, end, environment, free_port
from tests.waiting import patience, wait_until


def test_a_relay_by_itself_knows_the_configured_conductor(short_tmp: Path) -> None:
    port = free_port()
    variables = environment(short_tmp, port, port)
    variables["PODIUM_CONDUCTOR"] = str(short_tmp / "marianne.sock")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        cwd=ROOT,
        env=variables,
        check=True,
        timeout=patience(60),
    )
    relay = subprocess.Popen([sys.executable, "manage.py", "relay"], cwd=ROOT, env=variables)
    try:
        wait_until(
            lambda: conductors(short_tmp) == [("conductor", variables["PODIUM_CONDUCTOR"])],
            timeout_s=30,
            what="the conductor to be known",
        )
    finally:
        assert end(relay) == 0


def conductors(home: Path) -> list[tuple[str, str]]:
    """The conductors that an installation knows."""
    with closing(sqlite3.connect(home / "podium.sqlite3", timeout=10)) as database:
        return database.execute("SELECT slug, socket_path FROM jobs_conductor").fetchall()
