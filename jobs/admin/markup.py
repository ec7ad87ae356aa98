"""The small pieces of HTML that pages and list columns share."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.admin.durations import ago_words, duration_words, exact_words, span_words
from jobs.admin.icons import ICONS
from jobs.admin.looks import Look
from jobs.admin.visible import one_line, visible


def icon(name: str, classes: str = "") -> SafeString:
    """An icon that says nothing to a screen reader: a word always stands beside it."""
    return format_html(
        '<svg class="icon icon-{} {}" viewBox="0 0 24 24" width="16" height="16" '
        'aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        name,
        classes,
        ICONS[name],
    )


def pill(look: Look, status: str = "") -> SafeString:
    """A status as colour, word and icon; `status` is the raw word, for scripts and tests."""
    return format_html(
        '<span class="pill tone-{}" data-status="{}"{}>{}<span>{}</span></span>',
        look.tone,
        status or look.word,
        format_html(' title="{}"', one_line(look.hint, 300)) if look.hint else "",
        icon(look.icon),
        visible(look.word),
    )


def moment(at: datetime | None, none: str = "not reported") -> SafeString:
    """How long ago, counting on, with the exact moment on hover."""
    if at is None:
        return nothing(none)
    return format_html(
        '<time class="moment" datetime="{}" title="{}" data-relative>{}</time>',
        at.isoformat(),
        exact_words(at),
        ago_words(at, timezone.now()),
    )


def clock_time(at: datetime) -> SafeString:
    """A moment to the second, as a row of a log has it, with its day and zone on hover."""
    here = timezone.localtime(at)
    return format_html(
        '<time class="moment" datetime="{}" title="{}">{} {}</time>',
        at.isoformat(),
        exact_words(at),
        here.day,
        f"{here:%b, %H:%M:%S}",
    )


def elapsed(since: datetime | None, until: datetime | None = None) -> SafeString:
    """How long from `since`; counts on as long as there is no `until`."""
    if since is None:
        return nothing("not reported")
    span = span_words(int(((until or timezone.now()) - since).total_seconds()))
    if until is not None:
        return format_html('<span class="span">{}</span>', span)
    return format_html(
        '<time class="span" datetime="{}" title="since {}" data-elapsed>{}</time>',
        since.isoformat(),
        exact_words(since),
        span,
    )


def counting(since: datetime, hint: str = "") -> SafeString:
    """A span that counts on from a moment which need not be one: pauses may be left out of it."""
    return format_html(
        '<time class="span" datetime="{}"{} data-elapsed>{}</time>',
        since.isoformat(),
        format_html(' title="{}"', hint) if hint else "",
        span_words(int((timezone.now() - since).total_seconds())),
    )


def nothing(words: str = "not reported") -> SafeString:
    """What stands where there is nothing to show: in words, and quiet."""
    return format_html('<span class="quiet">{}</span>', words)


def progress(done: int | None, total: int | None, tone: str) -> SafeString:
    """A bar and its figures; without a known total, words."""
    if total is None or total < 1 or done is None:
        return nothing("not reported")
    return format_html(
        '<span class="progress tone-{}"><progress max="{}" value="{}" '
        'aria-label="Sheets completed"></progress>'
        '<span class="figures">{}<span class="of"> / {}</span></span></span>',
        tone,
        total,
        done,
        f"{done:,}",
        f"{total:,}",
    )


def took(duration_us: int | None) -> SafeString | str:
    """How long a conductor took to answer; a dash where none was asked."""
    if duration_us is None:
        return format_html('<span class="quiet" title="{}">–</span>', "no conductor answered")
    return duration_words(duration_us / 1_000_000)


def cost(usd: float | None) -> SafeString | str:
    """What something cost in dollars; a dash that says so where nobody reported it."""
    if usd is None:
        return format_html(
            '<span class="quiet" title="{0}"><span aria-hidden="true">–</span>'
            '<span class="visually-hidden">{0}</span></span>',
            "not reported",
        )
    return cost_words(usd)


def cost_words(usd: float) -> str:
    """Dollars, with as many decimals as a small amount needs."""
    return f"${usd:,.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"
