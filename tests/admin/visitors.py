"""A person before a browser without scripts: pages as text, forms filled in and sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

_BACKEND = "django.contrib.auth.backends.ModelBackend"


class _Outline(HTMLParser):
    """What a page consists of, as far as tests ask."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._silent += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


@dataclass
class Page:
    """An answer, as a person and as a test reads it."""

    status: int
    html: str
    url: str
    headers: Any

    def __post_init__(self) -> None:
        self._outline = _Outline()
        self._outline.feed(self.html)

    @property
    def text(self) -> str:
        """All that is written on it, with single spaces."""
        return re.sub(r"\s+", " ", " ".join(self._outline.words)).strip()

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of every such element; `class_` and `data_x` as in `class`, `data-x`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            found
            for name, found in self._outline.elements
            if name == tag and all(found.get(key) == value for key, value in wanted.items())
        ]

    def part(self, test_id: str) -> str:
        """The words from that element on; empty where it is not there."""
        before, found, after = self.html.partition(f'data-testid="{test_id}"')
        del before
        return (
            re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", f"<x {after}"))) if found else ""
        )

    def has(self, test_id: str) -> bool:
        """Whether there is an element with that id for tests."""
        return f'data-testid="{test_id}"' in self.html

    def links(self) -> list[str]:
        """Where its links lead."""
        return [link["href"] for link in self.all("a") if "href" in link]

    def fields(self) -> dict[str, str]:
        """The hidden and typed fields of its forms, as they would be sent."""
        return dict(self._fields())

    def _fields(self) -> Iterator[tuple[str, str]]:
        for field in self.all("input"):
            kind = field.get("type", "text")
            if "name" not in field or kind in {"submit", "image"}:
                continue
            if kind in {"checkbox", "radio"} and "checked" not in field:
                continue
            yield field["name"], field.get("value", "")


class Visitor:
    """One browser, with or without a login. Cookies and CSRF tokens are real."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)

    def get(self, path: str, /, *, follow: Any = False, **query: Any) -> Page:
        """Open an address."""
        return self._page(self.client.get(path, query or None, follow=follow))

    def send(self, path: str, /, *, follow: Any = False, **fields: Any) -> Page:
        """Send a form with a token that this browser was given."""
        token = self.client.cookies.get("podium_csrf")
        if token is None:
            self.client.get("/login/?next=/")
            self.client.get("/password_change/")
            token = self.client.cookies.get("podium_csrf")
        data = {"csrfmiddlewaretoken": token.value if token else "", **fields}
        return self._page(self.client.post(path, data, follow=follow))

    def _page(self, response: Any) -> Page:
        url = response.headers.get("Location", "")
        if chain := getattr(response, "redirect_chain", None):
            url = chain[-1][0]
        return Page(response.status_code, response.content.decode(), url, response.headers)


def visitor_for(user: User) -> Visitor:
    """A browser in which this person is logged in."""
    visitor = Visitor()
    visitor.client.force_login(user, backend=_BACKEND)
    return visitor
