"""The console's navigation, made for operators: only what this person may open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse

from jobs.access import policy
from jobs.admin import attention
from jobs.terms import Verb


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation."""

    label: str
    url: str
    icon: str
    is_current: bool
    starts_section: str = ""  # the heading above it
    count: str = ""  # how much waits there


def entries(user: User, path: str) -> tuple[Entry, ...]:
    """The entries for this person; the one that holds `path` is marked."""
    found = [
        (label, reverse(name) if ":" in name else name, icon, section)
        for label, name, icon, section in _permitted(user)
    ]
    # The longest address that the path begins with: submit lies below jobs.
    here = max((url for _, url, _, _ in found if _holds(url, path)), key=len, default="")
    return tuple(
        Entry(
            label,
            url,
            icon,
            is_current=url == here,
            starts_section=section,
            count=attention_count(user) if icon == "alert" else "",
        )
        for label, url, icon, section in found
    )


def _permitted(user: User) -> Iterator[tuple[str, str, str, str]]:
    yield "Overview", "admin:index", "overview", ""
    if policy.may(user, policy.VIEW):
        yield "Needs attention", "admin:attention", "alert", ""
        yield "Jobs", "admin:jobs_job_changelist", "jobs", ""
    if policy.may(user, Verb.SUBMIT):
        yield "Submit", "admin:jobs_job_add", "submit", ""
    if policy.may(user, policy.VIEW_AUDIT):
        yield "Audit log", "admin:jobs_action_changelist", "audit", ""
    if policy.may(user, policy.VIEW_SCORE):
        yield "Scores", "admin:jobs_score_changelist", "scores", ""
    if policy.may(user, policy.VIEW):
        yield "Conductors", "admin:jobs_conductor_changelist", "conductors", ""
    section = "Settings"
    if user.has_perm("auth.view_user"):
        yield "Users", "admin:auth_user_changelist", "users", section
        section = ""
    if user.has_perm("auth.view_group"):
        yield "Groups", "admin:auth_group_changelist", "groups", section
        section = ""
    yield "API", "/api/docs", "api", section


def _holds(url: str, path: str) -> bool:
    return path == url if url == "/" else path.startswith(url)


def attention_count(user: User) -> str:
    """How much needs attention; empty for none."""
    count = attention.count(user)
    return f"{attention.MAX_COUNTED}+" if count > attention.MAX_COUNTED else str(count or "")
