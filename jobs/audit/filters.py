"""Which attempts are meant: the filters that the API and the command have in common."""

from __future__ import annotations

from typing import Final

ATTEMPT_LOOKUPS: Final = {
    "actor": "actor_name",
    "actor_id": "actor_id",
    "verb": "verb",
    "outcome": "outcome",
    "channel": "channel",
    "conductor": "conductor",
    "job": "job_pk",
    "job_id": "job_id",
    "needs_attention": "needs_attention",
    "since": "started_at__gte",
    "until": "started_at__lt",
}
