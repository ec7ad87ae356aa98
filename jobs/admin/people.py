"""Users and groups: stock admin, without the switches that mean nothing in this console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import ManyToManyField, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.safestring import SafeString

from jobs.admin import markup
from jobs.admin.modeladmin import is_offered
from jobs.admin.visible import one_line

# Rights that the console asks for. Others exist (Django makes four for each table) and do nothing.
_APPS: Final = ("jobs", "auth")
_FILTERS_OF_USERS: Final = ("is_active", "is_superuser", "groups")


def _rights() -> QuerySet[Permission]:
    return Permission.objects.filter(content_type__app_label__in=_APPS).select_related(
        "content_type"
    )


if TYPE_CHECKING:
    Field = ModelMultipleChoiceField[Any] | None
    Users = UserAdmin[User]
else:
    Users = UserAdmin  # only the checker takes it for generic


class ForSuperusers:
    """Shown to whoever may view; changed by superusers alone.

    Stock admin lets everybody who may change a user make that user, themselves included, a
    superuser or a member of any group.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers only."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only."""
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class PodiumUserAdmin(ForSuperusers, Users):
    """People. `is_staff` is not shown: rights alone decide who may enter."""

    list_display = ("username", "whole_name", "in_groups", "is_active", "seen")
    list_filter = _FILTERS_OF_USERS
    search_help_text = "Name or address"
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Rights",
            {
                "fields": ("is_active", "is_superuser", "groups"),
                "description": "Groups carry the rights: Viewer, Operator and Auditor come with "
                "Podium. Each change is in the audit log.",
            },
        ),
        ("Single rights", {"fields": ("user_permissions",), "classes": ("collapse",)}),
    )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what the page's filters offer."""
        return is_offered(_FILTERS_OF_USERS, lookup)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With their groups, in one more query for all."""
        people: QuerySet[User] = super().get_queryset(request)
        return people.prefetch_related("groups")

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Field:
        """Only rights that mean something here."""
        if db_field.name == "user_permissions":
            kwargs["queryset"] = _rights()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description="Name")
    def whole_name(self, user: User) -> str:
        """First and last name."""
        return one_line(user.get_full_name())

    @admin.display(description="Groups")
    def in_groups(self, user: User) -> SafeString | str:
        """The groups, or that there is no need of one."""
        if user.is_superuser:
            return "Superuser"
        names = ", ".join(group.name for group in user.groups.all())
        return one_line(names) or markup.nothing("none: may not enter")

    @admin.display(description="Last login", ordering="last_login")
    def seen(self, user: User) -> SafeString:
        """When."""
        return markup.moment(user.last_login, "never")


class PodiumGroupAdmin(ForSuperusers, GroupAdmin):
    """Groups and their rights."""

    search_help_text = "Name of a group"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """The page has no filters."""
        return False

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> Field:
        """Only rights that mean something here."""
        if db_field.name == "permissions":
            kwargs["queryset"] = _rights()
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def register(site: admin.AdminSite) -> None:
    """Take the place of Django's own."""
    site.unregister(User)
    site.unregister(Group)
    site.register(User, PodiumUserAdmin)
    site.register(Group, PodiumGroupAdmin)
