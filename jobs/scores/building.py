"""Plain values from a YAML node tree: the safe types only, duplicate keys reported."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from jobs.scores.findings import Finding, Origin, clipped, quoted

TAG = "tag:yaml.org,2002:"
STR, MAP, SEQ = TAG + "str", TAG + "map", TAG + "seq"
MAX_BITS = 4_096  # of a whole number: more than 1,200 digits
MERGE, VALUE = TAG + "merge", TAG + "value"


class Unbuildable(Exception):
    """A node that stands for no value; the conductor refuses it as well."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class Builder:
    """Builds the values of one document; `findings` are the duplicate keys met on the way."""

    def __init__(self, max_findings: int) -> None:
        self.findings: list[Finding] = []
        self._max_findings = max_findings
        self._made: dict[Node, Any] = {}
        self._path: list[object] = []
        self._constructor = SafeConstructor()

    def build(self, node: Node) -> Any:
        """The value that a node stands for.

        Raises:
            Unbuildable: an unknown tag, a value that its tag does not allow, a list as key.
        """
        if node.tag == STR and isinstance(node, ScalarNode):
            return node.value
        if node in self._made:  # an alias: the same object again, as PyYAML has it
            return self._made[node]
        value: Any
        if node.tag == MAP and isinstance(node, MappingNode):
            value = self._mapping(node)
        elif node.tag == SEQ and isinstance(node, SequenceNode):
            value = self._sequence(node)
        else:
            value = self._other(node)
        self._made[node] = value
        return value

    def _sequence(self, node: SequenceNode) -> list[Any]:
        values = []
        for n, item in enumerate(node.value):
            self._path.append(n)
            values.append(self.build(item))
            self._path.pop()
        return values

    def _mapping(self, node: MappingNode) -> dict[Hashable, Any]:
        merged: dict[Hashable, Any] = {}
        own: dict[Hashable, Any] = {}
        lines: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE:
                merged = {**self._merged(value_node), **merged}
                continue
            key = self._key(key_node)
            self._path.append(key)
            if key in lines:
                self._duplicate(key_node, key, lines[key])
            lines.setdefault(key, key_node.start_mark.line + 1)
            own[key] = self.build(value_node)
            self._path.pop()
        return {**merged, **own}

    def _merged(self, node: Node) -> dict[Hashable, Any]:
        """What `<<` brings in: one mapping, or several of which the first ones win."""
        if isinstance(node, MappingNode):
            # PyYAML takes the entries of what is merged without a look at its tag.
            return self.build(node) if node.tag == MAP else self._mapping(node)
        if isinstance(node, SequenceNode) and all(isinstance(i, MappingNode) for i in node.value):
            merged: dict[Hashable, Any] = {}
            for item in node.value:
                merged = {**self._merged(item), **merged}
            return merged
        raise Unbuildable(self._finding(node, "'<<' takes a mapping, or a list of mappings."))

    def _key(self, node: Node) -> Hashable:
        # A "=" is an unreadable value, yet as a key it is text.
        key = node.value if node.tag == VALUE else self.build(node)
        if not isinstance(key, Hashable):
            raise Unbuildable(self._finding(node, "A list or a mapping cannot be a key."))
        return key

    def _duplicate(self, node: Node, key: Hashable, first_line: int) -> None:
        if len(self.findings) < self._max_findings:
            message = (
                f"The key {quoted(key)} stands here for the second time; it was first given in line"
                f" {first_line}. A conductor would silently use only the last one."
            )
            self.findings.append(self._finding(node, message, is_podiums=True))

    def _other(self, node: Node) -> Any:
        """Numbers, dates, nulls and the rarer safe types, exactly as PyYAML makes them."""
        try:
            value = self._constructor.construct_object(node, deep=True)
        except ConstructorError as error:
            if node.tag in SafeConstructor.yaml_constructors:
                raise self._unreadable(node, f" ({clipped(error.problem, 200)})") from error
            tag = quoted(node.tag.removeprefix(TAG))
            message = f"The tag {tag} is not known: only YAML's own plain types may be used."
            raise Unbuildable(self._finding(node, message)) from error
        # PyYAML's own constructors stumble over texts that their tags do not allow.
        except (ValueError, LookupError, AttributeError, OverflowError, TypeError) as error:
            raise self._unreadable(node) from error
        # Python refuses to write such a number out, in messages as in JSON.
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            message = "This number is far too large for Podium."
            raise Unbuildable(self._finding(node, message, is_podiums=True))
        return value

    def _unreadable(self, node: Node, said: str = "") -> Unbuildable:
        kind = quoted(node.tag.removeprefix(TAG))
        return Unbuildable(self._finding(node, f"This cannot be read as {kind}{said}."))

    def _finding(self, node: Node, message: str, *, is_podiums: bool = False) -> Finding:
        mark = node.start_mark
        path = ".".join(clipped(step) for step in self._path[:20])
        origin: Origin = "podium" if is_podiums else "conductor"
        return Finding("error", mark.line + 1, mark.column + 1, path, message, origin)
