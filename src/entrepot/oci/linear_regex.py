"""Regular expressions over tags, matched in time linear in the tag, whatever the expression.

Python's own would search for ever for `(a+)+$` in a tag of 128 letters, which anybody who may push
can make. Here an expression becomes a set of places that it may be at, moved on by each character;
what was moved once is remembered. There are no back references and no looking around, as in RE2.
"""

import re
from dataclasses import dataclass, field
from typing import Self

from entrepot.oci.linear_regex_parser import END, MATCH, SPLIT, START, Node, parse

_STATES_KEPT = 1_000


@dataclass(slots=True, eq=False)
class _State:
    """Places at which an expression may be, and where each character leads from there."""

    places: frozenset[int]
    matched: bool
    matched_at_end: bool
    moves: dict[str, "_State"] = field(default_factory=dict)


class LinearRegex:
    """An expression that was read once.

    Args:
        text: as it was written.
        nodes: what it consists of; the first is its begin.
    """

    def __init__(self, text: str, nodes: list[Node]) -> None:
        self.text = text
        self._nodes = nodes
        self._states: dict[frozenset[int], _State] = {}
        self._first = self._make(self._reach({0}, at_start=True), at_start=True)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an expression.

        Raises:
            ValueError: it is none, or uses what is not offered; the message says which.
        """
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        return cls(text, parse(text))

    def found_in(self, tag: str) -> bool:
        """Tell whether some part of a tag matches; `^` and `$` stand for its ends."""
        state = self._first
        for character in tag:
            if state.matched:
                return True
            state = state.moves.get(character) or self._move(state, character)
        return state.matched or state.matched_at_end

    def _move(self, state: _State, character: str) -> _State:
        # A match may begin anywhere, so the begin is always among the places.
        moved = {0}
        for place in state.places:
            node = self._nodes[place]
            if node.characters is not None and character in node.characters:
                moved.add(node.first)
        places = self._reach(moved, at_start=False)
        following = self._states.get(places)
        if following is None:
            if len(self._states) >= _STATES_KEPT:
                self._states.clear()
                self._first.moves.clear()
                state.moves.clear()
            following = self._states[places] = self._make(places, at_start=False)
        state.moves[character] = following
        return following

    def _make(self, places: frozenset[int], *, at_start: bool) -> _State:
        at_end = self._reach(set(places), at_start=at_start, at_end=True)
        return _State(places, self._has_match(places), self._has_match(at_end))

    def _has_match(self, places: frozenset[int]) -> bool:
        return any(self._nodes[place].kind == MATCH for place in places)

    def _reach(self, places: set[int], *, at_start: bool, at_end: bool = False) -> frozenset[int]:
        """Follow what needs no character."""
        reached: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in reached:
                continue
            reached.add(place)
            node = self._nodes[place]
            if node.kind == SPLIT:
                waiting += (node.first, node.second)
            elif (node.kind == START and at_start) or (node.kind == END and at_end):
                waiting.append(node.first)
        return frozenset(reached)
