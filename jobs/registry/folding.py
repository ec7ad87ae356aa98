"""Text without regard to capitals, in the order of bytes: an index that beginnings are found by."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Func, QuerySet, Value
from django.db.models.functions import Concat

# The last letter there is: whatever begins with a text lies between it and it with this behind.
_LAST: Final = "\U0010ffff"
MAX_PATH_START: Final = 200  # so much of a path can be searched by


class Folded(Func):
    """A column in small letters, comparable by bytes on every database."""

    function = "LOWER"
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """There the database's own language would decide on the order."""
        template = '(LOWER(%(expressions)s) COLLATE "C")'
        return self.as_sql(compiler, connection, template=template, **context)


class PathStart(Func):
    """As much of a path as an entry of an index has room for.

    The number stands in the text: SQLite takes an index on an expression for the very same alone,
    and a parameter of a question is not.
    """

    arity = 1
    template = f"SUBSTR(%(expressions)s, 1, {MAX_PATH_START})"


def beginning_with(rows: QuerySet[Any], column: Any, text: str) -> QuerySet[Any]:
    """The rows whose column begins with a text, in capitals or not; goes by an index on Folded.

    `LIKE` would find no index on SQLite, and on PostgreSQL only one in the order of bytes.
    """
    start, end = Folded(Value(text)), Folded(Concat(Value(text), Value(_LAST)))
    found: QuerySet[Any] = rows.alias(folded=Folded(column))
    return found.filter(folded__gte=start, folded__lt=end)
