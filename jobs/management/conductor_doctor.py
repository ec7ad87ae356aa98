"""The conductors: whether they answer, and as whom they run."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import struct
from pathlib import Path
from typing import Final

from django.conf import settings

from jobs.conductor.timeouts import CONNECT_S
from jobs.errors import ConductorError
from jobs.management.examination import Findings, failed, ok, warning
from jobs.registry.connections import client_for
from jobs.registry.models import Conductor

_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid of who listens


def examine() -> Findings:
    """One after another, each with the client's own deadlines."""
    conductors = list(Conductor.objects.filter(is_enabled=True).order_by("slug"))
    if not conductors:
        yield warning("conductor", "none is known yet: the first start of Podium makes one")
    yield from _examine_setting()
    for conductor in conductors:
        yield from _examine_one(conductor)


def _examine_setting() -> Findings:
    """A database from elsewhere knows the conductor that was configured there."""
    configured = settings.PODIUM_CONDUCTOR
    if not configured:
        return
    path = str(Path(configured).absolute())
    if not Conductor.objects.filter(is_enabled=True, socket_path=path).exists():
        yield failed(
            "conductor",
            f"PODIUM_CONDUCTOR is {path}, yet the database knows no enabled conductor there: "
            "`manage.py up` sets it; a relay that runs apart goes by the database",
        )


def _examine_one(conductor: Conductor) -> Findings:
    what = f"conductor {conductor.slug}"
    try:
        status = asyncio.run(client_for(conductor).daemon_status())
    except ConductorError as error:
        # The embedded one lives and ends with `manage.py up`.
        is_embedded = conductor.kind == Conductor.Kind.EMBEDDED
        yield (warning if is_embedded else failed)(what, str(error))
        return
    yield ok(what, f"answers (version {status.version or 'not reported'})")
    user_id = _user_of(conductor.socket_path)
    if user_id == os.getuid():
        yield warning(
            what,
            f"runs as {_name(user_id)}, as Podium does: whoever may submit a score can read what "
            "Podium reads, its database too (SECURITY.md)",
        )
    elif user_id is not None:
        yield ok(what, f"runs as {_name(user_id)}, another user than Podium's")


def _user_of(path: str) -> int | None:
    """The user whose process listens there; None when the kernel does not say."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_S)
        try:
            probe.connect(path)
            raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None
    user_id: int = _CREDENTIALS.unpack(raw)[1]
    return user_id


def _name(user_id: int) -> str:
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user {user_id}"
