"""List filters that ask for nothing they do not need: no query per choice, no count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest


class MenuFilter(SimpleListFilter):
    """Choices in a menu of their own; the label says which is chosen."""

    template = "jobs/filters/menu.html"

    def value(self) -> str | None:
        """The choice, fit for any database: PostgreSQL has no place for NUL."""
        value = super().value()
        return None if value is None else value.replace("\0", "")[:300]

    @property
    def chosen(self) -> str:
        """The words of the choice that was made; empty when none was."""
        value = self.value()
        if value is None:
            return ""
        return next((str(words) for key, words in self.lookup_choices if str(key) == value), value)


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that a list is narrowed by, and the address without it."""

    label: str
    words: str
    url: str


def chips(changelist: ChangeList) -> list[Chip]:
    """All that narrows a list at the moment, each to be taken off by itself."""
    found = []
    if changelist.query:
        url = changelist.get_query_string({SEARCH_VAR: None})
        found.append(Chip("Search", f"“{changelist.query[:60]}”", url))
    for spec in changelist.filter_specs:
        words = getattr(spec, "chosen", "")
        if words:
            names = dict.fromkeys(str(name) for name in spec.expected_parameters())
            url = changelist.get_query_string(dict.fromkeys(names))
            found.append(Chip(str(spec.title).capitalize(), str(words)[:80], url))
    return found


class TextFilter(SimpleListFilter):
    """One typed value, sent as a form that keeps the other filters."""

    template = "jobs/filters/text.html"
    placeholder: ClassVar[str] = ""
    input_type: ClassVar[str] = "text"
    suggestions: Sequence[str] = ()  # what may be meant; anything else can be typed, too

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One entry, only to be shown at all."""
        return [("", "")]

    @property
    def chosen(self) -> str:
        """What was typed."""
        return self.value() or ""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """What the form keeps, and the address without this filter."""
        kept = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name not in self.expected_parameters()
            for value in values
        ]
        yield {
            "kept": kept,
            "query_string": changelist.get_query_string({self.parameter_name or "": None}),
            "name": self.parameter_name,
            "value": self.chosen,
            "placeholder": self.placeholder,
            "input_type": self.input_type,
            "suggestions": self.suggestions,
            "selected": False,
            "display": "",
        }

    def filtered(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows that match; to be said by each filter."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that match what was typed."""
        value = self.chosen.replace("\0", "").strip()
        return self.filtered(queryset, value[:300]) if value else queryset
