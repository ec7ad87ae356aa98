"""The console's tags and filters: thin names for what `jobs.admin` makes."""

from __future__ import annotations

from django import template
from django.contrib.messages.storage.base import Message
from django.template.defaultfilters import stringfilter
from django.utils.safestring import SafeString

from jobs.admin import markup
from jobs.admin.durations import duration_words
from jobs.admin.visible import one_line, visible

register = template.Library()

register.simple_tag(markup.icon)
register.simple_tag(markup.pill)
register.simple_tag(markup.moment)
register.simple_tag(markup.clock_time)
register.simple_tag(markup.elapsed)
register.simple_tag(markup.counting)
register.simple_tag(markup.nothing)
register.simple_tag(markup.progress)
register.filter("visible", stringfilter(visible))
register.filter("one_line", stringfilter(one_line))
register.filter("duration", duration_words)


@register.filter
def announced(message: Message) -> str:
    """A message's words: stock admin's own markup as it is, everything else escaped."""
    words = message.message
    return words if isinstance(words, SafeString) else visible(str(words))


@register.filter
def milliseconds(microseconds: int | None) -> str:
    """A span that was measured in microseconds, in words."""
    return duration_words(None if microseconds is None else microseconds / 1_000_000)
