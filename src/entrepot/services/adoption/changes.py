"""Notices what Docker Registry has changed in its directory since it was read.

Entrepot writes nothing there. So what has changed was written while Entrepot was stopped, and is
newer than everything that Entrepot did.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass

from entrepot.oci.name import RepositoryName
from entrepot.ports.adoption import Finding, TreeMark
from entrepot.ports.blobs import Location
from entrepot.ports.foreign import ForeignRegistry

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed.

    Attributes:
        written: repositories in whose folders something was written or removed, or that are new.
        gone: repositories whose folders are not there any more.
    """

    written: tuple[RepositoryName, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Tell it to a person."""
        named = [*self.written, *self.gone]
        shown = ", ".join(named[:_NAMED]) + (", …" if len(named) > _NAMED else "")
        return (
            f"Docker Registry has changed {len(named)} of its repositories since they were read"
            f" ({shown}). The next start takes the changes; nothing of them is removed until then"
        )

    def __bool__(self) -> bool:
        """Tell whether anything has changed."""
        return bool(self.written or self.gone)


def find_changes(source: ForeignRegistry, marks: Mapping[str, TreeMark]) -> Changes:
    """Compare the directory with what it looked like. Waits for the disk.

    Args:
        source: the directory.
        marks: what its repositories looked like when they were read.

    Raises:
        StorageOutage: something in the directory cannot be looked at; the message names it.
    """
    written = []
    gone = dict.fromkeys(marks)
    for name in source.repositories():
        if isinstance(name, Finding):
            continue
        gone.pop(name, None)
        mark = marks.get(name)
        if mark is None or source.fingerprint(name) != mark.fingerprint:
            written.append(name)
    return Changes(tuple(written), tuple(gone))


class DirectoryWatch:
    """Looks at the directory beside a registry that runs.

    Args:
        source: the directory.
        marks: gives what its repositories looked like when they were read.
    """

    def __init__(
        self, source: ForeignRegistry, marks: Callable[[], Awaitable[Mapping[str, TreeMark]]]
    ) -> None:
        self._source = source
        self._marks = marks

    async def changes(self) -> Changes:
        """Tell what has changed; the next start takes it.

        Raises:
            StorageOutage: something in the directory cannot be looked at.
            MetadataOutage: the database failed.
        """
        return await asyncio.to_thread(find_changes, self._source, await self._marks())

    async def named(self, locations: Set[Location]) -> set[Location]:
        """Tell to which of these places a link in the directory leads.

        Raises:
            StorageOutage: something in the directory cannot be read.
        """
        return await asyncio.to_thread(self._source.named, locations)
