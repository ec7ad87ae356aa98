"""Drafts with valid defaults."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from jobs.audit import Draft, Origin
from jobs.terms import Channel, RecordKind, Verb


def make_draft(kind: RecordKind = RecordKind.INTENT, **fields: Any) -> Draft:
    """Ada's intent to pause a job, from a page."""
    defaults: dict[str, Any] = {
        "action_id": uuid4(),
        "kind": kind,
        "verb": Verb.PAUSE,
        "actor_id": 1,
        "actor_name": "ada",
        "origin": Origin(Channel.PAGE, ip="192.0.2.7", path="/jobs/job/1/change/"),
        "conductor": "local",
        "job_id": "hello",
    }
    return Draft(**defaults | fields)
