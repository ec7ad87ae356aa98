"""The pages on which views of lists are kept, renamed, shared and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from jobs import actions
from jobs.access import policy, views
from jobs.access.models import SavedView
from jobs.access.requests import origin_of
from jobs.admin.list_tabs import MAX_QUERY, kept_query, list_url, view_url
from jobs.admin.requests import person
from jobs.admin.visible import one_line
from jobs.errors import AuditUnavailable

MAX_NAME = 60


@require_safe
def views_view(request: HttpRequest) -> HttpResponse:
    """One's own views and the shared ones, list by list."""
    user = person(request)
    own = set(views.own_views(user).values_list("pk", flat=True)[:1_000])
    parts: list[dict[str, Any]] = []
    for listing in SavedView.List:
        if not views.may_open(user, listing):
            continue
        rows = views.visible_views(user, listing).select_related("owner")[:200]
        parts.append(
            {
                "listing": listing.value,
                "title": listing.label,
                "url": list_url(listing),
                "views": [
                    {
                        "pk": view.pk,
                        "name": one_line(view.name),
                        "raw_name": view.name,
                        "url": view_url(view),
                        "is_shared": view.is_shared,
                        "is_mine": view.owner_id == user.pk,
                        "owner": one_line(view.owner.get_username()),
                        "may_change": view.pk in own,
                    }
                    for view in rows
                ],
            }
        )
    context = {
        **admin.site.each_context(request),
        "title": "Saved views",
        "parts": parts,
        "may_share": views.may_share(user),
    }
    return render(request, "jobs/saved_views.html", context)


@require_POST
def save_view(request: HttpRequest, listing: str) -> HttpResponse:
    """Keep a list as it stands; a name that one has already is a view that is replaced."""
    user = person(request)
    if not views.may_open(user, listing):
        raise Http404("There is no such list, or none that you may see.")
    query = kept_query(listing, request.POST.get("query", ""))
    back = f"{list_url(listing)}?{query}" if query else list_url(listing)
    name = _name(request)
    asked = {"listing": listing, "name": name, "query": query}
    is_shared = _wants_sharing(request, user, asked)
    if not name or not query or len(query) > MAX_QUERY:
        messages.error(request, _fault(name, query))
        return HttpResponseRedirect(back)
    mine = SavedView.objects.filter(owner=user, listing=listing)
    if mine.count() >= views.MAX_OF_ONE and not mine.filter(name=name).exists():
        messages.error(request, f"You have {views.MAX_OF_ONE} views: delete one first.")
        return HttpResponseRedirect(back)
    earlier = mine.filter(name=name).first()
    before = views.facts_of(earlier) if earlier else None
    view, _ = SavedView.objects.update_or_create(
        owner=user, listing=listing, name=name, defaults={"query": query, "is_shared": is_shared}
    )
    views.note_change(user, origin_of(request), before, view)
    messages.success(request, f"The view “{one_line(name)}” is saved.")
    return HttpResponseRedirect(back)


@require_POST
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, shared or not."""
    user = person(request)
    view = _own_or_404(user, pk)
    name = _name(request)
    if not name:
        messages.error(request, _fault(name, view.query))
        return HttpResponseRedirect(reverse("admin:saved_views"))
    wants = bool(request.POST.get("is_shared"))
    if wants and not view.is_shared:
        _wants_sharing(request, user, {"view_id": pk, "listing": view.listing, "name": name})
    before = views.facts_of(view)
    view.name, view.is_shared = name, wants
    try:
        with transaction.atomic():
            SavedView.objects.filter(pk=view.pk).update(name=name, is_shared=wants)
    except IntegrityError:
        messages.error(request, f"There is a view “{one_line(name)}” already.")
    else:
        views.note_change(user, origin_of(request), before, view)
        messages.success(request, f"The view “{one_line(name)}” is changed.")
    return HttpResponseRedirect(reverse("admin:saved_views"))


@require_POST
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Away with it."""
    user = person(request)
    view = _own_or_404(user, pk)
    before = views.facts_of(view)
    view.delete()
    views.note_change(user, origin_of(request), before, None)
    messages.success(request, f"The view “{one_line(view.name)}” is deleted.")
    return HttpResponseRedirect(reverse("admin:saved_views"))


def _own_or_404(user: User, pk: int) -> SavedView:
    view = views.own_views(user).filter(pk=pk).first() if pk < 2**63 else None
    if view is None:
        raise Http404("There is no such view, or none of yours.")
    return view


def _name(request: HttpRequest) -> str:
    name = request.POST.get("name", "").replace("\0", "").strip()
    return "" if len(name) > MAX_NAME else name


def _wants_sharing(request: HttpRequest, user: User, asked: Mapping[str, Any]) -> bool:
    """Whether a form asks for the view to be shared.

    Raises:
        PermissionDenied: it does, and they may not; recorded, with what was `asked`.
    """
    if not request.POST.get("is_shared"):
        return False
    with suppress(AuditUnavailable):
        if async_to_sync(actions.may_ask_for)(user, policy.SHARE_VIEW, origin_of(request), asked):
            return True
    raise PermissionDenied("You may not share views: that takes the right to control jobs.")


def _fault(name: str, query: str) -> str:
    if not name:
        return f"Give the view a name of at most {MAX_NAME} letters."
    if not query:
        return "Nothing is chosen: filter, search or sort the list first."
    return "That is more than a view can keep: choose fewer filters."
