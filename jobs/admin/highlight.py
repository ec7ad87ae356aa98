"""YAML with its parts marked by classes; the colours are in `pages.css`."""

from __future__ import annotations

from typing import Final

from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers.data import YamlLexer

from jobs.admin.visible import visible

MAX_LETTERS: Final = 200_000  # marking a longer one takes longer than anybody waits
_FORMATTER: Final = HtmlFormatter(nowrap=True, classprefix="y-")


def yaml_html(text: str) -> SafeString | str:
    """A score's text for a `<pre>`; plain where it is too long to be marked."""
    shown = visible(text)
    if len(shown) > MAX_LETTERS:
        return shown
    return mark_safe(highlight(shown, YamlLexer(), _FORMATTER))  # noqa: S308 - Pygments escapes
