"""Reads a regular expression into the nodes that `LinearRegex` walks along."""

import string
from dataclasses import dataclass

LETTER, SPLIT, START, END, MATCH = range(5)

_TAG = frozenset(f"{string.ascii_letters}{string.digits}_.-")
_DIGITS = frozenset(string.digits)
_WORD = frozenset(f"{string.ascii_letters}{string.digits}_")
_CLASSES = {"d": _DIGITS, "D": _TAG - _DIGITS, "w": _WORD, "W": _TAG - _WORD}
_MOST_NODES = 2_000
_MOST_LEVELS = 50
_OFFERED = (
    "a regular expression of characters, `.`, `[…]`, `\\d`, `\\w`, `(…)`, `|`, `*`, `+`, `?`, "
    "`{m,n}`, `^` and `$`"
)


@dataclass(slots=True)
class Node:
    """One step: a character to read, or a way on without one.

    Attributes:
        kind: one of the constants above.
        characters: those that lead on; None where none is read.
        first: where it leads.
        second: where it leads, too, for a SPLIT.
    """

    kind: int
    characters: frozenset[str] | None = None
    first: int = -1
    second: int = -1


def parse(text: str) -> list[Node]:
    """Read an expression that Python's own parser has passed.

    Returns:
        Nodes; the first is the begin.

    Raises:
        ValueError: it uses what is not offered, or is too large.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._levels = 0
        # Room for the begin, which is known last.
        self._nodes = [Node(SPLIT)]

    def parse(self) -> list[Node]:
        end = self._add(Node(MATCH))
        tree = self._alternatives()
        if self._at != len(self._text):
            raise self._refusal(self._text[self._at])
        begin = self._build(tree, end)
        self._nodes[0] = Node(SPLIT, None, begin, begin)
        return self._nodes

    # What is read is a tree of tuples, and becomes nodes from its end to its begin.

    def _alternatives(self) -> tuple[object, ...]:
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise ValueError(f"an expression with at most {_MOST_LEVELS} levels of brackets")
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        self._levels -= 1
        return ("or", *branches)

    def _sequence(self) -> tuple[object, ...]:
        parts: list[object] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return ("then", *parts)

    def _repeated(self, atom: object) -> object:
        sign = self._peek()
        bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign)
        if bounds is not None:
            self._at += 1
        elif sign == "{":
            bounds = self._braces()
        if bounds is None:
            return atom
        if self._peek() == "?":
            self._at += 1  # lazy or not: it matches the same tags
        elif self._peek() == "+":
            raise self._refusal("a possessive repetition")
        return ("repeat", atom, *bounds)

    def _braces(self) -> tuple[int, int | None] | None:
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        numbers = low.isdigit() or (comma and not low and high.isdigit())
        if end < 0 or not numbers or (high and not high.isdigit()):
            return None  # as in Python, a brace that is no repetition stands for itself
        self._at = end + 1
        least = int(low or 0)
        return least, (int(high) if high else None) if comma else least

    def _atom(self) -> object:
        character = self._take()
        if character == "(":
            return self._group()
        if character == "[":
            return self._bracket()
        if character == ".":
            return _TAG
        if character == "^":
            return START
        if character == "$":
            return END
        if character == "\\":
            return self._escape()
        return frozenset(character)

    def _group(self) -> object:
        if self._peek() == "?":
            if self._text[self._at : self._at + 2] != "?:":
                raise self._refusal(f"({self._text[self._at : self._at + 2]}")
            self._at += 2
        inner = self._alternatives()
        self._take()
        return inner

    def _escape(self) -> frozenset[str]:
        character = self._take()
        if character in _CLASSES:
            return _CLASSES[character]
        if character.isalnum():
            raise self._refusal(f"\\{character}")
        return frozenset(character)

    def _bracket(self) -> frozenset[str]:
        negated = self._peek() == "^"
        if negated:
            self._at += 1
        wanted: set[str] = set()
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._member()
                wanted |= {item for item in _TAG if min(low) <= item <= max(high)}
            else:
                wanted |= low
        self._at += 1
        return frozenset(_TAG - wanted if negated else wanted)

    def _member(self) -> frozenset[str]:
        character = self._take()
        return self._escape() if character == "\\" else frozenset(character)

    def _build(self, tree: object, following: int) -> int:
        """Add the nodes of a tree in front of a node; gives the first of them."""
        if isinstance(tree, frozenset):
            return self._add(Node(LETTER, tree, following))
        if isinstance(tree, int):
            return self._add(Node(tree, None, following))
        assert isinstance(tree, tuple)
        kind, *parts = tree
        if kind == "then":
            for part in reversed(parts):
                following = self._build(part, following)
            return following
        if kind == "or":
            begin = self._build(parts[-1], following)
            for part in parts[-2::-1]:
                begin = self._add(Node(SPLIT, None, self._build(part, following), begin))
            return begin
        return self._build_repeat(parts[0], parts[1], parts[2], following)

    def _build_repeat(self, part: object, least: int, most: int | None, following: int) -> int:
        if most is None:
            loop = self._add(Node(SPLIT, None, following, following))
            self._nodes[loop].first = self._build(part, loop)
            following = loop
        else:
            end = following
            for _ in range(most - least):
                following = self._add(Node(SPLIT, None, self._build(part, following), end))
        for _ in range(least):
            following = self._build(part, following)
        return following

    def _add(self, node: Node) -> int:
        if len(self._nodes) >= _MOST_NODES:
            raise ValueError(f"an expression of at most {_MOST_NODES} steps, repetitions counted")
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _refusal(self, what: str) -> ValueError:
        return ValueError(f"{_OFFERED}, without {what}")
