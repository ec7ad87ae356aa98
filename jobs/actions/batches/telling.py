"""What came of the runs of a batch by now: a lost answer may have come or been judged since."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Count, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from jobs.actions.models import Batch, BatchItem
from jobs.audit.models import Action
from jobs.terms import Outcome


def told(items: QuerySet[BatchItem]) -> QuerySet[Any]:
    """The items with what their attempts tell now, where the answer was lost.

    `known` is the outcome, empty without one; `verdict` what was concluded of an unknown one;
    `said` the words; `came_to` the verdict, the outcome or the state, whichever there is first.
    """
    action = Action.objects.filter(pk=OuterRef("action_pk")).exclude(outcome=Outcome.OPEN)

    def of_action(column: str) -> Case:
        found = Subquery(action.values(column)[:1], output_field=CharField())
        return Case(When(outcome=Outcome.UNKNOWN, then=found), output_field=CharField())

    return items.annotate(
        known=Coalesce(of_action("outcome"), F("outcome")),
        verdict=Coalesce(of_action("verdict"), Value("")),
        said=Coalesce(of_action("message"), F("message"), output_field=CharField()),
    ).annotate(
        came_to=Case(
            When(verdict__gt="", then=F("verdict")),
            When(known__gt="", then=F("known")),
            default=F("state"),
            output_field=CharField(),
        )
    )


def counts_of(batch: Batch) -> dict[str, int]:
    """How many runs came to the same: by verdict, else by outcome, without one by their state."""
    rows = told(batch.items.order_by()).values("came_to").annotate(count=Count("pk"))
    return {row["came_to"]: row["count"] for row in rows}
