"""Answers that the database gave, kept for as long as nothing is committed to it."""

import sys
from collections.abc import Hashable
from typing import Any

from entrepot.drivers.sql.engines.sqlite.commit_watch import CommitWatch

_ANSWERS = 4096
_BYTES = 4 * 1024 * 1024
# A row's Python objects beside its text, roughly.
_ROW_BYTES = 200


class ReadCache:
    """Keeps answers, and forgets all of them at the first commit of any process.

    A registry is read much more often than it is written: where thousands of nodes pull one image,
    the same few questions are asked between two pushes.

    Args:
        watch: tells of commits.
    """

    def __init__(self, watch: CommitWatch) -> None:
        self._watch = watch
        self._answers: dict[Hashable, list[Any]] = {}
        self._state: int | None = None
        self._bytes = 0

    def get(self, question: Hashable) -> list[Any] | None:
        """Give the rows of an answer that still holds.

        Where it gives none, `put` may be called with the rows that the database gives now.
        """
        state = self._watch.shared_state()
        if state is None or state != self._state:
            self._answers.clear()
            self._bytes = 0
            # Taken before the database is asked: a commit in between makes the answer look old.
            self._state = state
            return None
        return self._answers.get(question)

    def put(self, question: Hashable, rows: list[Any]) -> None:
        """Keep an answer that the database gave after `get` was called with its question."""
        # It may be newer than the look: nobody shall see something older after it.
        self._watch.look_again()
        if self._state is None:
            return
        size = sum(map(_size, rows)) + _ROW_BYTES
        if self._bytes + size > _BYTES or len(self._answers) >= _ANSWERS:
            if size > _BYTES // 16:
                return
            self._answers.clear()
            self._bytes = 0
        self._answers[question] = rows
        self._bytes += size


def _size(row: Any) -> int:
    """Estimate the bytes of a row, or of a value where an answer is one column."""
    if isinstance(row, tuple):
        return _ROW_BYTES + sum(len(value) for value in row if isinstance(value, bytes | str))
    return sys.getsizeof(row)
