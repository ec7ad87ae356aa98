"""Markdown from files that nobody vouches for, as HTML that cannot do anything.

Markup in it is shown as text; pictures, styles and ids are left out; only links that lead to
another site, or to somebody's mail, stay links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from jobs.admin.visible import visible

MAX_LETTERS: Final = 64 * 1024  # at worst two seconds (measured); what is longer is shown as text
_SCHEMES: Final = ("http://", "https://", "mailto:")
_HEADINGS: Final = {f"h{level}": f"h{min(level + 2, 6)}" for level in range(1, 7)}
_ALIGNED: Final = {"text-align:right": "to-right", "text-align:center": "to-middle"}

_reader: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown_html(text: str) -> SafeString | None:
    """The text laid out; None where it is too long for that."""
    if len(text) > MAX_LETTERS:
        return None
    tokens = list(_harmless(_reader.parse(visible(text))))
    html: str = _reader.renderer.render(tokens, _reader.options, {})
    return mark_safe(html)  # noqa: S308 - its own tags alone, all text in it is escaped


def _harmless(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens with nothing in them that a page of the console would have to obey."""
    leads_away: list[bool] = []  # of the links that are open
    for token in tokens:
        given, token.attrs, token.info = token.attrs, {}, ""
        token.tag = _HEADINGS.get(token.tag, token.tag)
        if token.children:
            token.children = list(_harmless(token.children))
        if token.type == "image":
            yield Token("text", "", 0, content=f"[picture: {token.content}]")
            continue
        if token.type == "link_open":
            href = str(given.get("href", ""))
            leads_away.append(href.lower().startswith(_SCHEMES))
            token.attrs = {"href": href, "rel": "noopener noreferrer nofollow"}
        elif aligned := _ALIGNED.get(str(given.get("style", ""))):
            token.attrs = {"class": aligned}
        elif token.type == "ordered_list_open" and "start" in given:
            token.attrs = {"start": given["start"]}
        if token.type in {"link_open", "link_close"}:
            stays = leads_away[-1] if token.type == "link_open" else leads_away.pop()
            if not stays:
                token.tag, token.attrs = "span", {}
        yield token
