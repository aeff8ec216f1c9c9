"""Wrong credentials, counted in the file of the upload sessions: its commits wait for no disk."""

from entrepot.drivers.sql.sessions import SqliteUploadSessions
from entrepot.ports.guesses import Standing


class SqliteGuessLedger:
    """Implements `GuessLedger`.

    Args:
        sessions: whose file and connection it shares.
    """

    def __init__(self, sessions: SqliteUploadSessions) -> None:
        self._sessions = sessions

    async def standing(self, subject: str) -> Standing:
        """Tell what is known of a subject."""
        rows, _ = await self._sessions.run("guess", subject=subject)
        return Standing(*rows[0]) if rows else Standing()

    async def count(self, subject: str, now: int, forgotten: int) -> int:
        """Count a wrong credential; gives how many there are."""
        rows, _ = await self._sessions.run(
            "count_guess", subject=subject, now=now, forgotten=forgotten
        )
        return int(rows[0][0])

    async def wait(self, subject: str, until: int) -> None:
        """Let a subject wait, unless it has to wait longer already."""
        await self._sessions.run("let_guesser_wait", subject=subject, until=until)

    async def succeed(self, subject: str, now: int) -> None:
        """Remember that credentials were right."""
        await self._sessions.run("note_success", subject=subject, now=now)

    async def waiting(self, now: int, limit: int) -> dict[str, int]:
        """Tell who has to wait, and until when."""
        rows, _ = await self._sessions.run("waiting_guessers", now=now, limit=limit)
        return dict(rows)

    async def forget(self, before: int, keep: int) -> int:
        """Forget subjects of which nothing was heard since, and more above a number."""
        rows, _ = await self._sessions.run("guess_at_rank", moment=before, rank=keep)
        moment = max(before, rows[0][0] + 1) if rows else before
        _, count = await self._sessions.run("forget_guesses", moment=moment)
        return count
