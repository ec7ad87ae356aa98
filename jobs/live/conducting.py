"""The embedded conductor's process: started in a session of its own, started again when it dies.

A conductor that lives already is adopted. At the end it is asked to end in good order, unless
somebody else than `manage.py up` started it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psutil
import structlog

from jobs.embedded import Home
from jobs.embedded.command import EXIT_OWNED
from jobs.embedded.ownership import owner_of
from jobs.live.pauses import Pause

# What the conductor and its sheets have no business with.
_SECRETS: Final = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PODIUM_ADMIN_PASSWORD")

_LOG_BYTES: Final = 10 * 1024 * 1024
_LOOK_S: Final = 1.0
_SETTLED_S: Final = 60.0  # one that lived so long begins with a short pause again
_READY_S: Final = 10.0
GRACE_S: Final = 10.0  # for running sheets, once asked to end
_END_S: Final = GRACE_S + 15.0

_log = structlog.get_logger(__name__)

Told = Callable[[str, dict[str, Any]], None]


class ConductorKeeper:
    """Keeps one embedded conductor alive, on a thread of its own."""

    def __init__(
        self, home: Path, socket_path: Path, *, wrapper: str = "", tell: Told = lambda *_: None
    ) -> None:
        self._home = Home(home)
        self._socket_path = socket_path
        self._wrapper = wrapper
        self._tell = tell
        self._mark = home / "conductor.by_up"
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="podium-conductor", daemon=True)

    @property
    def log_path(self) -> Path:
        """Where the conductor's own words go."""
        return self._home.folder / "conductor.log"

    def start(self) -> None:
        """Start the conductor, or adopt the one that lives; returns at once."""
        if owner_of(self._home) is None:
            self._start_process()

    def watch(self) -> None:
        """From now on start it again when it dies; returns once it listens, or after a while."""
        self._thread.start()
        give_up_at = time.monotonic() + _READY_S
        while time.monotonic() < give_up_at and not self._socket_path.exists():
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask the conductor to end, and wait; its jobs go on from their checkpoint next time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_LOOK_S * 3)
        pid = owner_of(self._home)
        if pid is None or not self._is_ours(pid):
            return
        self._signal(pid, signal.SIGTERM)
        give_up_at = time.monotonic() + _END_S
        while owner_of(self._home) == pid:
            if time.monotonic() > give_up_at:
                _log.warning("the conductor did not end and is killed", pid=pid)
                self._signal(pid, signal.SIGKILL)  # its checkpoint survives that
                break
            if self._process is not None:
                self._process.poll()
            time.sleep(0.05)
        self._mark.unlink(missing_ok=True)

    def hurry(self) -> None:
        """Do not wait for running sheets."""
        pid = owner_of(self._home)
        if pid is not None and self._is_ours(pid):
            self._signal(pid, signal.SIGTERM)

    # -- at work -----------------------------------------------------------------------------

    def _keep(self) -> None:
        pause = Pause(0.5, 30.0)
        if self._process is not None:
            self._tell("conductor.started", {"pid": self._process.pid})
        started_at = time.monotonic()
        while not self._stopping.wait(_LOOK_S):
            code = None if self._process is None else self._process.poll()
            if owner_of(self._home) is not None or (self._process is not None and code is None):
                if time.monotonic() - started_at > _SETTLED_S:
                    pause.reset()
                continue
            if code is not None and code != EXIT_OWNED:
                wait_s = pause.grow()
                facts = {"exit_code": code, "restart_in_s": round(wait_s, 1)}
                _log.warning("the conductor has ended", **facts, log=str(self.log_path))
                self._tell("conductor.ended", facts)
                if self._stopping.wait(wait_s):
                    return
            started_at = time.monotonic()
            try:
                self._tell("conductor.started", {"pid": self._start_process()})
            except OSError:
                _log.exception("the conductor cannot be started")
                self._stopping.wait(pause.grow())

    def _start_process(self) -> int:
        command = [sys.executable, "-m", "jobs.embedded", "--home", str(self._home.folder)]
        command += ["--socket", str(self._socket_path), "--grace", str(GRACE_S)]
        if self._wrapper:
            command += ["--wrapper", shlex.join(shlex.split(self._wrapper))]
        environment = {k: v for k, v in os.environ.items() if k not in _SECRETS}
        with contextlib.suppress(FileNotFoundError):
            if self.log_path.stat().st_size > _LOG_BYTES:
                self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).resolve().parents[2],
                env=environment,
                start_new_session=True,  # Ctrl-C is for `up`, which then ends it in order
            )
        self._mark.write_text(_identity(self._process.pid))
        return self._process.pid

    def _is_ours(self, pid: int) -> bool:
        """Whether an `up`, this one or one before it, started this process."""
        try:
            return self._mark.read_text() == _identity(pid)
        except OSError:
            return False

    def _signal(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _identity(pid: int) -> str:
    """A process, told apart from a later one of the same number."""
    try:
        return f"{pid} {psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return f"{pid} gone"
