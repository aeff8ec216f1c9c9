"""Wrong credentials, counted in the file of the upload sessions: its commits wait for no disk."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

from entrepot.drivers.sqlite.connection import connect
from entrepot.drivers.sqlite.failures import is_busy, translate
from entrepot.drivers.sqlite.reader import QUERIES
from entrepot.drivers.sqlite.writer import BUSY_PAUSE_SECONDS, BUSY_WAIT_SECONDS
from entrepot.ports.guesses import Standing


class SqliteGuessLedger:
    """Implements `GuessLedger`. The file must have been migrated."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=False)

    async def standing(self, subject: str) -> Standing:
        """Tell what is known of a subject."""
        rows, _ = await self._run("guess", subject=subject)
        return Standing(*rows[0]) if rows else Standing()

    async def count(self, subject: str, now: int, forgotten: int) -> int:
        """Count a wrong credential; gives how many there are."""
        rows, _ = await self._run("count_guess", subject=subject, now=now, forgotten=forgotten)
        return int(rows[0][0])

    async def wait(self, subject: str, until: int) -> None:
        """Let a subject wait, unless it has to wait longer already."""
        await self._run("let_guesser_wait", subject=subject, until=until)

    async def succeed(self, subject: str, now: int) -> None:
        """Remember that credentials were right."""
        await self._run("note_success", subject=subject, now=now)

    async def waiting(self, now: int, limit: int) -> dict[str, int]:
        """Tell who has to wait, and until when."""
        rows, _ = await self._run("waiting_guessers", now=now, limit=limit)
        return dict(rows)

    async def forget(self, before: int, keep: int) -> int:
        """Forget subjects of which nothing was heard since, and more above a number."""
        rows, _ = await self._run("guess_at_rank", rank=keep)
        moment = max(before, rows[0][0] + 1) if rows else before
        _, count = await self._run("forget_guesses", moment=moment)
        return count

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    async def _run(self, query: str, **parameters: Any) -> tuple[list[Any], int]:
        """Run one statement, which is a transaction by itself."""
        deadline = 0.0
        while True:
            try:
                cursor = self._connection.execute(QUERIES[query], parameters)
                return cursor.fetchall(), cursor.rowcount
            except sqlite3.Error as error:
                now = time.monotonic()
                deadline = deadline or now + BUSY_WAIT_SECONDS
                if not is_busy(error) or now > deadline:
                    raise translate(error) from error
            await asyncio.sleep(BUSY_PAUSE_SECONDS)
