"""Processes for tests: one that has ended, one that lives for a while."""

from __future__ import annotations

import subprocess
import sys


def ended_pid() -> int:
    """The pid of a process that ran and was waited for."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
