"""A system check: the site's own secret patterns are ones that can be used, and mask something."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from jobs.logs import BadPattern, Masker, doubt_about


@register()
def secret_patterns_can_be_used(**_: Any) -> list[CheckMessage]:
    """Nothing starts with a pattern that would leave secrets in view."""
    hint = "PODIUM_SECRET_PATTERNS holds one RE2 expression a line; see docs/guide/logs.md."
    try:
        Masker(settings.PODIUM_SECRET_PATTERNS)
    except BadPattern as error:
        return [Error(str(error), hint=hint, id="podium.E003")]
    return [
        Warning(f"The secret pattern {text!r} {doubt}.", hint=hint, id="podium.W001")
        for text in settings.PODIUM_SECRET_PATTERNS
        if (doubt := doubt_about(text))
    ]
