"""Processes of this machine, told apart from later ones that were given the same pid."""

from __future__ import annotations

from datetime import datetime

import psutil

from jobs.conductor.timeouts import START_TIME_SLACK_S


def find(pid: int, moment: datetime | None) -> psutil.Process | None:
    """The process that had `pid` at `moment`; None when it is gone or may not be looked at.

    A process that began after the moment is another one. Without a moment nothing contradicts
    the pid, so its existence alone decides. A defunct process counts as gone.
    """
    try:
        return _find(pid, moment)
    except psutil.AccessDenied:
        return None


def is_gone(pid: int, moment: datetime | None) -> bool:
    """Whether it is certain that the process that had `pid` at `moment` runs no more."""
    try:
        return _find(pid, moment) is None
    except psutil.AccessDenied:
        return False


def _find(pid: int, moment: datetime | None) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        began = process.create_time()
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return None
    if moment is not None and began > moment.timestamp() + START_TIME_SLACK_S:
        return None
    return process
