"""Lists by keyset: a page begins after the last row of the one before, whatever was added since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import MAXYEAR, datetime
from typing import Annotated, Final, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Schema
from ninja.errors import ValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_LIMIT: Final = 200
_BIGGEST_ID: Final = 2**63 - 1
NONE: Final[frozenset[str]] = frozenset()

M = TypeVar("M", bound=Model)
S = TypeVar("S", bound=BaseModel)


def _plain(text: str) -> str:
    """PostgreSQL has no place for NUL, and no name, status or verb has control characters."""
    if not text.isprintable():
        raise ValueError("has unprintable characters")
    return text


def _of_this_era(moment: datetime) -> datetime:
    # A day before the first or after the last year cannot be told in UTC.
    if not 1 < moment.year < MAXYEAR:
        raise ValueError("is not a moment that can be compared with")
    return moment


Plain = Annotated[str, Field(max_length=300), AfterValidator(_plain)]
Moment = Annotated[datetime, AfterValidator(_of_this_era)]
Id = Annotated[int, Field(ge=0, le=_BIGGEST_ID)]


class Paging(Schema):
    """Which page: `cursor` is the `next` of the page before."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    cursor: Id | None = None


class Page(Schema, Generic[S]):
    """One page; `next` is null on the last."""

    items: list[S]
    next: str | None


def only_known(request: HttpRequest, *shapes: type[BaseModel], also: frozenset[str] = NONE) -> None:
    """Refuse a query with a name that is not documented: a misspelt filter would filter nothing.

    Raises:
        ValidationError: there is one.
    """
    known = also.union(*(shape.model_fields for shape in shapes))
    unknown = sorted(set(request.GET) - known)
    if unknown:
        faults = [{"loc": ("query", name[:100]), "msg": "is not known here"} for name in unknown]
        raise ValidationError(faults[:20])


def newest_first(rows: QuerySet[M], paging: Paging, shape: Callable[[M], S]) -> Page[S]:
    """The page of the rows with ids below the cursor."""
    if paging.cursor is not None:
        rows = rows.filter(pk__lt=paging.cursor)
    found = list(rows.order_by("-pk")[: paging.limit + 1])
    page = found[: paging.limit]
    more = len(found) > paging.limit
    return Page(items=[shape(row) for row in page], next=str(page[-1].pk) if more else None)


def oldest_first(rows: QuerySet[M], paging: Paging, shape: Callable[[M], S], *, by: str) -> Page[S]:
    """The page of the rows whose number (`by`) is above the cursor."""
    if paging.cursor is not None:
        rows = rows.filter(**{f"{by}__gt": paging.cursor})
    found = list(rows.order_by(by)[: paging.limit + 1])
    page = found[: paging.limit]
    more = len(found) > paging.limit
    return Page(
        items=[shape(row) for row in page], next=str(getattr(page[-1], by)) if more else None
    )
