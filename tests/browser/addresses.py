"""Every address of the console that is a page, filled with the numbers of things that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.urls import URLPattern, URLResolver, get_resolver
from playwright.async_api import Page

# Answers to programs, streams, the way out; a batch is visited where one is made.
FOR_PROGRAMS = re.compile(
    r"^(api/(?!docs)|ws/|static/|healthz|readyz|metrics|i18n|jsi18n|autocomplete|logout|r/)"
    r"|/log/(window|matches|download)/|^jobs/job/batch/|/files/(picture|download|zip)/"
)


async def pages(page: Page, numbers: Mapping[str, int]) -> list[str]:
    """The paths of all pages; `numbers` has an id for each `app/model`.

    What only takes a POST, sends a file or a part of a page is none.

    Raises:
        AssertionError: a route with a part that nobody has told this module about, or an answer
            that is neither a page nor one of these.
    """
    found = []
    for route in _routes(get_resolver().url_patterns):
        if FOR_PROGRAMS.search(route):
            continue
        path = _filled(route, numbers)
        answer = await page.request.get(path)
        assert answer.status in {200, 405}, f"{path} answered {answer.status}"
        is_html = answer.headers.get("content-type", "").startswith("text/html")
        if answer.status == 200 and is_html and b"<html" in await answer.body():
            found.append(path)
    return found


def _routes(patterns: list[URLPattern | URLResolver], start: str = "") -> Iterator[str]:
    """Every route, as it is written in the URLs."""
    for pattern in patterns:
        route = start + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def _filled(route: str, numbers: Mapping[str, int]) -> str:
    model = "/".join(route.split("/")[:2])
    path = re.sub(r"<(?:\w+:)?(?:pk|object_id|id|job_id)>", str(numbers.get(model, 1)), route)
    path = re.sub(r"<(?:\w+:)?(?:number|sheet)>", "1", path)
    path = path.replace("(?P<app_label>jobs|auth)", "auth").replace("<slug:slug>", "hello")
    path = path.replace("<slug:part>", "health").replace("<str:listing>", "jobs")
    path = "/" + re.sub(r"<(?:\w+:)?verb>", "cancel", path)
    assert "<" not in path, f"this test does not know what to put into {route}"
    return path
