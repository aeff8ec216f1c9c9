"""Fills, and when tags were looked at: in the file of the upload sessions, which waits for no disk.

See sessions.py for what may be lost with it.
"""

from typing import Any

from entrepot.drivers.sql.database import Database, Row, Session
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.fills import Failure, Fill, Problem

# How long a failure is told that left nothing to go on with: whoever waits looks every moment.
_TOLD = 600 * MICROSECONDS
_DAY = 86_400 * MICROSECONDS
_MONTH = 30 * _DAY


class SqlFills:
    """Implements `Fills`.

    Args:
        database: of the upload sessions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, key: str, holder: str, now: int, until: int, upload_id: str = ""
    ) -> Fill | None:
        """Become the only one to fetch something; None while somebody else is."""

        async def work(session: Session) -> list[Row]:
            return await session.rows(
                "claim_fill", key=key, holder=holder, now=now, until=until, upload=upload_id
            )

        rows = await self._database.transaction(work, durable=False)
        return _fill(rows[0]) if rows else None

    async def renew(self, key: str, holder: str, until: int, size: int | None = None) -> bool:
        """Hold on, and tell the size, if known by now; False when the claim was lost."""
        return await self._change("renew_fill", key=key, holder=holder, until=until, size=size)

    async def release(self, key: str, holder: str) -> bool:
        """Let go of a fill for others to go on with; False when the claim was lost."""
        return await self._change("release_fill", key=key, holder=holder)

    async def finish(self, key: str, holder: str, now: int) -> bool:
        """Forget a fill whose outcome is there for everybody; False when the claim was lost."""

        async def work(session: Session) -> int:
            await _forget_old(session, now)
            return await session.run("finish_fill", key=key, holder=holder)

        return await self._database.transaction(work, durable=False) == 1

    async def fail(
        self, key: str, holder: str, failure: Failure, *, keep_upload: bool = False
    ) -> bool:
        """Let go of a fill, and tell whoever waits why; False when the claim was lost."""

        async def work(session: Session) -> int:
            await _forget_old(session, failure.at)
            return await session.run(
                "fail_fill",
                key=key,
                holder=holder,
                problem=failure.problem,
                message=failure.message,
                now=failure.at,
                kept=int(keep_upload),
            )

        return await self._database.transaction(work, durable=False) == 1

    async def find(self, key: str) -> Fill | None:
        """Look at a fill; None where there is none."""
        rows = await self._database.rows("find_fill", key=key)
        return _fill(rows[0]) if rows else None

    async def release_all(self, holders: str = "") -> int:
        """Let go of claims whose holders are known to have ended; tell how many."""

        async def work(session: Session) -> int:
            return await session.run("release_all_fills", holders=holders)

        return await self._database.transaction(work, durable=False)

    async def _change(self, query: str, **values: Any) -> bool:
        async def work(session: Session) -> int:
            return await session.run(query, **values)

        return await self._database.transaction(work, durable=False) == 1


class SqlCheckedTags:
    """Implements `CheckedTags`.

    Args:
        database: of the upload sessions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checked_at(self, key: str) -> int | None:
        """Tell when a tag was last compared with its upstream."""
        rows = await self._database.column("tag_checked_at", key=key)
        return rows[0] if rows else None

    async def note(self, key: str, now: int) -> None:
        """Write down that it was now."""

        async def work(session: Session) -> None:
            await session.run("forget_checked_tags", before=now - _MONTH)
            await session.run("note_checked_tag", key=key, now=now)

        await self._database.transaction(work, durable=False)

    async def forget(self, key: str) -> None:
        """Forget when it was, so that the tag is compared again."""

        async def work(session: Session) -> None:
            await session.run("forget_checked_tag", key=key)

        await self._database.transaction(work, durable=False)


async def _forget_old(session: Session, now: int) -> None:
    await session.run("forget_fills", before=now - _DAY)
    await session.run("forget_fills_without_upload", before=now - _TOLD)


def _fill(row: Row) -> Fill:
    upload_id, size, until, problem, message, touched_at = row
    failure = None if problem is None else Failure(Problem(problem), message, touched_at)
    return Fill(upload_id, size, until, failure)
