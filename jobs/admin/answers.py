"""What came of an attempt, told on the next page in words that claim no more than is known."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs.actions import DID_NOT_HAPPEN, HAPPENED, ActionResult
from jobs.admin.visible import one_line, visible
from jobs.audit.verbs import verb_words
from jobs.registry.models import Job
from jobs.terms import Outcome, Verb

# In the past: the sentence stays on the page while the job goes on, or fails.
_DONE = {
    Verb.SUBMIT: "was submitted",
    Verb.PAUSE: "was told to pause",
    Verb.RESUME: "was told to go on",
    Verb.CANCEL: "was cancelled",
    Verb.CLEAR: "was cleared from the conductor; its workspace and its history here stay",
    Verb.MODIFY: "was told to go on with the new score",
    Verb.RECOVER: "was recovered",
    Verb.TRY_RECOVER: "was tried",
    Verb.CLEAR_RATE_LIMITS: "was cleared of its rate limits",
}
# Of these a conductor says no more than yes.
_WORDLESS = {Verb.PAUSE, Verb.CANCEL, Verb.CLEAR}
LEVELS = {
    Outcome.SUCCEEDED: messages.SUCCESS,
    Outcome.REFUSED: messages.WARNING,
    Outcome.UNKNOWN: messages.WARNING,
    Outcome.OPEN: messages.WARNING,
    Outcome.FAILED: messages.ERROR,
    Outcome.DENIED: messages.ERROR,
}
_SHOWN_LETTERS = 1_000  # the session's cookie-free store is not bounded; a page is


def sentence(result: ActionResult, name: str) -> str:
    """One attempt and its outcome in a sentence, with the conductor's own words."""
    words = visible(result.message[:_SHOWN_LETTERS]).strip()
    match result.outcome:
        case Outcome.SUCCEEDED:
            said = f"{name} {_DONE[result.verb]}."
            is_news = result.verb not in _WORDLESS
            return f"{said} The answer then: {words}" if words and is_news else said
        case Outcome.REFUSED:
            return f"{_named(result.verb)} of {name} was refused: {words}"
        case Outcome.FAILED:
            return f"{_named(result.verb)} of {name} failed: {words}"
        case Outcome.DENIED:
            return words or "You may not do this."
        case _:
            return f"{_named(result.verb)} of {name}: {_unknown(result.verdict)} {words}"


def _named(verb: Verb) -> str:
    return verb_words(verb).capitalize()


def _unknown(verdict: str) -> str:
    if verdict == HAPPENED:
        return "no answer came, yet the conductor's state is consistent with it having happened."
    if verdict == DID_NOT_HAPPEN:
        return "no answer came, and the conductor's state shows that it did not happen."
    return (
        "no answer came, so it is unknown whether it happened. It will not be sent again by "
        "itself; the conductor's state will tell."
    )


def tell(request: HttpRequest, result: ActionResult, job: Job | None) -> None:
    """Leave the sentence for the next page."""
    name = one_line(job.job_id) if job else "The score"
    said = sentence(result, name)
    if result.is_replay:
        said = f"This form was sent before; this is what came of it then. {said}"
    messages.add_message(request, LEVELS[result.outcome], said)


def tell_unavailable(request: HttpRequest) -> HttpResponse:
    """503: the record could not be written, so nothing was sent."""
    context = {**admin.site.each_context(request), "title": "Nothing was sent"}
    return render(request, "jobs/unrecordable.html", context, status=503)
