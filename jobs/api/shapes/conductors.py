"""Conductors."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from ninja import Schema

from jobs.conductor import RateLimits
from jobs.registry.models import Conductor


class RateLimitsOut(Schema):
    """What holds a conductor back, in its own words; null is what it does not report."""

    active_limits: int | None
    backends: dict[str, Any]

    @classmethod
    def of(cls, limits: RateLimits) -> Self:
        """The shape of an answer."""
        return cls(active_limits=limits.active_limits, backends=limits.backends)


class ConductorOut(Schema):
    """A conductor and what was last heard of it."""

    slug: str
    name: str
    kind: str
    is_enabled: bool
    is_reachable: bool | None
    unreachable_cause: str | None
    unreachable_message: str | None
    unreachable_since: datetime | None
    last_answer_at: datetime | None
    version: str | None
    uptime_s: float | None
    memory_mb: float | None
    running_jobs: int | None
    is_accepting_work: bool | None
    shares_filesystem: bool | None

    @classmethod
    def of(cls, conductor: Conductor) -> Self:
        """The shape of a row."""
        return cls(
            slug=conductor.slug,
            name=conductor.name,
            kind=conductor.kind,
            is_enabled=conductor.is_enabled,
            is_reachable=conductor.is_reachable,
            unreachable_cause=conductor.unreachable_cause or None,
            unreachable_message=conductor.unreachable_message or None,
            unreachable_since=conductor.unreachable_since,
            last_answer_at=conductor.last_answer_at,
            version=conductor.version or None,
            uptime_s=conductor.uptime_s,
            memory_mb=conductor.memory_mb,
            running_jobs=conductor.running_jobs,
            is_accepting_work=conductor.is_accepting_work,
            shares_filesystem=conductor.shares_filesystem,
        )
