"""All verbs that Podium's records have, and how a page says them: one table for all who ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jobs.terms import BULK_VERBS, Verb

VERB_WORDS: Final[Mapping[str, str]] = {
    **{verb.value: verb.value for verb in Verb},
    Verb.TRY_RECOVER.value: "try to recover (dry run)",
    Verb.CLEAR_RATE_LIMITS.value: "clear rate limits",
    **{f"bulk {verb.value}": f"{verb.value} several jobs" for verb in BULK_VERBS},
    "login": "login",
    "logout": "logout",
    "lockout": "lockout",
    "create user": "create user",
    "change user": "change user",
    "delete user": "delete user",
    "create group": "create group",
    "change group": "change group",
    "delete group": "delete group",
    "change password": "change password",
    "create token": "create token",
    "revoke token": "revoke token",
    "save score": "save score",
    "restore score": "restore score",
    "import score": "import score",
    "save draft": "save draft",
    "discard draft": "discard draft",
    "edit_score": "edit scores",  # only denials
    "judge_score": "judge scores",  # only denials, likewise
    "share view": "share view",
    "change shared view": "change shared view",
    "delete shared view": "delete shared view",
    "share_view": "share views",  # only denials
    "export audit log": "export audit log",
    "rebuild audit lists": "rebuild audit lists",
    "view": "view jobs",  # only denials
    "view_audit": "view audit log",  # only denials: reading leaves no record
    "settle": "settle",  # only denials: a settled attempt keeps its own verb
}


def verb_words(verb: str) -> str:
    """The verb as a person reads it; one that this Podium does not know in its own words."""
    return VERB_WORDS.get(verb) or verb.replace("_", " ").replace(".", " ")
