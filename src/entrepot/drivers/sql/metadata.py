"""The metadata: questions, confirmations and changes."""

from collections.abc import Callable
from typing import Any

from entrepot.drivers.sql.database import Database, Row, Session
from entrepot.drivers.sql.reader import SqlReader, blob_of, manifest_of
from entrepot.drivers.sql.transaction import SqlTransaction
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.events import ORIGIN
from entrepot.ports.metadata import Change, Result, StoredBlob, StoredManifest
from entrepot.ports.removal import DEFAULT_HISTORY


class SqlMetadata(SqlReader):
    """Implements `Metadata`.

    Args:
        database: is closed with this.
        history_kept: lines of history that each tag keeps.
        node: which machine of the registry this is.
    """

    def __init__(
        self, database: Database, history_kept: int = DEFAULT_HISTORY, node: str = ""
    ) -> None:
        super().__init__(database)
        self.database = database
        self._history_kept = history_kept
        self._node = node

    async def change(self, change: Change[Result]) -> Result:
        """Run a function in a transaction; when this returns, its work is durable."""
        origin = ORIGIN.get()  # here, for the change itself may run in another's task

        async def work(session: Session) -> Result:
            return await change(SqlTransaction(session, self._history_kept, origin, self._node))

        return await self.database.transaction(work)

    async def confirm_blob(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredBlob | None:
        """Find a blob, and let it wait anew where it waits to be collected."""
        rows = await self._confirm("confirmable_blob", "renew_link", name, digest, before)
        return blob_of(rows[0]) if rows else None

    async def confirm_manifest(
        self, name: RepositoryName, digest: Digest, before: Callable[[], int]
    ) -> StoredManifest | None:
        """Find a manifest, and let it wait anew where it waits to be collected."""
        rows = await self._confirm("confirmable_manifest", "renew_manifest", name, digest, before)
        return manifest_of(rows)

    async def _confirm(
        self,
        question: str,
        renewal: str,
        name: RepositoryName,
        digest: Digest,
        before: Callable[[], int],
    ) -> list[Any]:
        rows = await self.database.rows(question, name=name, digest=digest)
        if not waits_since_before(rows, before()):
            return rows

        async def work(session: Session) -> list[Row]:
            await session.run(renewal, name=name, digest=digest)
            # Asked again: it may have been collected since.
            return await session.rows(question, name=name, digest=digest)

        return await self.database.transaction(work)

    async def check(self) -> None:
        """Return when the database answers and can be written."""

        async def work(session: Session) -> None:
            await session.run("write_nothing")

        await self.database.rows("ping")
        await self.database.transaction(work)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def waits_since_before(rows: list[Row], before: int) -> bool:
    """Tell whether something is there that has waited to be collected since before a moment."""
    return bool(rows) and rows[0][-1] is not None and rows[0][-1] < before
