"""Notes of logins: those that succeed, those that fail, and the lockouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from jobs.access.doers import Doer
from jobs.access.login_turns import note_failure, note_success
from jobs.access.requests import origin_of
from jobs.audit import Origin, note
from jobs.audit.cleaning import clean_text
from jobs.terms import Outcome

_MAX_NAME_CHARS: Final = 151  # one more than a user's can have

CHANGE_SENDER: Final = "podium.change"  # of the signal where an old password was wrong
_WORDS: Final = {
    "": "The user name or the password is wrong, or the account is not active.",
    CHANGE_SENDER: "The old password that was given to change it is wrong.",
}

# People type passwords into the wrong field: a name that nobody has is not kept.
_NOBODY: Final = "(no such user)"


def connect() -> None:
    """Listen."""
    for signal, receiver in (
        (user_logged_in, _logged_in),
        (user_logged_out, _logged_out),
        (user_login_failed, _failed),
        (user_locked_out, _locked_out),
    ):
        signal.connect(receiver, dispatch_uid=f"podium.{receiver.__name__}")


def counted_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """The name that failed logins are counted by: bounded, for it may be anything."""
    given = (credentials or request.POST).get("username")
    return clean_text(str(given or ""), _MAX_NAME_CHARS)


def _logged_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    doer = Doer.of(user, request)
    note_success(user.get_username(), doer.origin.ip or "")
    note(
        "login",
        actor_id=doer.actor_id,
        actor_name=doer.actor_name,
        origin=doer.origin,
        message=f"{doer.actor_name} logged in.",
    )


def _logged_out(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is None:  # somebody without a session visited the logout page
        return
    doer = Doer.of(user, request)
    note(
        "logout",
        actor_id=doer.actor_id,
        actor_name=doer.actor_name,
        origin=doer.origin,
        message=f"{doer.actor_name} logged out.",
    )


def _failed(
    *, sender: str, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    if _failures(request) > settings.AXES_FAILURE_LIMIT:
        return  # locked out already, which was noted: a flood of these must not fill the log
    actor_id, actor_name = _claimed(credentials.get("username"))
    origin = _origin(request)
    note_failure(origin.ip or "")
    note(
        "login",
        actor_id=actor_id,
        actor_name=actor_name,
        origin=origin,
        message=_WORDS.get(sender, _WORDS[""]),
        outcome=Outcome.FAILED,
    )


def _locked_out(*, request: HttpRequest, username: str | None, **_: Any) -> None:
    if _failures(request) != settings.AXES_FAILURE_LIMIT:
        return  # it goes on, and its beginning was noted
    actor_id, actor_name = _claimed(username)
    note(
        "lockout",
        actor_id=actor_id,
        actor_name=actor_name,
        origin=_origin(request),
        message=f"Locked out after {settings.AXES_FAILURE_LIMIT} wrong passwords.",
        outcome=Outcome.DENIED,
    )


def _failures(request: HttpRequest | None) -> int:
    """How many there were in a row, as axes counts them; 0 where it does not."""
    return int(getattr(request, "axes_failures_since_start", 0) or 0)


def _claimed(username: object) -> tuple[int | None, str]:
    if isinstance(username, str) and "\x00" not in username:
        user = User.objects.filter(username=username[:150]).first()
        if user is not None:
            return user.pk, user.get_username()
    return None, _NOBODY


def _origin(request: HttpRequest | None) -> Origin:
    return Doer.now().origin if request is None else origin_of(request)
