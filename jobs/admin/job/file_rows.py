"""Rows, breadcrumbs and headings of a run's files, as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from jobs.admin.numbers import pages_near
from jobs.admin.visible import one_line
from jobs.workspaces import Entry, Kind, Listing, Order, Parts, quoted

MAX_NAME: Final = 200
_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")
_KINDS: Final[dict[Kind, tuple[str, str]]] = {
    Kind.FOLDER: ("folder", "folder"),
    Kind.FILE: ("file", "audit"),
    Kind.LINK: ("symbolic link, not followed", "link"),
    Kind.PIPE: ("pipe, never opened", "slash"),
    Kind.SOCKET: ("socket, never opened", "slash"),
    Kind.DEVICE: ("device, never opened", "slash"),
    Kind.UNKNOWN: ("gone while it was listed", "unknown"),
}


def size_words(size: int | None) -> str:
    """A number of bytes in words, in units of a thousand; None is "not reported"."""
    if size is None:
        return "not reported"
    if size < 1_000:
        return f"{size} B"
    scaled = float(size)
    for unit in _UNITS:
        scaled /= 1_000
        if scaled < 999.5 or unit == _UNITS[-1]:
            return f"{scaled:.1f} {unit}" if scaled < 9.95 else f"{scaled:.0f} {unit}"
    raise AssertionError("unreachable")


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads somewhere."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Look:
    """How the files are looked at: kept in the address from folder to folder."""

    job_pk: int
    order: Order = Order.NAME
    is_descending: bool = False
    shows_hidden: bool = False

    def url(
        self,
        parts: Parts,
        *,
        page: int = 1,
        view: str = "jobs_job_files",
        as_source: bool = False,
    ) -> str:
        """The address of a folder, or of a view of a file."""
        path = f"path={quoted(parts)}" if parts else ""
        options = {
            "hidden": "1" if self.shows_hidden else "",
            "page": str(page) if page > 1 else "",
            "as": "source" if as_source else "",
        }
        if view == "jobs_job_files" and (self.order is not Order.NAME or self.is_descending):
            options["sort"] = f"{'-' if self.is_descending else ''}{self.order.value}"
        rest = urlencode({name: value for name, value in options.items() if value})
        query = "&".join(part for part in (path, rest) if part)
        address = reverse(f"admin:{view}", args=(self.job_pk,))
        return f"{address}?{query}" if query else address


@dataclass(frozen=True, slots=True)
class FileRow:
    """One entry of a folder."""

    name: str
    kind: str
    icon: str
    url: str  # "" for what is never opened
    download_url: str
    size: str  # "" for what has none
    bytes: int | None
    modified_at: datetime | None
    target: str  # where a link leads
    is_folder: bool

    @classmethod
    def of(cls, entry: Entry, above: Parts, look: Look) -> FileRow:
        """The row of an entry of the folder `above`."""
        parts = (*above, entry.name)
        words, icon = _KINDS[entry.kind]
        is_folder, is_file = entry.kind is Kind.FOLDER, entry.kind is Kind.FILE
        view = "jobs_job_files_zip" if is_folder else "jobs_job_files_download"
        return cls(
            name=one_line(entry.name, MAX_NAME),
            kind=words,
            icon=icon,
            url=look.url(parts) if is_folder or is_file else "",
            download_url=look.url(parts, view=view) if is_folder or is_file else "",
            size=size_words(entry.size) if entry.size is not None else "",
            bytes=entry.size,
            modified_at=entry.modified_at,
            target=one_line(entry.target, MAX_NAME),
            is_folder=is_folder,
        )


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column that the rows can be sorted by."""

    label: str
    name: str
    url: str
    direction: str  # for aria-sort; "" where the rows do not go by it


def headings(parts: Parts, look: Look) -> list[Heading]:
    """Name, size and time, each with the address that sorts by it (the other way round)."""
    found = []
    for order, label in ((Order.NAME, "Name"), (Order.SIZE, "Size"), (Order.TIME, "Changed")):
        is_current = look.order is order
        # Large and new ones are what one looks for.
        is_descending = not look.is_descending if is_current else order is not Order.NAME
        turned = Look(look.job_pk, order, is_descending, look.shows_hidden)
        direction = ("descending" if look.is_descending else "ascending") if is_current else ""
        found.append(Heading(label, order.value, turned.url(parts), direction))
    return found


def crumbs(parts: Parts, look: Look) -> list[Link]:
    """The way from the workspace to this folder or file."""
    return [
        Link("workspace", look.url(())),
        *(
            Link(one_line(part, 60), look.url(parts[: depth + 1]))
            for depth, part in enumerate(parts)
        ),
    ]


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of a long folder."""

    number: int
    url: str
    is_current: bool


def page_links(listing: Listing, parts: Parts, look: Look) -> list[PageLink]:
    """The first, the last and those near; none where there is one page only."""
    return [
        PageLink(number, look.url(parts, page=number), number == listing.page)
        for number in pages_near(listing.page, listing.pages)
    ]
