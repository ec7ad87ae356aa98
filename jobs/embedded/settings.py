"""What an embedded conductor is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs.embedded.paths import Home

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the conductor lives, and its limits."""

    home: Home
    socket_path: Path
    socket_mode: int = 0o660
    wrapper: tuple[str, ...] = ()  # put before bash: bubblewrap, a container
    umask: int = 0o077  # of sheets and of what the conductor itself writes
    grace_s: float = 10.0  # for running sheets after a request to end
    stop_grace_s: float = 2.0  # between asking a sheet to end and killing it
    linger_s: float = 2.0  # for what a sheet left in the background, after its shell ended
    max_jobs: int = 15
    max_sheets: int = 25  # at once, over all jobs
    max_connections: int = 500
    max_requests: int = 50  # worked on at once
    max_job_history: int = 1000
    log_limit_bytes: int = 256 * MIB  # of one sheet
    tail_bytes: int = 4096
    listener_events: int = 10_000
    listener_bytes: int = 16 * MIB
