"""Users and groups: stock admin, without the switches that mean nothing in this console."""

from __future__ import annotations

from contextlib import suppress
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db.models import ManyToManyField, Q, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from jobs import actions
from jobs.access import policy
from jobs.access.requests import origin_of
from jobs.admin import markup
from jobs.admin.modeladmin import Base, M, count_tick_for_all, is_offered
from jobs.admin.people_form import PersonForm
from jobs.admin.requests import person, reason_of
from jobs.admin.visible import one_line
from jobs.errors import AuditUnavailable

# Rights that the console asks for. Others exist (Django makes four for each table) and do nothing.
_OTHERS: Final = ("auth.view_user", "auth.view_group")
_FILTERS_OF_USERS: Final = ("is_active", "is_superuser", "groups")

# Fields of the forms, as a record tells of a denied one: never a password.
_TEXTS: Final = (
    *("username", "first_name", "last_name", "email", "name"),
    *("is_active", "is_staff", "is_superuser"),
)
_CHOICES: Final = ("groups", "user_permissions", "permissions")


def _rights() -> QuerySet[Permission]:
    names = {*policy.PERMISSIONS.values(), *_OTHERS}
    wanted = [
        Q(content_type__app_label=app, codename=codename)
        for app, codename in (name.split(".") for name in names)
    ]
    return Permission.objects.filter(reduce(or_, wanted)).order_by("name")


if TYPE_CHECKING:
    Field = ModelMultipleChoiceField[Any] | None
    Users = UserAdmin[User]
    Choice = ModelMultipleChoiceField[Permission]
else:
    Choice = ModelMultipleChoiceField
    Users = UserAdmin  # only the checker takes it for generic


class Rights(Choice):
    """Rights with a box for each, by what they let one do."""

    def __init__(self) -> None:
        super().__init__(_rights(), required=False, widget=CheckboxSelectMultiple)

    def label_from_instance(self, obj: Permission) -> str:
        """What it lets one do."""
        return obj.name


class ForSuperusers(Base[M]):
    """Shown to whoever may view; changed by superusers alone. Who else tries leaves a record.

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

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Stock admin's."""
        require_superuser(request, f"create {self._kind}", self._kind)
        return super().add_view(request, *args, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Stock admin's."""
        require_superuser(request, f"change {self._kind}", self._kind, object_id)
        return super().change_view(request, object_id, *args, **kwargs)

    def delete_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Stock admin's."""
        require_superuser(request, f"delete {self._kind}", self._kind, object_id)
        return super().delete_view(request, object_id, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Stock admin's, whose only action deletes those that were chosen."""
        require_to_delete(request, self._kind)
        count_tick_for_all(request)
        return super().changelist_view(request, *args, **kwargs)

    @property
    def _kind(self) -> str:
        return str(self.opts.model_name)


def require_to_delete(request: HttpRequest, kind: str) -> None:
    """Turn away whoever asks for an action of the list and is no superuser; as below."""
    if "delete_selected" in request.POST.getlist("action"):
        require_superuser(request, f"delete {kind}", kind)


def require_superuser(request: HttpRequest, verb: str, kind: str, which: str | None = None) -> None:
    """Turn away whoever sends a form about people or groups and is no superuser.

    Raises:
        PermissionDenied: they are not; what was asked for is recorded.
    """
    if request.method != "POST" or _is_superuser(request):
        return
    with suppress(AuditUnavailable):
        async_to_sync(actions.deny_change_of_people)(
            actor=person(request),
            verb=verb,
            kind=kind,
            origin=origin_of(request),
            which=which,
            asked=_asked(request),
            reason=reason_of(request),
        )
    raise PermissionDenied(f"You may not {verb} here.")


def _asked(request: HttpRequest) -> dict[str, Any]:
    data = request.POST
    chosen = data.getlist(ACTION_CHECKBOX_NAME)
    return {
        **{name: data[name] for name in _TEXTS if name in data},
        **{name: data.getlist(name) for name in _CHOICES if name in data},
        **({"chosen": chosen, "count": len(chosen)} if chosen else {}),
    }


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class PodiumUserAdmin(ForSuperusers[User], Users):
    """People. `is_staff` is not shown: rights alone decide who may enter."""

    list_display = ("username", "whole_name", "in_groups", "is_active", "seen")
    list_filter = _FILTERS_OF_USERS
    form = PersonForm
    filter_horizontal = ()
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
        """Few groups, each with its box; only rights that mean something here."""
        if db_field.name == "groups":
            return ModelMultipleChoiceField(
                Group.objects.order_by("name"), required=False, widget=CheckboxSelectMultiple
            )
        if db_field.name == "user_permissions":
            return Rights()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def user_change_password(
        self, request: HttpRequest, id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Stock admin's."""
        require_superuser(request, "change password", "user", id)
        return super().user_change_password(request, id, *args, **kwargs)

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


class PodiumGroupAdmin(ForSuperusers[Group], GroupAdmin):
    """Groups and their rights."""

    search_help_text = "Name of a group"
    filter_horizontal = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """The page has no filters."""
        return False

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> Field:
        """Only rights that mean something here."""
        if db_field.name == "permissions":
            return Rights()
        return super().formfield_for_manytomany(db_field, request, **kwargs)


def register(site: admin.AdminSite) -> None:
    """Take the place of Django's own."""
    site.unregister(User)
    site.unregister(Group)
    site.register(User, PodiumUserAdmin)
    site.register(Group, PodiumGroupAdmin)
