"""The ModelAdmin that all of Podium's own pages build on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    Base = admin.ModelAdmin
else:

    class Base(admin.ModelAdmin):
        """Stock ModelAdmin, whose type the checker knows to be generic, and Python does not."""

        def __class_getitem__(cls, _model: Any) -> type[Base]:
            return cls


# `isnull` and `id__exact` are what stock filters of a field ask with.
_PLAIN: Final = frozenset({"exact", "in", "isnull", "id"})


def is_offered(list_filter: Iterable[Any], lookup: str) -> bool:
    """Whether a list's address may narrow it by this: only as its filters themselves do.

    Stock admin takes any lookup on any field from the address: `?name__regex=` runs Python's
    `re` inside SQLite, where a pattern of thirty letters holds the whole process.
    """
    name, *comparisons = lookup.split("__")
    for part in list_filter:
        if isinstance(part, str):
            if name == part and set(comparisons) <= _PLAIN:
                return True
        elif lookup in getattr(part, "parameter_names", (part.parameter_name,)):
            return True
    return False


def is_across(request: HttpRequest) -> bool:
    """Whether a list's form means all that match, whichever rows are ticked."""
    return request.POST.get("select_across") == "1"


def count_tick_for_all(request: HttpRequest) -> None:
    """Let the tick for all of a list be a choice by itself.

    Stock admin turns a form without a row away before it looks at that tick, and where the tick is
    set it takes no row from the form.
    """
    if is_across(request) and not request.POST.getlist(ACTION_CHECKBOX_NAME):
        posted = request.POST.copy()
        posted.setlist(ACTION_CHECKBOX_NAME, ["all"])
        request.POST = posted  # type: ignore[assignment]  # a copy can be written to, unlike POST


class ReadOnlyAdmin(Base[M]):
    """Lists and shows; nothing is added, changed or deleted through stock admin's own forms.

    Those wrap everything in a transaction, and a rollback could take an audit record along.
    """

    actions: Sequence[Callable[..., Any] | str] | None = None
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what the page's filters offer."""
        return is_offered(self.get_list_filter(request), lookup)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never by stock admin."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Never by stock admin."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Never by stock admin."""
        return False
