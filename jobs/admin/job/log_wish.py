"""What a person asks of a log: which sheet, which part, which lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlencode

from django.http import HttpRequest

from jobs.admin.numbers import whole
from jobs.logs import BadPattern, Filter, Level, levels_named

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Wish:
    """The part of a log's address that says what to show."""

    sheet: int | None = None  # None: not named
    followed: int | None = None  # the sheet that the script shows of a run that is followed
    is_all: bool = False
    query: str = ""
    is_regex: bool = False
    has_case: bool = False
    levels: tuple[str, ...] = ()
    only: bool = False  # matching lines, not all with the matches marked
    line: int | None = None
    start: int | None = None
    end: int | None = None
    at: int | None = None
    fault: str = ""
    filter: Filter = field(default_factory=Filter)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """What a request asks for; what is not understood is as if it were not there."""
        get = request.GET.get
        query = (get("q") or "").replace("\0", "")
        levels = levels_named(request.GET.getlist("level"))
        is_regex, has_case = get("regex") == "1", get("case") == "1"
        only, fault, chosen = get("only") == "1", "", Filter(levels)
        try:
            chosen = Filter.of(query, levels, is_regex=is_regex, any_case=not has_case)
        except BadPattern as error:
            fault = f"This cannot be searched for: {error}."
        return cls(
            sheet=whole(get("sheet")),
            followed=whole(get("followed")),
            is_all=get("sheet") == ALL,
            query=query,
            is_regex=is_regex,
            has_case=has_case,
            levels=tuple(level.value for level in Level if level in levels),
            only=only and bool(query),
            line=whole(get("line")),
            start=whole(get("from")),
            end=whole(get("to")),
            at=whole(get("at")),
            fault=fault,
            filter=chosen,
        )

    @property
    def shown(self) -> Filter:
        """What decides which rows are shown at all."""
        return Filter(self.filter.levels, self.filter.query if self.only else None)

    @property
    def found(self) -> Filter:
        """What decides which rows count as found."""
        return self.filter

    def address(self, sheet: int | str | None, **more: int | str) -> str:
        """The same wish for a sheet as a query, with a place in its log.

        None leaves it to the page which sheet it shows, and to go on from there to the next.
        """
        parts: list[tuple[str, str]] = [] if sheet is None else [("sheet", str(sheet))]
        if self.query:
            parts.append(("q", self.query))
        for name, is_set in (
            ("regex", self.is_regex),
            ("case", self.has_case),
            ("only", self.only),
        ):
            if is_set:
                parts.append((name, "1"))
        parts += [("level", level) for level in self.levels]
        parts += [(name.rstrip("_"), str(value)) for name, value in more.items()]
        return "?" + urlencode(parts)
