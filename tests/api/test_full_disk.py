"""A disk that is full: what cannot be recorded is not sent, and the API says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_disk import small_disk

_PROGRAM = """
import django
django.setup()
from tests.api.full_disk import main
main()
"""


@pytest.mark.vendor("sqlite")
def test_on_a_full_disk_nothing_is_sent_and_the_answer_is_503(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with small_disk(tmp_path / "disk") as (home, _):
        result = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=environment
            | {"PODIUM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "dashboard_project.settings"},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-2:] == [
        "full: pause 503, submit 503, sent []",
        "free: pause 200",
    ]
