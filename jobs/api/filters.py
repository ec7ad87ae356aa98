"""Which attempts of the audit log are meant."""

from __future__ import annotations

from typing import Annotated

from django.db.models import QuerySet
from ninja import Schema
from pydantic import AfterValidator, ConfigDict

from jobs.api.paging import Id, Moment, Plain
from jobs.audit.filters import ATTEMPT_LOOKUPS
from jobs.audit.models import Action
from jobs.audit.verbs import VERB_WORDS
from jobs.terms import Channel, Outcome


def _known_verb(verb: str) -> str:
    """A misspelt verb would find nothing, and look as if nothing had been done."""
    if verb not in VERB_WORDS:
        raise ValueError(f"is none of: {', '.join(VERB_WORDS)}")
    return verb


KnownVerb = Annotated[Plain, AfterValidator(_known_verb)]


class AttemptFilters(Schema):
    """By person, verb, outcome, way in, place and time; all that are given have to hold."""

    model_config = ConfigDict(extra="forbid")

    actor: Plain | None = None
    actor_id: Id | None = None
    verb: KnownVerb | None = None
    outcome: Outcome | None = None
    channel: Channel | None = None
    conductor: Plain | None = None
    job: Id | None = None
    job_id: Plain | None = None
    needs_attention: bool | None = None
    since: Moment | None = None
    until: Moment | None = None


def chosen(attempts: QuerySet[Action], filters: AttemptFilters) -> QuerySet[Action]:
    """The attempts that all filters hold for."""
    given = {
        lookup: value
        for name, lookup in ATTEMPT_LOOKUPS.items()
        if (value := getattr(filters, name)) is not None
    }
    return attempts.filter(**given)
