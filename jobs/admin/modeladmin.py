"""The ModelAdmin that all of Podium's own pages build on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
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


class ReadOnlyAdmin(Base[M]):
    """Lists and shows; nothing is added, changed or deleted through stock admin's own forms.

    Those wrap everything in a transaction, and a rollback could take an audit record along.
    """

    actions: Sequence[Callable[..., Any] | str] | None = None
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never by stock admin."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Never by stock admin."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Never by stock admin."""
        return False
