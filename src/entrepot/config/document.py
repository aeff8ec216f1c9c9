"""From YAML to a tree of mappings, lists and texts that remembers where each was written.

Scalars stay the text that was written (``0.1``, ``yes``, ``10s``); each setting reads its own.
That is what Go's yaml package does for a text setting, whatever the text looks like.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from entrepot.config.problems import KeyPath, Origin, Problem, nearest, spell

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | None"

# A configuration has some hundred values; aliases of aliases make billions out of a few lines.
_MOST_VALUES = 20_000
_DEEPEST = 50
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


@dataclass(slots=True)
class Document:
    """A tree, where its values were written, and what was wrong.

    Args:
        place: how problems name the source: a file, or an environment variable.
        tree: None where the source has no values.
        origins: where each path was written.
        problems: what was wrong so far.
    """

    place: str
    tree: Tree = None
    origins: dict[KeyPath, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def origin(self, path: KeyPath) -> Origin:
        """Where a path, or else the nearest that holds it, was written."""
        return nearest(self.origins, path) or Origin(self.place)

    def refuse(self, path: KeyPath, found: str | None, expected: str) -> None:
        """Add a problem at a path."""
        self.problems.append(Problem(self.origin(path), spell(path), found, expected))


def read_document(place: str, text: bytes | str) -> Document:
    """Read YAML. What is wrong with it is in the result's ``problems``; nothing is raised.

    Args:
        place: how problems name the source.
        text: the YAML.
    """
    document = Document(place)
    try:
        nodes = [node for node in yaml.compose_all(text, yaml.SafeLoader) if node is not None]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        found = error.problem or "something else"
        expected = "YAML"
        if "\\t" in found:
            found, expected = "a tab", "spaces: YAML does not allow tabs for indentation"
        document.problems.append(Problem(Origin(place, line), "", found, expected))
        return document
    except (yaml.reader.ReaderError, UnicodeError):
        # Not text at all, or control characters in it.
        document.problems.append(Problem(Origin(place), "", "bytes that are not text", "YAML"))
        return document
    except (RecursionError, ValueError):
        document.problems.append(Problem(Origin(place), "", "too many levels", "YAML"))
        return document
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        document.problems.append(
            Problem(Origin(place, line), "", "a second document", "one document")
        )
    if nodes:
        document.tree = _Builder(document).build(nodes[0], (), 0)
    return document


class _Builder:
    """Turns the nodes of a parsed document into its tree."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._values = 0

    def build(self, node: yaml.Node, path: KeyPath, depth: int) -> Tree:
        self._values += 1
        if depth > _DEEPEST or self._values > _MOST_VALUES:
            if self._values < 2 * _MOST_VALUES:
                self._document.refuse(path, "too many values or levels", "a configuration")
                self._values = 2 * _MOST_VALUES  # say it once
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path, depth)
        return None if node.tag == _NULL else str(node.value)

    def _sequence(self, node: yaml.SequenceNode, path: KeyPath, depth: int) -> Tree:
        items: list[Tree] = []
        for index, item in enumerate(node.value):
            self._remember((*path, index), item)
            items.append(self.build(item, (*path, index), depth + 1))
        return items

    def _mapping(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> Tree:
        mapping: dict[str, Tree] = {}
        merged: dict[str, Tree] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._document.refuse(path, "a key that is not text", "a mapping from names")
                continue
            if key.tag == _MERGE:
                merged |= self._merged(item, path, depth)
                continue
            here = (*path, str(key.value))
            if key.value in mapping:
                first = self._document.origins[here].line
                self._remember(here, key)
                self._document.refuse(here, f"it again (first in line {first})", "each key once")
                continue
            self._remember(here, key)
            mapping[str(key.value)] = self.build(item, here, depth + 1)
        return merged | mapping

    def _merged(self, node: yaml.Node, path: KeyPath, depth: int) -> dict[str, Tree]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        result: dict[str, Tree] = {}
        for source in reversed(sources):
            tree = self.build(source, path, depth + 1)
            if isinstance(tree, dict):
                result |= tree
            else:
                self._document.refuse((*path, "<<"), "something else", "an alias of a mapping")
        return result

    def _remember(self, path: KeyPath, node: yaml.Node) -> None:
        self._document.origins[path] = Origin(self._document.place, node.start_mark.line + 1)
