"""Other processes that append to the test's database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

_ROOT = Path(__file__).parents[2]
_PRELUDE = """
import os, sys
import django
django.setup()
from django.db import connection, connections
connection.settings_dict["NAME"] = sys.argv[1]
from jobs import audit
from tests.audit.drafts import make_draft
"""


def start(script: str) -> subprocess.Popen[str]:
    """A process in which `audit` and `make_draft` are at hand, and the database is the test's."""
    return subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + script, str(connection.settings_dict["NAME"])],
        cwd=_ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "dashboard_project.settings_test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str], timeout_s: float = 60) -> str:
    """What a process printed; it must have ended well."""
    output, errors = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, output + errors
    return output
