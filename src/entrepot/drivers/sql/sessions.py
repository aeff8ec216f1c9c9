"""Upload sessions, what is reserved for them, and wrong credentials.

They lie in a database of their own, whose commits need not wait for the disk: what a power loss
takes of it is begun anew.
"""

import json
from typing import Any

from entrepot.drivers.sql.database import Database, Row, Session
from entrepot.errors import QuotaExceeded, UnknownUpload, UploadBusy
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import UploadState
from entrepot.ports.clock import MICROSECONDS
from entrepot.ports.guesses import GuessRecord
from entrepot.ports.uploads import BytesAround, EndedUpload, UploadSession

# How long a client may take to ask once more.
_TOLD_MICROSECONDS = 600 * MICROSECONDS


class _SessionsDatabase:
    """Changes are single statements.

    Args:
        database: of the upload sessions.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    async def _change(self, query: str, **values: Any) -> int:
        async def work(session: Session) -> int:
            return await session.run(query, **values)

        return await self.database.transaction(work, durable=False)

    async def _changed(self, query: str, **values: Any) -> list[Row]:
        async def work(session: Session) -> list[Row]:
            return await session.rows(query, **values)

        return await self.database.transaction(work, durable=False)


class SqlUploadSessions(_SessionsDatabase):
    """Implements `UploadSessions`."""

    async def create(self, session: UploadSession) -> None:
        """Keep a new session, unclaimed."""
        await self._change(
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
        rows = await self.database.rows("get_session", id=upload_id)
        return _session(rows[0]) if rows else None

    async def claim(self, upload_id: str, holder: str, now: int, until: int) -> UploadSession:
        """Become the session's only writer."""
        rows = await self._changed(
            "claim_session", id=upload_id, holder=holder, now=now, until=until
        )
        if rows:
            return _session(rows[0])
        if await self.get(upload_id) is None:
            raise UnknownUpload("there is no such upload session", {"upload": upload_id})
        raise UploadBusy("another request is writing to this upload session", {"upload": upload_id})

    async def renew(self, state: UploadState, holder: str, now: int, until: int) -> bool:
        """Keep the newest state and hold on; False when the claim was lost."""
        count = await self._change(
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
        count = await self._change(
            "release_session",
            id=state.upload_id,
            holder=holder,
            received=state.received,
            progress=state.progress,
            now=now,
        )
        return count == 1

    async def finish(
        self,
        upload_id: str,
        holder: str,
        now: int = 0,
        outcome: Digest | QuotaExceeded | None = None,
    ) -> None:
        """Forget a session that its holder has made a blob, or has given up."""
        digest = outcome if isinstance(outcome, Digest) else None
        refusal = None
        if isinstance(outcome, QuotaExceeded):
            refusal = json.dumps([outcome.message, outcome.detail])

        async def work(session: Session) -> None:
            if outcome is not None:
                told = {"id": upload_id, "holder": holder, "now": now}
                await session.run("end_session", digest=digest, refusal=refusal, **told)
                await session.run("forget_ended_sessions", before=now - _TOLD_MICROSECONDS)
            await session.run("finish_session", id=upload_id, holder=holder)

        await self.database.transaction(work, durable=False)

    async def ended(self, upload_id: str) -> EndedUpload | None:
        """Tell how a session has ended."""
        rows = await self.database.rows("ended_session", id=upload_id)
        if not rows:
            return None
        repository, owner, digest, refusal = rows[0]
        return EndedUpload(
            RepositoryName(repository),
            owner,
            None if digest is None else Digest(digest),
            None if refusal is None else QuotaExceeded(*json.loads(refusal)),
        )

    async def release_all(self, holders: str = "") -> int:
        """Let go of claims whose holders are known to have ended; tell how many."""
        return await self._change("release_all_sessions", holders=holders)

    async def idle_since(self, moment: int, after: str, limit: int) -> list[UploadSession]:
        """List sessions without a live claim, untouched since a moment, by id."""
        rows = await self.database.rows("idle_sessions", moment=moment, after=after, limit=limit)
        return [_session(row) for row in rows]

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


class SqlReservations(_SessionsDatabase):
    """Implements `Reservations`."""

    async def reserve(
        self,
        upload_id: str,
        name: RepositoryName,
        size: int,
        room: BytesAround,
        now: int,
        until: int,
    ) -> bool:
        """Take room for an upload; what it had taken before is replaced."""
        count = await self._change(
            "reserve",
            id=upload_id,
            repository=name,
            namespace=name.partition("/")[0],
            bytes=size,
            until=until,
            now=now,
            repository_room=room.repository,
            namespace_room=room.namespace,
            registry_room=room.registry,
        )
        return count == 1

    async def reserved(self, name: RepositoryName, now: int, but: str = "") -> BytesAround:
        """Tell what is taken around a repository, leaving out one upload."""
        rows = await self.database.rows(
            "reserved", repository=name, namespace=name.partition("/")[0], now=now, id=but
        )
        return BytesAround(*rows[0])

    async def release(self, upload_id: str) -> None:
        """Give back what an upload has taken, if anything."""
        await self._change("release_reservation", id=upload_id)

    async def forget_ended(self, now: int) -> None:
        """Remove reservations that have ended by themselves, which count no longer anyway."""
        await self._change("forget_reservations", now=now)


class SqlGuessLedger(_SessionsDatabase):
    """Implements `GuessLedger`: it is written with every wrong guess, and a sync costs far more."""

    async def record(self, subject: str) -> GuessRecord:
        """Tell what is known of a subject."""
        rows = await self.database.rows("guess", subject=subject)
        return GuessRecord(*rows[0]) if rows else GuessRecord()

    async def count(self, subject: str, now: int, forgotten: int) -> int:
        """Count a wrong credential; gives how many there are."""
        rows = await self._changed("count_guess", subject=subject, now=now, forgotten=forgotten)
        return int(rows[0][0])

    async def wait(self, subject: str, until: int) -> None:
        """Let a subject wait, unless it has to wait longer already."""
        await self._change("let_guesser_wait", subject=subject, until=until)

    async def succeed(self, subject: str, now: int) -> None:
        """Remember that credentials were right."""
        await self._change("note_success", subject=subject, now=now)

    async def waiting(self, now: int, limit: int) -> dict[str, int]:
        """Tell who has to wait, and until when."""
        rows = await self.database.rows("waiting_guessers", now=now, limit=limit)
        return dict(rows)

    async def forget(self, before: int, keep: int) -> int:
        """Forget subjects of which nothing was heard since, and more above a number."""
        rows = await self.database.rows("guess_at_rank", moment=before, rank=keep)
        moment = max(before, rows[0][0] + 1) if rows else before
        return await self._change("forget_guesses", moment=moment)


def _session(row: Row) -> UploadSession:
    upload_id, repository, owner, algorithm, received, progress, started_at = row
    state = UploadState(upload_id, algorithm, received, progress)
    return UploadSession(RepositoryName(repository), owner, state, started_at)
