"""Valid rows with defaults; a test states only what matters to it."""

from __future__ import annotations

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from jobs.access import tokens
from jobs.access.models import ApiToken
from jobs.registry.models import Conductor, Job, Sheet
from jobs.terms import JobOrigin

Role = Literal["nobody", "viewer", "operator", "auditor", "admin"]
PASSWORD = "correct horse battery staple"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_numbers = itertools.count(1)


def make_user(role: Role = "operator", *, username: str = "", **fields: Any) -> User:
    """A person in the group of that role; `admin` is a superuser, `nobody` is in no group.

    Made in bulk, which sends no signals: the audit log of a test begins with what the test does.
    """
    user = User(username=username or f"{role}-{next(_numbers)}", **fields)
    user.is_superuser = user.is_staff = role == "admin"
    user.password = make_password(PASSWORD)
    User.objects.bulk_create([user])
    if role not in ("nobody", "admin"):
        group = Group.objects.get(name=role.capitalize())
        User.groups.through.objects.bulk_create([User.groups.through(user=user, group=group)])
    return user


def make_token(user: User, name: str = "test") -> tuple[ApiToken, str]:
    """A token of that user, and its text; likewise without a record of its making."""
    plain = tokens.PREFIX + secrets.token_urlsafe(32)
    return ApiToken.objects.create(
        user=user, name=name, token_sha256=tokens.hashed(plain), hint=plain[:12]
    ), plain


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
    if fields.get("status") == "failed":
        defaults["attention_at"] = fields.get("completed_at", submitted_at)
    if "conductor" not in fields:
        fields["conductor"] = make_conductor()
    return Job.objects.create(**defaults | fields)


def make_sheet(job: Job, number: int = 1, **fields: Any) -> Sheet:
    """A pending sheet of a job."""
    return Sheet.objects.create(**{"job": job, "number": number, "status": "pending"} | fields)
