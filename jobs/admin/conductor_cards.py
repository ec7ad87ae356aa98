"""Conductors as pages show them: how they are, and how old that knowledge is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from django.urls import reverse

from jobs.admin.durations import span_words
from jobs.admin.looks import Look, conductor_look, is_silent
from jobs.admin.visible import one_line
from jobs.registry.models import Conductor


@dataclass(frozen=True, slots=True)
class ConductorCard:
    """One conductor and what was last heard of it."""

    pk: int
    url: str
    slug: str
    name: str
    kind: str
    is_embedded: bool
    look: Look
    is_unreachable: bool
    is_silent: bool
    unreachable_message: str
    last_answer_at: datetime | None
    version: str
    socket_path: str
    running_jobs: int | None
    uptime: str | None
    memory: str | None
    pid: int | None
    shares_filesystem: bool | None
    has_sent_output: bool  # proved; a conductor without output so far may yet send some
    shares_user: bool  # with this console; False where that is not known

    @classmethod
    def of(cls, conductor: Conductor) -> Self:
        """The card of a conductor."""
        return cls(
            pk=conductor.pk,
            url=reverse("admin:jobs_conductor_change", args=(conductor.pk,)),
            slug=conductor.slug,
            name=one_line(conductor.name),
            kind=conductor.get_kind_display(),
            is_embedded=conductor.kind == Conductor.Kind.EMBEDDED,
            look=conductor_look(conductor),
            is_unreachable=conductor.is_enabled and conductor.is_reachable is False,
            is_silent=is_silent(conductor),
            unreachable_message=one_line(conductor.unreachable_message, 300),
            last_answer_at=conductor.last_answer_at,
            version=one_line(conductor.version),
            socket_path=one_line(conductor.socket_path, 400),
            running_jobs=conductor.running_jobs,
            uptime=None if conductor.uptime_s is None else span_words(int(conductor.uptime_s)),
            memory=None if conductor.memory_mb is None else f"{conductor.memory_mb:,.0f} MB",
            pid=conductor.pid,
            shares_filesystem=conductor.shares_filesystem,
            has_sent_output=conductor.has_sent_output,
            shares_user=_shares_user(conductor.socket_path),
        )


def _shares_user(socket_path: str) -> bool:
    """Whether the conductor's jobs could read all that belongs to this console."""
    try:
        return Path(socket_path).stat().st_uid == os.geteuid()
    except (OSError, ValueError):
        return False


def conductor_cards(conductors: Iterable[Conductor]) -> list[ConductorCard]:
    """The cards of conductors."""
    return [ConductorCard.of(conductor) for conductor in conductors]
