"""The AdminSite that is the console."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.admin import AdminSite
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils import timezone

from jobs.errors import AuditUnavailable

# Attempts are listed where their records are spoken of.
_AUDIT_ROUTE = "jobs/auditrecord/"


class PodiumSite(AdminSite):
    """Stock admin at `/`; the last of the URLs, and it catches nothing that is not its own."""

    site_header = site_title = "Podium"
    final_catch_all_view = False
    enable_nav_sidebar = False  # the navigation is our own
    login_form = AuthenticationForm  # rights decide, not `is_staff`
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this person has any right here at all."""
        from jobs.access.policy import has_any_right

        if bool(request.user.is_active) and has_any_right(request.user):
            return True
        if request.method == "POST" and isinstance(request.user, User):
            _record_denial(request, request.user)
        return False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page of the console is given; makes no query per model."""
        from jobs.admin.navigation import entries
        from jobs.admin.requests import is_live_refresh

        context: dict[str, Any] = {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": None,
            "has_permission": False,
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "log_entries": self.get_log_entries(request),
            "shell": "jobs/bare.html" if is_live_refresh(request) else "admin/base_site.html",
            "now": timezone.now(),
        }
        if request.user.is_authenticated and self.has_permission(request):
            context["has_permission"] = True
            context["navigation"] = entries(request.user, request.path)
        return context

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Stock admin's, with the attempts at the audit log's address and without its index."""
        from jobs.admin import overview
        from jobs.audit.models import Action

        urls: list[URLPattern | URLResolver] = [
            path("", self.admin_view(overview.overview), name="index"),
        ]
        for url in super().get_urls():
            route = str(url.pattern)
            if route == "jobs/action/":
                urls.append(path(_AUDIT_ROUTE, include(self._registry[Action].urls)))
            elif getattr(url, "name", None) not in {"index", "view_on_site", "app_list"}:
                urls.append(url)
        # Stock admin has one pattern for all of them; an address each can be read and visited.
        app_index = self.admin_view(self.app_index)
        for label in ("jobs", "auth"):
            urls.append(path(f"{label}/", app_index, {"app_label": label}, name="app_list"))
        return urls

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """A list of models says nothing to an operator: each app has one page that does."""
        name = "admin:auth_user_changelist" if app_label == "auth" else "admin:index"
        return HttpResponseRedirect(reverse(name))  # type: ignore[return-value]  # a response, too

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The only login page."""
        return super().login(request, {"title": "Log in", **(extra_context or {})})


def _record_denial(request: HttpRequest, user: User) -> None:
    """An attempt of somebody without any right; they are turned away in any case."""
    from jobs import actions
    from jobs.access.requests import origin_of

    with suppress(AuditUnavailable):
        async_to_sync(actions.may_view)(user, origin_of(request))
