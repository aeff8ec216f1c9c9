"""Tells whether anything was committed to a database since a moment."""

import asyncio
import sqlite3


class CommitWatch:
    """Watches a database through a connection that does not change it itself.

    SQLite's own way (sqlite.org/pragma.html#pragma_data_version), in half the time of the simplest
    query. The head of the file `-shm` tells the same in a fiftieth of it, and must not be looked
    at: closing that file ends every lock that SQLite has on it in this process, and the next
    process that opens the database cuts it under the feet of the others (fcntl(2);
    sqlite.org/howtocorrupt.html, section 2.2).

    Args:
        connection: reads only, so that every commit is another's; None to know nothing.
    """

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._cursor = None if connection is None else connection.cursor()
        self._state: int | None = None
        self._looked = False

    def state(self) -> int | None:
        """Give what is equal for as long as nothing is committed; None where that is unknown."""
        if self._cursor is None:
            return None
        try:
            return int(self._cursor.execute("PRAGMA data_version").fetchall()[0][0])
        except sqlite3.Error:
            return None  # locked, or broken: the question that comes next says which

    def shared_state(self) -> int | None:
        """Give the state as of one look for all that the event loop's queue holds by now.

        Whoever stands in the queue already asked before the look was taken, so it is as new to
        them as to the first; whoever comes later stands behind `look_again`.
        """
        if not self._looked:
            self._state = self.state()
            self._looked = self._state is not None
            if self._looked:
                asyncio.get_running_loop().call_soon(self.look_again)
        return self._state

    def look_again(self) -> None:
        """Let the next one look for itself."""
        self._looked = False
