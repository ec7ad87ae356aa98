"""Where an attempt came from."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from typing import Self

from jobs.terms import Channel


@dataclass(frozen=True, slots=True)
class Origin:
    """The way in and the addresses; built once, at the edge, and handed down unchanged.

    `ip` is the person's as far as trusted proxies tell it, `peer_ip` the other end of the
    connection itself. Empty text and None mean "does not apply".
    """

    channel: Channel
    ip: str = ""
    peer_ip: str = ""
    user_agent: str = ""
    path: str = ""  # without the query, which may hold anything
    token_id: int | None = None
    request_id: str = ""

    @classmethod
    def of_command(cls, name: str) -> Self:
        """Somebody at a terminal; the account of the operating system stands as the agent."""
        return cls(channel=Channel.CLI, user_agent=_account(), path=f"manage.py {name}")

    @classmethod
    def of_system(cls, name: str) -> Self:
        """Podium itself, such as the relay that reconciles."""
        return cls(channel=Channel.SYSTEM, path=name)


def _account() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a passwd entry
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
