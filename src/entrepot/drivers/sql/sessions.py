"""Upload sessions in an SQLite file whose commits do not wait for the disk."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.engines.sqlite.failures import is_busy, translate
from entrepot.drivers.sql.engines.sqlite.writer import BUSY_PAUSE_SECONDS, BUSY_WAIT_SECONDS
from entrepot.drivers.sql.reader import QUERIES
from entrepot.errors import UnknownUpload, UploadBusy
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.uploads import UploadSession


class SqliteUploadSessions:
    """Implements `UploadSessions`. The file must have been migrated."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, durable=False)

    async def create(self, session: UploadSession) -> None:
        """Keep a new session, unclaimed."""
        await self._run(
            "create_session",
            id=session.id,
            repository=session.repository,
            owner=session.owner,
            algorithm=session.state.algorithm,
            received=session.state.received,
            progress=session.state.progress,
            now=session.started_at,
        )

    async def get(self, upload_id: str) -> UploadSession | None:
        """Find a session."""
        rows, _ = await self._run("get_session", id=upload_id)
        return _session(rows[0]) if rows else None

    async def claim(self, upload_id: str, holder: str, now: int, until: int) -> UploadSession:
        """Become the session's only writer."""
        rows, _ = await self._run(
            "claim_session", id=upload_id, holder=holder, now=now, until=until
        )
        if rows:
            return _session(rows[0])
        if await self.get(upload_id) is None:
            raise UnknownUpload("there is no such upload session", {"upload": upload_id})
        raise UploadBusy("another request is writing to this upload session", {"upload": upload_id})

    async def renew(self, state: UploadState, holder: str, now: int, until: int) -> bool:
        """Keep the newest state and hold on; False when the claim was lost."""
        _, count = await self._run(
            "renew_session",
            id=state.upload_id,
            holder=holder,
            received=state.received,
            progress=state.progress,
            now=now,
            until=until,
        )
        return count == 1

    async def release(self, state: UploadState, holder: str, now: int) -> bool:
        """Keep the newest state and let go; False when the claim was lost."""
        _, count = await self._run(
            "release_session",
            id=state.upload_id,
            holder=holder,
            received=state.received,
            progress=state.progress,
            now=now,
        )
        return count == 1

    async def finish(self, upload_id: str, holder: str) -> None:
        """Forget a session that its holder has made a blob, or has given up."""
        await self._run("finish_session", id=upload_id, holder=holder)

    async def release_all(self, holders: str = "") -> int:
        """Let go of claims whose holders are known to have ended; tell how many."""
        _, count = await self._run("release_all_sessions", holders=holders)
        return count

    async def idle_since(self, moment: int, after: str, limit: int) -> list[UploadSession]:
        """List sessions without a live claim, untouched since a moment, by id."""
        rows, _ = await self._run("idle_sessions", moment=moment, after=after, limit=limit)
        return [_session(row) for row in rows]

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    async def run(self, query: str, **parameters: Any) -> tuple[list[Any], int]:
        """Run a named statement, for another port that lives in the same file."""
        return await self._run(query, **parameters)

    async def _run(self, query: str, **parameters: Any) -> tuple[list[Any], int]:
        """Run one statement, which is a transaction by itself; nothing waits for the disk."""
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


def _session(row: Any) -> UploadSession:
    upload_id, repository, owner, algorithm, received, progress, started_at = row
    state = UploadState(upload_id, algorithm, received, progress)
    return UploadSession(RepositoryName(repository), owner, state, started_at)
