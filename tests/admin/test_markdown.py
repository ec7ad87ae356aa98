"""Markdown of any content comes out as HTML that does nothing."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.admin.markdown import MAX_LETTERS, markdown_html
from tests.waiting import patience

TAG = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>")
TAGS = {
    "p", "h3", "h4", "h5", "h6", "em", "strong", "s", "code", "pre", "ul", "ol", "li", "blockquote",
    "hr", "br", "a", "span", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = re.compile(
    r'( href="(https?://|mailto:)[^"<>]*" rel="noopener noreferrer nofollow"'
    r'| class="to-(right|middle)"| start="\d+")* ?/?'
)


def check(html: str) -> None:
    for _, tag, attributes in TAG.findall(html):
        assert tag in TAGS
        assert ATTRIBUTES.fullmatch(attributes), attributes
    assert "<" not in TAG.sub("", html)


def test_it_is_laid_out_below_the_headings_of_the_page() -> None:
    html = markdown_html("# Title\n\n**bold** `code`\n\n- one\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert html is not None
    check(html)
    assert "<h3>Title</h3>" in html
    assert "<strong>bold</strong>" in html
    assert '<td class="to-right">2</td>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](/jobs/job/1/cancel/)",
        "[x](//evil.example)",
        "![x](https://evil.example/pixel.png)",
        "[![x](https://evil.example/p.png)](javascript:alert(1))",
        '[x](https://a.example "title\\" onclick=alert(1)")',
        '<https://a.example/"onclick=alert(1)>',
        '```x" onclick=alert(1)\ncode\n```',
        "<!-- x --><style>*{}</style>",
        "a\x00b\u202ec\x1b[31m",
    ],
)
def test_nothing_in_it_is_obeyed(text: str) -> None:
    html = markdown_html(text)
    assert html is not None
    check(html)
    for place in ("evil.example", "/jobs/job/1"):
        assert f'="{place}' not in html
        assert f'"https://{place}' not in html
    assert "\u202e" not in html


def test_only_links_that_lead_away_stay_links() -> None:
    html = markdown_html("[a](https://a.example/?x=1&y=2) [b](b.md) <mailto:c@d.example>")
    assert html is not None
    assert html.count("<a ") == 2
    assert "<span>b</span>" in html


@given(st.text(alphabet="<>[]()!*_`#-|:\n \"'&\\ahtps:/.", max_size=200))
def test_whatever_is_written_comes_out_harmless(text: str) -> None:
    html = markdown_html(text)
    assert html is not None
    check(html)


@pytest.mark.parametrize(
    "piece", ["[", "*a ", "a**b", "[a](b", "|a", "> ", "- ", "`", "&", "\\", "_a_ "]
)
def test_hard_texts_take_little_time(piece: str) -> None:
    began = time.process_time()
    markdown_html((piece * MAX_LETTERS)[:MAX_LETTERS])
    assert time.process_time() - began < patience(5)


def test_a_longer_text_is_left_as_it_is() -> None:
    assert markdown_html("x" * (MAX_LETTERS + 1)) is None
