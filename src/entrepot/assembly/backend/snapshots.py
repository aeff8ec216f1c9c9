"""Copies of the database, and putting one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from entrepot.assembly.backend.ownership import Places
from entrepot.drivers.filesystem.dates import FilesystemDates
from entrepot.drivers.filesystem.snapshots import (
    FilesystemSnapshots,
    give_to_owner,
    make_private,
    sync_file,
)
from entrepot.drivers.sql.collection import SqlCollectionRestart
from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
from entrepot.drivers.sql.engines.sqlite.migrations import migrate, require_schema
from entrepot.drivers.sql.engines.sqlite.restoring import (
    copy_beside,
    discard,
    lost_tags,
    put_in_place,
)
from entrepot.drivers.sql.engines.sqlite.set_aside import free_name, newest_aside
from entrepot.drivers.sql.engines.sqlite.snapshots import SqliteSnapshots
from entrepot.drivers.sql.sweep import SqlCollectionSweep
from entrepot.ports.backup import MetadataSnapshots, SnapshotStore
from entrepot.ports.clock import SystemClock
from entrepot.services.backup.reconcile import reconcile
from entrepot.services.backup.report import RestoreReport
from entrepot.services.check import Stores


class Snapshots:
    """Copies of the database, the place where they lie, and what restoring one needs.

    Args:
        places: the files of the registry.

    Attributes:
        source: copies the database while it is in use.
        store: the place.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.source: MetadataSnapshots = SqliteSnapshots(places.database)
        self.store: SnapshotStore = FilesystemSnapshots(places.root)

    def require_schema(self) -> None:
        """Return when the database has the schema of this program.

        Raises:
            MetadataOutage: it has not, or cannot be opened.
        """
        require_schema(self._places.database, "metadata")

    @contextmanager
    def new_file(self, target: Path) -> Iterator[Path]:
        """Give a file to write a copy into, which only its owner reads; it becomes the target.

        Args:
            target: gets everything at once, durably, when the block ends without an error.

        Raises:
            OSError: it is there already, or cannot be written.
        """
        scratch = target.with_name(f".{target.name}.unfinished")
        if target.exists():
            raise FileExistsError(17, "it is there already", str(target))
        try:
            scratch.unlink(missing_ok=True)
            yield make_private(scratch)
            sync_file(scratch)
            scratch.rename(target)
        finally:
            scratch.unlink(missing_ok=True)

    def aside(self) -> tuple[Path, int] | None:
        """Find the database that the last restore set aside, and when, in microseconds."""
        return newest_aside(self._places.database)

    @contextmanager
    def replacement(self, snapshot: Path) -> Iterator[Path]:
        """Copy a snapshot to beside the database, and bring it to the schema of this program.

        What was not put in place by the end of the block is gone. The registry and all commands
        must be away.

        Raises:
            StorageOutage: it cannot be made.
            MetadataOutage: the snapshot cannot be read.
        """
        new = copy_beside(snapshot, self._places.database)
        try:
            migrate(new, "metadata", durable=True)
            migrate(self._places.sessions, "sessions", durable=False)
            give_to_owner(self._places.sessions, self._places.database.parent)
            yield new
        finally:
            discard(new)

    async def reconcile(self, new: Path, stores: Stores, report: RestoreReport) -> None:
        """Make a replacement agree with the bytes that are there.

        Args:
            new: the replacement.
            stores: have it as their database.
            report: is told what was found.
        """
        with closing(SqliteDatabase(new)) as database:
            await reconcile(
                stores,
                SqlCollectionRestart(database),
                FilesystemDates(self._places.root),
                await SqlCollectionSweep(database).adopted_at() or 0,
                report,
            )

    def put_in_place(self, new: Path) -> Path | None:
        """Let a replacement be the database.

        Returns:
            Where the one lies that was in its place; None when there was none.
        """
        aside = free_name(self._places.database, SystemClock().now())
        return aside if put_in_place(new, self._places.database, aside) else None

    def lost_tags(self, aside: Path) -> list[tuple[str, str, str, str]] | None:
        """Compare the tags of the database that was set aside with those of the one in its place.

        Returns:
            Repository, tag, what it pointed to, what it points to now; None where it cannot be
            read.
        """
        return lost_tags(aside, self._places.database)
