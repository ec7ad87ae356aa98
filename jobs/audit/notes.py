"""Facts that concern no conductor: logins, and changes of people, rights and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from django.db import transaction

from jobs.audit.appending import append
from jobs.audit.draft import Draft
from jobs.audit.identity import new_action_id
from jobs.audit.origin import Origin
from jobs.errors import AuditUnavailable
from jobs.terms import Outcome, RecordKind

_log = structlog.get_logger(__name__)


def note(
    verb: str,
    *,
    actor_id: int | None,
    actor_name: str,
    origin: Origin,
    message: str,
    outcome: Outcome = Outcome.SUCCEEDED,
    arguments: Mapping[str, Any] | None = None,
    is_vital: bool = False,
) -> None:
    """Record what has happened; inside a transaction, once that is committed.

    What has happened cannot be refused any more, and a full disk must not lock people out: a note
    that cannot be written is an error in the log, with all that it would have said. With `is_vital`
    it raises instead, for what can still be undone.

    Raises:
        AuditUnavailable: a vital note could not be written.
    """
    draft = Draft(
        action_id=new_action_id(),
        kind=RecordKind.NOTE,
        verb=verb,
        actor_id=actor_id,
        actor_name=actor_name,
        origin=origin,
        arguments=arguments or {},
        outcome=outcome,
        message=message,
    )
    transaction.on_commit(partial(append if is_vital else _write, draft))


def _write(draft: Draft) -> None:
    try:
        append(draft)
    except AuditUnavailable as error:
        _log.exception(
            "AUDIT NOTE LOST",
            verb=draft.verb,
            actor=draft.actor_name,
            outcome=draft.outcome,
            what=draft.message,
            arguments=dict(draft.arguments),
            ip=draft.origin.ip,
            may_be_recorded=error.may_be_recorded,
        )
