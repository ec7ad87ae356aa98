"""Valid rows with defaults; a test states only what matters to it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.contrib.auth.models import Group, User

from jobs.registry.models import Conductor, Job, Sheet
from jobs.terms import JobOrigin

Role = Literal["nobody", "viewer", "operator", "auditor", "admin"]
PASSWORD = "correct horse battery staple"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_numbers = itertools.count(1)


def make_user(role: Role = "operator", *, username: str = "", **fields: Any) -> User:
    """A person in the group of that role; `admin` is a superuser, `nobody` is in no group."""
    username = username or f"{role}-{next(_numbers)}"
    if role == "admin":
        return User.objects.create_superuser(username, password=PASSWORD, **fields)
    user = User.objects.create_user(username, password=PASSWORD, **fields)
    if role != "nobody":
        user.groups.add(Group.objects.get(name=role.capitalize()))
    return user


def make_conductor(**fields: Any) -> Conductor:
    """A conductor whose socket does not exist."""
    slug = f"conductor-{next(_numbers)}"
    defaults: dict[str, Any] = {
        "slug": slug,
        "name": slug,
        "kind": Conductor.Kind.EMBEDDED,
        "socket_path": f"/nonexistent/{slug}.sock",
    }
    return Conductor.objects.create(**defaults | fields)


def make_job(**fields: Any) -> Job:
    """A running job of three sheets, submitted from the console."""
    number = next(_numbers)
    submitted_at = EPOCH + timedelta(seconds=number)
    defaults: dict[str, Any] = {
        "job_id": f"job-{number}",
        "submitted_at": submitted_at,
        "origin": JobOrigin.CONSOLE,
        "status": "running",
        "started_at": submitted_at,
        "total_sheets": 3,
        "completed_sheets": 0,
    }
    if "conductor" not in fields:
        fields["conductor"] = make_conductor()
    return Job.objects.create(**defaults | fields)


def make_sheet(job: Job, number: int = 1, **fields: Any) -> Sheet:
    """A pending sheet of a job."""
    return Sheet.objects.create(**{"job": job, "number": number, "status": "pending"} | fields)
