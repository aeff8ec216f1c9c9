"""Pull times in the metadata's database."""

from collections.abc import Collection

from entrepot.drivers.sql.database import Database, Session
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


class SqlPullTimes:
    """Implements `PullTimes`.

    Args:
        database: has the manifests.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, pulled: Collection[tuple[RepositoryName, Digest]], now: int) -> None:
        """Write down that manifests were pulled; those that are gone are passed over."""
        rows = [{"name": name, "digest": digest, "now": now} for name, digest in pulled]

        async def work(session: Session) -> None:
            await session.many("note_pull", rows)

        await self._database.transaction(work)
