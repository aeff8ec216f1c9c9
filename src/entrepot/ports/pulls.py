"""When manifests were last pulled."""

from collections.abc import Collection
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


class PullTimes(Protocol):
    """Keeps, for each manifest of a repository, when it was last pulled."""

    async def note(self, pulled: Collection[tuple[RepositoryName, Digest]], now: int) -> None:
        """Write down that manifests were pulled; those that are gone are passed over.

        Args:
            pulled: each once; written in one transaction.
            now: microseconds since 1970, UTC; an earlier time than the one kept changes nothing.

        Raises:
            MetadataOutage: the database failed; nothing was written.
        """
        ...
