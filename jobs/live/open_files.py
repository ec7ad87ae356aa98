"""How many files this process may have open, and how many of them may be connections."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

from django.conf import settings

# As the units in deploy/ have it. A hard limit may be a thousand million, which every process that
# is started here would get too, and some go through all numbers below it.
_ENOUGH: Final = 65_536


def may_be_open() -> int:
    """How many files a process with this one's limits may have open, once it has raised them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY in (soft, hard):
        return _ENOUGH
    return max(soft, min(hard, _ENOUGH))


def raise_limit() -> int:
    """Let this process open as many files as it may; how many those are."""
    most = may_be_open()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return most
        return soft
    return most


def connections_for(open_files: int) -> int:
    """How many connections are taken: a quarter stays for files, the database and the relay."""
    most: int = settings.PODIUM_MAX_CONNECTIONS
    return max(1, min(most, open_files * 3 // 4))
