"""Plain values from a YAML node tree: the safe types only, duplicate keys reported."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from jobs.scores.findings import Finding, quoted

TAG = "tag:yaml.org,2002:"
STR, MAP, SEQ, MERGE = TAG + "str", TAG + "map", TAG + "seq", TAG + "merge"


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
        self._constructor = SafeConstructor()

    def build(self, node: Node, path: str = "") -> Any:
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
            value = self._mapping(node, path)
        elif node.tag == SEQ and isinstance(node, SequenceNode):
            value = [self.build(item, f"{path}.{n}") for n, item in enumerate(node.value)]
        else:
            value = self._other(node, path)
        self._made[node] = value
        return value

    def _mapping(self, node: MappingNode, path: str) -> dict[Hashable, Any]:
        merged: dict[Hashable, Any] = {}
        own: dict[Hashable, Any] = {}
        lines: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE:
                merged = {**self._merged(value_node, path), **merged}
                continue
            key = self._key(key_node, path)
            below = f"{path}.{key}" if path else str(key)
            if key in lines:
                self._duplicate(key_node, key, lines[key], below)
            lines.setdefault(key, key_node.start_mark.line + 1)
            own[key] = self.build(value_node, below)
        return {**merged, **own}

    def _merged(self, node: Node, path: str) -> dict[Hashable, Any]:
        """What `<<` brings in: one mapping, or several of which the first ones win."""
        if isinstance(node, MappingNode):
            value = self.build(node, path)
            return value if isinstance(value, dict) else {}
        if isinstance(node, SequenceNode) and all(isinstance(i, MappingNode) for i in node.value):
            merged: dict[Hashable, Any] = {}
            for item in node.value:
                merged = {**self._merged(item, path), **merged}
            return merged
        raise _unbuildable(node, path, "'<<' takes a mapping, or a list of mappings.")

    def _key(self, node: Node, path: str) -> Hashable:
        key = self.build(node, path)
        if not isinstance(key, Hashable):
            raise _unbuildable(node, path, "A list or a mapping cannot be a key.")
        return key

    def _duplicate(self, node: Node, key: Hashable, first_line: int, path: str) -> None:
        if len(self.findings) < self._max_findings:
            message = (
                f"The key {quoted(key)} stands here for the second time; it was first given in line"
                f" {first_line}. A conductor would silently use only the last one."
            )
            mark = node.start_mark
            self.findings.append(
                Finding("error", mark.line + 1, mark.column + 1, path, message, "podium")
            )

    def _other(self, node: Node, path: str) -> Any:
        """Numbers, dates, nulls and the rarer safe types, exactly as PyYAML makes them."""
        try:
            return self._constructor.construct_object(node, deep=True)
        except yaml.constructor.ConstructorError as error:
            said = f"{error.problem}" if error.problem else "This value cannot be read."
            raise _unbuildable(node, path, said) from error
        except (ValueError, KeyError, AttributeError, OverflowError, TypeError) as error:
            kind = node.tag.removeprefix(TAG)
            raise _unbuildable(node, path, f"This is no valid {quoted(kind)} value.") from error


def _unbuildable(node: Node, path: str, message: str) -> Unbuildable:
    mark = node.start_mark
    return Unbuildable(Finding("error", mark.line + 1, mark.column + 1, path, message))
