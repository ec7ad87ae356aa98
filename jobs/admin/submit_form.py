"""What the submit page asks for, and how it comes back."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from django import forms
from django.conf import settings

from jobs.actions import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    InlineScore,
    ScorePath,
    StoredScore,
    SubmitSource,
)
from jobs.registry.models import ScoreVersion

TEXT: Final = "text"
PATH: Final = "path"


class SubmitForm(forms.Form):
    """The fields by shape alone: whether they are acceptable is judged where it is for all."""

    source = forms.ChoiceField(choices=[(TEXT, "Write or paste"), (PATH, "File on the conductor")])
    text = forms.CharField(required=False, strip=False)
    path = forms.CharField(required=False, max_length=4_000)
    name = forms.CharField(required=False, max_length=500)
    workspace = forms.CharField(required=False, max_length=4_000)
    start_sheet = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        error_messages={
            "invalid": "This is no whole number.",
            "min_value": "Sheets are counted from 1.",
            "max_value": "There is no such sheet.",
        },
    )
    fresh = forms.BooleanField(required=False)
    conductor = forms.CharField(required=False, max_length=50)
    reason = forms.CharField(required=False, max_length=MAX_REASON_LETTERS)
    key = forms.CharField(required=False, max_length=MAX_KEY_LETTERS)
    # The stored version that the text was taken from, by its key.
    of = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    preview_sheet = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)

    def source_of(self) -> SubmitSource | None:
        """What is to be submitted; None when nothing was given yet."""
        if self.cleaned_data.get("source") == PATH:
            path = self.cleaned_data.get("path")
            return ScorePath(path) if path else None
        text = self.cleaned_data.get("text", "").replace("\r\n", "\n")
        name = self.cleaned_data.get("name") or None
        if kept := self._kept(text):
            return StoredScore(kept.score_id, kept.number, name)
        return InlineScore(text, name) if text.strip() else None

    def _kept(self, text: str) -> ScoreVersion | None:
        """The version that the text was taken from, as long as the text is still its own.

        Whether the person may use it is judged with the score.
        """
        pk = self.cleaned_data.get("of")
        kept = ScoreVersion.objects.filter(pk=pk).first() if pk else None
        return kept if kept and kept.text.replace("\r\n", "\n") == text else None

    @property
    def first_sheet(self) -> int:
        """The sheet to start with."""
        return self.cleaned_data.get("start_sheet") or 1


def blank(**values: Any) -> dict[str, Any]:
    """What the page shows in its fields before anything was typed; a key of its own each time."""
    return {
        "source": TEXT,
        "text": "",
        "path": "",
        "name": "",
        "workspace": "",
        "start_sheet": "",
        "fresh": "",
        "conductor": "",
        "reason": "",
        "of": "",
        "key": new_key(),
        **values,
    }


def typed(data: Any) -> dict[str, Any]:
    """What was typed, to be shown again as it was."""
    names = (
        *("source", "text", "path", "name", "workspace", "start_sheet", "fresh"),
        *("conductor", "reason", "of"),
    )
    limit = settings.PODIUM_MAX_SCORE_BYTES * 2
    return blank(**{name: str(data.get(name, ""))[:limit] for name in names})


def new_key() -> str:
    """A key for one attempt: the same form sent twice acts once."""
    return uuid4().hex
