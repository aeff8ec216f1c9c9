"""Counters of what lies where, as triggers keep them (migrations/metadata/0008_usage.sql)."""

from collections.abc import Sequence
from typing import Any

from entrepot.drivers.sqlite.metadata import SqliteMetadata
from entrepot.ports.usage import RegistryUsage, UsageRow


class SqliteUsage:
    """Implements `UsageReader`.

    Args:
        database: whose file it reads.
    """

    def __init__(self, database: SqliteMetadata) -> None:
        self._database = database

    async def registry(self) -> RegistryUsage:
        """Tell what the registry has."""
        rows = await self._database.rows("registry_usage")
        return RegistryUsage(*rows[0])

    async def repositories(self, after: str, limit: int) -> list[UsageRow]:
        """List repositories by name, in pages that begin behind a name."""
        return _usage(await self._database.rows("usage_of_repositories", after=after, limit=limit))

    async def namespaces(self, after: str, limit: int) -> list[UsageRow]:
        """List namespaces by name, in pages that begin behind a name."""
        return _usage(await self._database.rows("usage_of_namespaces", after=after, limit=limit))


def _usage(rows: Sequence[Any]) -> list[UsageRow]:
    return [UsageRow(*row) for row in rows]
