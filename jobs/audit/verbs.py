"""All verbs that Podium's records have, and how a page says them: one table for all who ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jobs.terms import Verb

VERB_WORDS: Final[Mapping[str, str]] = {
    **{verb.value: verb.value for verb in Verb},
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
    "export audit log": "export audit log",
    "rebuild audit lists": "rebuild audit lists",
    "view_audit": "view audit log",  # only denials: reading leaves no record
    "settle": "settle",  # only denials: a settled attempt keeps its own verb
}


def verb_words(verb: str) -> str:
    """The verb as a person reads it; one that this Podium does not know in its own words."""
    return VERB_WORDS.get(verb) or verb.replace("_", " ").replace(".", " ")
