"""Starting and ending a server process, with a deadline for both."""

from __future__ import annotations

import pwd
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import patience, wait_until

START_S = 30.0
STOP_S = 15.0


@contextmanager
def server_process(
    command: Sequence[str],
    *,
    log: Path,
    is_up: Callable[[], bool],
    owner: pwd.struct_passwd | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """The running server; its output is in `log`, and its end is waited for."""
    identity: dict[str, object] = {}
    if owner is not None:
        identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    with log.open("ab") as output:
        process = subprocess.Popen(  # type: ignore[call-overload]  # identity is three keywords or none
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for pytest, which then ends the server in order
            **identity,
        )
    try:
        wait_until(
            lambda: process.poll() is not None or is_up(),
            timeout_s=START_S,
            what=f"{command[0]} to accept connections (its log: {log})",
        )
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended at once:\n{log.read_text(errors='replace')}")
        yield process
    finally:
        process.send_signal(stop_signal)
        try:
            process.wait(patience(STOP_S))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
