"""A changelist that pages by the last row seen instead of counting: the same speed at any depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest

from jobs.admin.filters import Chip, chips
from jobs.admin.numbers import whole

BEFORE: Final = "before"
AFTER: Final = "after"
SORT: Final = "sort"  # the name of a column, falling with a minus before it
MAX_COUNTED: Final = 1_000


class PlaceLost(Exception):
    """The row that a page lies beyond has no place in the order any more."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by. Rows alike in it follow by id, the other way round.

    That is the order of an index on (column, -id), read forwards or backwards.
    """

    by: Any = None  # a field's name or an expression, never null; None: by id
    is_descending: bool = True

    @property
    def terms(self) -> tuple[Any, ...]:
        """For `order_by`."""
        if self.by is None:
            return ("-pk" if self.is_descending else "pk",)
        column = F(self.by) if isinstance(self.by, str) else self.by
        sorted_by = column.desc() if self.is_descending else column.asc()
        return (sorted_by, "pk" if self.is_descending else "-pk")

    def turned(self) -> Order:
        """The other way round."""
        return Order(self.by, not self.is_descending)

    def beyond(self, rows: QuerySet[Any], pk: int, count: int) -> list[int]:
        """The ids of the next rows of this order behind the one with that id.

        Raises:
            PlaceLost: that row is gone, or what the order goes by is null in it now.
        """
        is_falling = self.is_descending
        if self.by is None:
            rows = rows.filter(**{"pk__lt" if is_falling else "pk__gt": pk})
            return _first(rows.order_by(*self.terms), count)
        column = F(self.by) if isinstance(self.by, str) else self.by
        rows = rows.alias(_sorted_by=column)
        here = rows.model._default_manager.filter(pk=pk).values_list(column, flat=True).first()
        if here is None:
            raise PlaceLost
        # Two questions, each one stretch of the index: "or" between them would read it all.
        alike = rows.filter(_sorted_by=here, **{"pk__gt" if is_falling else "pk__lt": pk})
        found = _first(alike.order_by("pk" if is_falling else "-pk"), count)
        if len(found) < count:
            further = rows.filter(**{"_sorted_by__lt" if is_falling else "_sorted_by__gt": here})
            found += _first(further.order_by(*self.terms), count - len(found))
        return found


def _first(rows: QuerySet[Any], count: int) -> list[int]:
    # Ids alone: what has to be sorted stays small, and the rows of one page are read afterwards.
    return list(rows.values_list("pk", flat=True)[:count])


class KeysetChangeList(ChangeList):
    """Newest first, or sorted by one column; `before` and `after` name the row a page lies beyond.

    `before` leads down the list, to older rows where the newest stand first.
    """

    order = Order()
    older_url = newer_url = ""
    is_counted = False  # whether the rows are counted, up to a bound
    has_more_than_counted = False

    def get_filters(self, request: HttpRequest) -> Any:
        """The filters; where a page begins is none, and no link to another choice keeps it."""
        for name in (BEFORE, AFTER):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_filters(request)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """All that is a filter; the order is none."""
        kept = super().get_filters_params(params)
        return {name: value for name, value in kept.items() if name != SORT}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """An address of this list. Stock admin's numbers of columns become names in it.

        The number of a column is another one for somebody whose list has no boxes to tick.
        """
        asked = dict(new_params or {})
        if ORDER_VAR in asked:
            asked[SORT] = self._named(str(asked.pop(ORDER_VAR)))
        return super().get_query_string(asked, [name for name in remove or [] if name != ORDER_VAR])

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """By the one column that is asked for, or as the list wants it."""
        name = str(self.params.get(SORT, ""))
        by = self._sortable().get(name.removeprefix("-"))
        if by is None:
            self.order = self.default_order(request)
        else:
            self.order = Order(None if by == "id" else by, is_descending=name.startswith("-"))
        return list(self.order.terms)

    def default_order(self, request: HttpRequest) -> Order:
        """The newest first."""
        return Order()

    def get_ordering_field_columns(self) -> dict[int, Literal["asc", "desc"]]:
        """The column that the list is sorted by, and how."""
        name = str(self.params.get(SORT, ""))
        column = name.removeprefix("-")
        if column not in self._sortable():
            return {}
        return {self.list_display.index(column): "desc" if name.startswith("-") else "asc"}

    def _sortable(self) -> dict[str, Any]:
        asked = ((name, self.get_ordering_field(name)) for name in self.sortable_by or ())
        return {str(name): by for name, by in asked if by is not None}

    def _named(self, numbers: str) -> str:
        """`-4.2`, as stock admin asks for the fourth column, in names: `-cost`."""
        first = numbers.split(".")[0]
        index = int(first.removeprefix("-") or 0)
        name = str(self.list_display[index])
        if index in self.get_ordering_field_columns():
            return f"-{name}" if first.startswith("-") else name
        is_first_falling = name in getattr(self.model_admin, "descending_first", ())
        return f"-{name}" if is_first_falling else name

    def get_results(self, request: HttpRequest) -> None:
        """One page, and whether there are others; no count of what may be a million rows."""
        rows, size = self.queryset, self.list_per_page
        if self.is_counted:
            rows = self._counted(rows)
        before, after = whole(request.GET.get(BEFORE)), whole(request.GET.get(AFTER))
        upwards = self.order.turned()
        found = None
        try:
            if after is not None:
                found = upwards.beyond(rows, after, size + 1)
            elif before is not None:
                found = self.order.beyond(rows, before, size + 1)
        except PlaceLost:
            before = after = None  # the list from its top, which says so itself
        if after is not None and found is not None:
            has_newer = len(found) > size
            page = found[:size][::-1]
            has_older = True  # at least the row that the page ends before
        else:
            found = _first(rows, size + 1) if found is None else found
            page = found[:size]
            has_older = len(found) > size
            has_newer = before is not None
        if after is not None and not page:
            has_older = False
        self.result_list = self.rows(page)
        if not self.is_counted:
            self.result_count = self.full_result_count = len(page)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all, self.multi_page = False, has_newer or has_older
        self.paginator = Paginator(page, size)  # what stock tags ask for; one page
        self.older_url = self._page_url(BEFORE, page[-1]) if page and has_older else ""
        self.newer_url = self._page_url(AFTER, page[0]) if page and has_newer else ""

    def _counted(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Count them up to a bound; few ones are then found by their ids in any order."""
        keys = _first(rows.order_by(), MAX_COUNTED + 1)
        self.has_more_than_counted = len(keys) > MAX_COUNTED
        self.result_count = self.full_result_count = min(len(keys), MAX_COUNTED)
        if self.has_more_than_counted or self.order.by is None:
            return rows
        return self.root_queryset.filter(pk__in=keys).order_by(*self.order.terms)

    def rows(self, page: list[int]) -> list[Any]:
        """The rows with these ids, in this order, with all that a line of the list shows."""
        chosen = self.root_queryset.filter(pk__in=page)
        found = {row.pk: row for row in self.apply_select_related(chosen)}
        return [found[pk] for pk in page if pk in found]

    @property
    def chips(self) -> list[Chip]:
        """What the list is narrowed by, each with the address without it."""
        return chips(self)

    @property
    def is_by_age(self) -> bool:
        """Whether the list runs from new to old."""
        return self.order.is_descending and self.params.get(SORT, "-submitted") == "-submitted"

    @property
    def is_complete(self) -> bool:
        """Whether the page is all there is."""
        return not (self.older_url or self.newer_url)

    def _page_url(self, name: str, pk: int) -> str:
        return self.get_query_string({name: pk}, remove=[BEFORE, AFTER])
