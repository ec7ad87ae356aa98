"""The parts of the graph that come hundreds of times, written at once: templates take too long.

Everything that comes from a score or a conductor goes through `escape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.admin.job.layout import GraphView
from jobs.admin.job.painting import Painted, SheetState
from jobs.admin.markup import elapsed


@lru_cache(maxsize=32)
def ground(view: GraphView) -> SafeString:
    """The frames and lines, which stay as they are for as long as the score does."""
    frames = "".join(
        f'<g class="frame"><rect x="{frame.x}" y="{frame.y}" width="{frame.width}"'
        f' height="{frame.height}" rx="14" /><text x="{frame.text_x}" y="{frame.text_y}">'
        f'{escape(frame.words)}<tspan dx="8">{escape(frame.more)}</tspan></text></g>'
        for frame in view.frames
    )
    edges = "".join(
        f'<path class="edge {edge.kind}" d="{edge.path}" data-from="{edge.source}"'
        f' data-to="{edge.target}"'
        + (f"><title>{escape(edge.words)}</title></path>" if edge.words else "/>")
        for edge in view.edges
    )
    return mark_safe(frames + edges)  # noqa: S308 - numbers, names of ours, and escaped words


def nodes(cells: Sequence[Painted]) -> SafeString:
    """The cells; the first one is a stop of the Tab key, and arrows lead on from there."""
    return mark_safe(  # noqa: S308 - each is escaped where it is made
        "\n".join(_node(cell, is_first=at == 0) for at, cell in enumerate(cells))
    )


def _node(cell: Painted, *, is_first: bool) -> str:
    node, look = cell.node, cell.look
    tone = f" tone-{look.tone}" if look else ""
    href = f' href="{escape(cell.url)}"' if cell.url else ""
    stop = "" if is_first else ' tabindex="-1"'
    inner = {"chip": _chip, "card": _card, "range": _range}[node.shape](cell)
    return (
        f'<a id="{node.key}" class="node {node.shape}{tone}"{href}'
        f' transform="translate({node.x} {node.y})" data-after="{node.after}"'
        f' data-block="{node.block}"{stop}><title>{escape(cell.title)}</title>{inner}</a>'
    )


def _mark(cell: Painted, place: str) -> str:
    if cell.look is None:
        return ""
    icon = cell.look.icon
    return f'<use class="mark mark-{icon}" href="#{place}-{icon}"/>'


def _chip(cell: Painted) -> str:
    label = cell.node.label
    long = " long" if len(label) > 4 else ""
    mark = _mark(cell, "ci")
    words = f'<text class="number{long}" x="27" y="20">{label}</text>'
    return f'<use class="body" href="#chip"/>{mark}{words}'


def _card(cell: Painted) -> str:
    node = cell.node
    circle = '<circle cx="27" cy="29" r="15"/>' if cell.look else ""
    name = (
        f'<tspan class="number">{node.label}</tspan> {escape(node.name)}'
        if node.name
        else f"Sheet {node.label}"
    )
    words = ""
    if cell.words:
        took = ""
        if cell.since:
            since = cell.since.isoformat()
            took = f' · <tspan data-since="{since}">{escape(cell.took)}</tspan>'
        elif cell.took:
            took = f" · {escape(cell.took)}"
        words = (
            f'<text class="words" x="52" y="43" data-status="{escape(cell.status)}">'
            f"{escape(cell.words)}{took}</text>"
        )
    return (
        f'<rect class="body" width="220" height="58" rx="11"/>{circle}{_mark(cell, "ki")}'
        f'<text class="name" x="{cell.text_x}" y="{25 if words else 34}">{name}</text>{words}'
    )


def _range(cell: Painted) -> str:
    parts = "".join(
        f'<rect class="part tone-{part.tone}" x="{part.shown_x}" y="37" width="{part.width}"'
        ' height="4"/>'
        for part in cell.parts
    )
    return (
        f'<rect class="body" width="118" height="46" rx="9"/>'
        f'<text class="number" x="10" y="18">{cell.node.label}</text>{_mark(cell, "ri")}'
        f'<text class="words" x="10" y="32">{escape(cell.words)}</text>{parts}'
    )


def list_row(number: int, name: str, state: SheetState | None, waits: str, base_url: str) -> str:
    """A sheet in the list that says the same as the picture, and uses its icons."""
    words = f": {escape(name)}" if name else ""
    link = f'<a href="{escape(base_url)}{number}/">Sheet {number}{words}</a>'
    after = f"after {waits}" if waits else "waits for none"
    if state is None:
        return f"<li>{link}<i>not reported</i><i></i><i>{after}</i></li>"
    look = state.look
    took = elapsed(state.since) if state.since else escape(state.took)
    return (
        f'<li>{link}<b class="tone-{look.tone}"><svg class="icon"><use href="#gi-{look.icon}"/>'
        f"</svg>{escape(look.word)}</b><i>{took}</i><i>{after}</i></li>"
    )


def list_rows(rows: Iterable[str]) -> SafeString:
    """All of them."""
    return mark_safe("\n".join(rows))  # noqa: S308 - each is escaped where it is made
