"""The AdminSite that is the console."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils import timezone

# Attempts are listed where their records are spoken of.
_AUDIT_ROUTE = "jobs/auditrecord/"

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


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
            from jobs.admin.rightless import record_form

            record_form(request)
        return False

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Stock admin's guard, which gives a text back rather than lose it at the login.

        Nothing is `cacheable`: stock admin's pages for a password bear the person's name as well.
        """
        guarded = super().admin_view(view)

        @wraps(guarded)
        def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            from jobs.admin.unsent import given_back

            return given_back(request) or guarded(request, *args, **kwargs)

        return cast(View, guard)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page of the console is given; makes no query per model."""
        from jobs.admin.navigation import attention_count, entries
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
            if is_live_refresh(request):  # which leaves the frame as it is but for one number
                # Asked when it is shown: a part or a question on its own has no place for it.
                context["attention_count"] = partial(attention_count, request.user)
            else:
                context["navigation"] = entries(request.user, request.path)
        return context

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Stock admin's, with the attempts at the audit log's address and without its index."""
        from jobs.admin import attention_page, overview, saved_views, search_page
        from jobs.audit.models import Action

        urls: list[URLPattern | URLResolver] = [
            path("", self.admin_view(overview.overview), name="index"),
            path("attention/", self.admin_view(attention_page.attention_view), name="attention"),
            path("search/", self.admin_view(search_page.search_view), name="search"),
            path("views/", self.admin_view(saved_views.views_view), name="saved_views"),
            path(
                "views/<str:listing>/save/",
                self.admin_view(saved_views.save_view),
                name="saved_view_save",
            ),
            path(
                "views/<int:pk>/change/",
                self.admin_view(saved_views.change_view),
                name="saved_view_change",
            ),
            path(
                "views/<int:pk>/delete/",
                self.admin_view(saved_views.delete_view),
                name="saved_view_delete",
            ),
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
        from jobs.access.logins import counted_name

        extra = {"title": "Log in", **(extra_context or {})}
        if request.method != "POST":
            return super().login(request, extra)
        return _in_turn(
            request, counted_name(request, None), partial(super().login, request, extra)
        )

    def password_change(  # type: ignore[override]  # a refusal is another response
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Whoever guesses the old password is counted and locked out as at the login."""
        change = partial(super().password_change, request, extra_context)
        if request.method != "POST":
            return change()
        name = request.user.get_username()
        return _in_turn(request, name, partial(_counted_change, request, name, change))


def _in_turn(request: HttpRequest, name: str, check: Callable[[], HttpResponse]) -> HttpResponse:
    """What checks somebody's password, once it is its turn."""
    from jobs.access.login_turns import TooManyAtOnce, turn
    from jobs.access.requests import client_ip

    try:
        with turn(name, client_ip(request) or ""):
            return check()
    except TooManyAtOnce as error:
        return render(request, "lockout.html", {"words": str(error)}, status=429)


def _counted_change(
    request: HttpRequest, name: str, change: Callable[[], HttpResponse]
) -> HttpResponse:
    from axes.handlers.proxy import AxesProxyHandler
    from axes.helpers import get_lockout_response
    from django.contrib.auth.signals import user_login_failed

    from jobs.access.logins import CHANGE_SENDER

    credentials = {"username": name}
    if not AxesProxyHandler.is_allowed(request, credentials):
        return cast(HttpResponse, get_lockout_response(request, credentials=credentials))
    response = change()
    form = (getattr(response, "context_data", None) or {}).get("form")
    if form is not None and form.has_error("old_password", "password_incorrect"):
        user_login_failed.send(CHANGE_SENDER, credentials=credentials, request=request)
    return response
