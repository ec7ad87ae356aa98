"""Where in the text a part of a score stands."""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, SequenceNode

from jobs.scores.building import MERGE
from jobs.scores.findings import Finding, Origin, Severity

Path = tuple[str | int, ...]


class Positions:
    """Finds keys and values of a score in its node tree, only when asked: most are never needed."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def finding(
        self,
        severity: Severity,
        path: Path,
        message: str,
        origin: Origin = "conductor",
        *,
        at_key: bool = False,
    ) -> Finding:
        """A finding at the value of `path`, or at its key; at what is nearest if it is missing."""
        line, column = self.of(path, at_key=at_key)
        return Finding(severity, line, column, dotted(path), message, origin)

    def of(self, path: Path, *, at_key: bool = False) -> tuple[int, int]:
        """Line and column, counted from 1."""
        key_node, node = self._root, self._root
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            key_node, node = found
        mark = (key_node if at_key else node).start_mark
        return mark.line + 1, mark.column + 1


def dotted(path: Path) -> str:
    """The path as findings show it."""
    return ".".join(str(step) for step in path)


def _step(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """Key and value below a node; for an item of a list both are the item."""
    if isinstance(node, SequenceNode):
        if isinstance(step, int) and 0 <= step < len(node.value):
            return node.value[step], node.value[step]
        return None
    if not isinstance(node, MappingNode):
        return None
    for key_node, value_node in reversed(node.value):
        if key_node.value == str(step):
            return key_node, value_node
    for key_node, value_node in node.value:
        if key_node.tag == MERGE:
            for source in (
                value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            ):
                found = _step(source, step)
                if found is not None:
                    return found
    return None
