"""Questions to the metadata that are asked once: nothing that is answered is kept."""

from pathlib import Path
from typing import Any

from entrepot.drivers.sql.engines.sqlite.connection import connect
from entrepot.drivers.sql.reader import QUERIES, SqliteReader


class SqliteQuestions(SqliteReader):
    """Asks on a connection of its own, which cannot change anything.

    Args:
        path: the file, which must have been migrated.

    Raises:
        MetadataOutage: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._reading = connect(path, durable=True, read_only=True)
        super().__init__(self._reading)

    async def rows(self, query: str, **parameters: Any) -> list[Any]:
        """Ask a query by its name."""
        return await self._rows(QUERIES[query], parameters)

    def close(self) -> None:
        """Let go of the database."""
        self._reading.close()
