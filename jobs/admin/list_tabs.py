"""The tabs over a list: the questions asked most, and the views that somebody has saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from jobs.access import views
from jobs.access.models import SavedView
from jobs.admin.keyset import AFTER, BEFORE, SORT
from jobs.admin.requests import person
from jobs.admin.time_filter import bounds
from jobs.audit.models import Action
from jobs.registry.models import Job

MAX_QUERY: Final = 1_000
_NO_CHOICE: Final = frozenset({BEFORE, AFTER})
_MODELS: Final[dict[str, Any]] = {SavedView.List.JOBS: Job, SavedView.List.AUDIT: Action}
_LISTS: Final = {
    SavedView.List.JOBS: "admin:jobs_job_changelist",
    SavedView.List.AUDIT: "admin:jobs_action_changelist",
}


@dataclass(frozen=True, slots=True)
class ListTab:
    """One of them."""

    label: str
    url: str
    is_current: bool
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class ListTabs:
    """All of them, and what the form that keeps the list as it stands is filled with."""

    tabs: tuple[ListTab, ...]
    listing: str
    query: str  # what would be kept; empty where nothing is chosen
    may_share: bool
    has_views: bool


def list_url(listing: str) -> str:
    """The address of a list that views are kept of."""
    return reverse(_LISTS[SavedView.List(listing)])


def view_url(view: SavedView) -> str:
    """Where a view leads: its list, and nowhere else, whatever stands in the row."""
    query = kept_query(view.listing, view.query)
    return f"{list_url(view.listing)}?{query}" if query else list_url(view.listing)


def kept_query(listing: str, query: str) -> str:
    """What of an address may be kept: the list's own filters, its search and order, and no more.

    Moments get their zone, for a view that is shared means one time for everybody.
    """
    known = _parameters(listing)
    asked = {
        name: str(value).replace("\0", "")[:300]
        for name, value in QueryDict(query[: 4 * MAX_QUERY]).items()
        if name in known and value
    }
    asked |= {name: moment.isoformat() for name, moment in bounds(asked).items() if name in asked}
    return urlencode(sorted(asked.items()))


def list_tabs(
    request: HttpRequest, listing: str, presets: Mapping[str, Mapping[str, str]]
) -> ListTabs:
    """The presets of a list and the saved views; the one that the address asks for is marked."""
    here = list_url(listing)
    asked = {name: value for name, value in request.GET.items() if name not in _NO_CHOICE}
    query = kept_query(listing, urlencode(asked))
    user = person(request)
    saved = list(views.visible_views(user, listing)[: views.MAX_LISTED])
    tabs = [
        ListTab(label, f"{here}?{urlencode(choice)}" if choice else here, asked == choice)
        for label, choice in presets.items()
    ]
    tabs += [
        ListTab(view.name, view_url(view), bool(query) and view.query == query, view.is_shared)
        for view in saved
    ]
    return ListTabs(
        tabs=tuple(tabs),
        listing=listing,
        query="" if any(tab.is_current for tab in tabs) else query,
        may_share=views.may_share(user),
        has_views=bool(saved),
    )


def csv_url(request: HttpRequest, name: str) -> str:
    """Where the list is to be had as CSV, all pages of it."""
    asked = {name: value for name, value in request.GET.items() if name not in _NO_CHOICE}
    return f"{reverse(name)}?{urlencode(asked)}" if asked else reverse(name)


def _parameters(listing: str) -> frozenset[str]:
    """The names that a list's address may have: those of its filters, its search, its order."""
    model_admin = admin.site.get_model_admin(_MODELS[SavedView.List(listing)])
    names = {SEARCH_VAR} if model_admin.search_fields else set()
    if model_admin.sortable_by:
        names.add(SORT)
    for one in model_admin.list_filter:
        names.update(getattr(one, "parameter_names", None) or {getattr(one, "parameter_name", "")})
    return frozenset(names)
