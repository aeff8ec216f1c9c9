"""Pull times in the metadata's database."""

import json
import sqlite3
from collections.abc import Collection

from entrepot.drivers.sql.metadata import SqliteMetadata
from entrepot.drivers.sql.reader import QUERIES
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


class SqlitePullTimes:
    """Implements `PullTimes`.

    Args:
        database: whose file and whose commits it shares.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def note(self, pulled: Collection[tuple[RepositoryName, Digest]], now: int) -> None:
        """Write down that manifests were pulled; those that are gone are passed over."""
        parameters = {"pulled": json.dumps(list(pulled)), "now": now}

        async def work(connection: sqlite3.Connection) -> None:
            connection.execute(QUERIES["note_pulls"], parameters)

        await self._database.work(work)
