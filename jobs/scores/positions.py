"""Where in the text a part of a score stands."""

from __future__ import annotations

from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from jobs.scores.building import MERGE, STR
from jobs.scores.findings import Finding, Origin, Severity, clipped, shortened

Path = tuple[str | int, ...]
Entry = tuple[Node, Node]  # the node of a key and the one of its value


class Positions:
    """Finds keys and values of a score in its node tree, only when asked: most are never needed."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._entries: dict[Node, dict[str | int, Entry]] = {}

    def finding(
        self,
        severity: Severity,
        path: Path,
        message: str,
        origin: Origin = "conductor",
        *,
        at_key: bool = False,
    ) -> Finding:
        """A finding at the value of `path`, or at its key; at what is around it if missing."""
        line, column = self.of(path, at_key=at_key)
        return Finding(severity, line, column, dotted(path), shortened(message), origin)

    def of(self, path: Path, *, at_key: bool = False) -> tuple[int, int]:
        """Line and column, counted from 1."""
        key, value = self._root, self._root
        for step in path:
            found = self._step(value, step)
            if found is None:
                return _place(key)  # the key of what is around: its value may start lines below
            key, value = found
        return _place(key if at_key else value)

    def line_inside(self, path: Path, line: int) -> tuple[int, int]:
        """Where a line of a text stands that is written as a block ("|"); else where it begins."""
        value = self._root
        for step in path:
            found = self._step(value, step)
            if found is None:
                return _place(value)
            value = found[1]
        if isinstance(value, ScalarNode) and value.style == "|":
            return value.start_mark.line + 1 + line, 1
        return _place(value)

    def _step(self, node: Node, step: str | int) -> Entry | None:
        if isinstance(node, SequenceNode):
            if isinstance(step, int) and 0 <= step < len(node.value):
                return node.value[step], node.value[step]
            return None
        if not isinstance(node, MappingNode):
            return None
        entries = self._entries.get(node)
        if entries is None:
            entries = self._entries[node] = _entries(node)
        return entries.get(step) or entries.get(str(step))


def dotted(path: Path) -> str:
    """The path as findings show it; a key of the author's own making is cut short."""
    return ".".join(clipped(step) for step in path[:20])


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _entries(node: MappingNode) -> dict[str | int, Entry]:
    """The entries of a mapping by key and by key as text, those merged in first, so they lose."""
    entries: dict[str | int, Entry] = {}
    for key_node, value_node in node.value:
        if key_node.tag == MERGE:
            sources = value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            for source in sources:
                if isinstance(source, MappingNode) and source is not node:
                    entries = {**_entries(source), **entries}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            continue
        key = _key(key_node)
        if not isinstance(key, str):
            entries.setdefault(str(key), (key_node, value_node))
        entries[key] = (key_node, value_node)
    return entries


def _key(node: ScalarNode) -> str | int:
    """A key as pydantic names it in the place of an error."""
    if node.tag == STR:
        return str(node.value)
    try:
        key = SafeConstructor().construct_object(node)
    except (ConstructorError, ValueError, KeyError, OverflowError):
        return str(node.value)
    return key if isinstance(key, int) and not isinstance(key, bool) else str(key)
