"""Who a process is: a pid alone may be somebody else by the time it is read again."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs.embedded.supervisor import START_FIELD, STATE_FIELD, descendants, stat_fields

PAUSE_S = 0.01  # between two looks at processes that are being killed
TREE_VARIABLE = "PODIUM_TREE"  # in the environment of all that belongs to one attempt


def boot_id() -> str:
    """Names this boot of the machine; start times count from it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process by pid, start time (clock ticks since boot) and boot."""

    pid: int
    start_ticks: str
    boot: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The identity of a running process, None when there is none."""
        fields = stat_fields(pid)
        if fields is None or fields[STATE_FIELD] in "ZX":
            return None
        return cls(pid, fields[START_FIELD], boot_id())

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return ProcessIdentity.of(self.pid) == self


def marked_processes(token: str) -> list[int]:
    """Processes that carry an attempt's mark in their environment, as far as we may look."""
    mark = f"{TREE_VARIABLE}={token}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    own = os.getpid()
    return [pid for pid in found if pid != own and ProcessIdentity.of(pid) is not None]


def tree_of(supervisor: ProcessIdentity, token: str) -> list[int]:
    """What is left of an attempt: its supervisor, all below it, and all that carry its mark."""
    left = set(marked_processes(token))
    if supervisor.is_alive():
        left |= {supervisor.pid, *descendants(supervisor.pid)}
    return sorted(left)


def strike(pids: Iterable[int]) -> None:
    """Stop all, then kill all, so that none can fork in between."""
    pids = list(pids)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def strike_old_tree(supervisor: ProcessIdentity, token: str) -> None:
    """One blow at what is left of an attempt of an earlier conductor.

    The supervisor is hit last: while it lives, orphans gather below it instead of getting away.
    """
    left = tree_of(supervisor, token)
    strike([pid for pid in left if pid != supervisor.pid] or left)


def end_orphans(token: str, command_pid: int, within_s: float) -> bool:
    """End what a killed supervisor has left to us; True when nothing of it is found any more."""
    give_up_at = time.monotonic() + within_s
    struck = {command_pid} - {0}  # dead already: it dies with its supervisor; 0: never started
    while left := marked_processes(token):
        if time.monotonic() > give_up_at:
            return False
        found = {*left, *(pid for orphan in left for pid in descendants(orphan))}
        strike(found)
        struck |= found
        time.sleep(PAUSE_S)
    while struck and time.monotonic() < give_up_at:
        struck = {pid for pid in struck if not collect(pid)}
        time.sleep(PAUSE_S)
    return True


def collect(pid: int) -> bool:
    """Take in a dead child of ours; True when it is no child, or none any more."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
