"""The tabs of a run's page: one list, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; its address has a name of its own among the URLs of the console."""

    slug: str
    label: str

    @property
    def url_name(self) -> str:
        """The name of its address."""
        return "jobs_job_change" if self.slug == "overview" else f"jobs_job_{self.slug}"


TABS: Final = (
    Tab("overview", "Overview"),
    Tab("sheets", "Sheets"),
    Tab("graph", "Graph"),
    Tab("timeline", "Timeline"),
    Tab("log", "Log"),
    Tab("files", "Files"),
    Tab("score", "Score"),
    Tab("events", "Events"),
    Tab("audit", "Audit"),
)


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab as the page offers it."""

    slug: str
    label: str
    url: str
    is_current: bool


def tab_links(job_pk: int, current: str) -> list[TabLink]:
    """The tabs of a run's page, one of them open."""
    return [
        TabLink(
            tab.slug,
            tab.label,
            reverse(f"admin:{tab.url_name}", args=(job_pk,)),
            tab.slug == current,
        )
        for tab in TABS
    ]
