"""The daemons that run now, so that a failing test can show what they wrote."""

from typing import Protocol


class Talker(Protocol):
    """Something with a name and a log."""

    name: str

    def tail(self, lines: int = 20) -> str:
        """The last lines that it wrote."""


JOURNAL: list[Talker] = []
