"""What the registry keeps, by its settings: the only place that knows which drivers keep it.

Drivers are imported inside functions: the supervisor and most commands need few of them, and start
faster so.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from entrepot.assembly.backend.ownership import FilesystemOwnership, Places
from entrepot.assembly.drivers import Drivers
from entrepot.config.settings import Settings
from entrepot.errors import ConfigurationError, MetadataOutage
from entrepot.ports.access import OpenAccess
from entrepot.ports.clock import SystemClock

if TYPE_CHECKING:
    from entrepot.assembly.backend.snapshots import Snapshots
    from entrepot.assembly.backend.tree import Tree
    from entrepot.operations.worker_metrics import WorkerMetrics
    from entrepot.ports.blobs import BlobStorage
    from entrepot.ports.check import MetadataInspector
    from entrepot.ports.inspection import BlobInspector
    from entrepot.services.check import Stores

logger = logging.getLogger("entrepot.assembly")


class Backend:
    """A database, upload sessions, blobs and snapshots; whose they are, and on which node.

    Nothing is opened, locked or made before a method says so.

    Args:
        settings: of the whole registry.
        scratch: where the databases lie when nothing is to be kept (``storage.inmemory``); no
            command has such a place.

    Attributes:
        ownership: keeps others off the data; None where other processes cannot see it.
        node: the name of this machine among those that serve the registry.
    """

    def __init__(self, settings: Settings, scratch: Path | None = None) -> None:
        self.settings = settings
        self.node = settings.node.name or socket.gethostname()
        self._places = Places.of(settings, scratch or Path())
        self.ownership: FilesystemOwnership | None = None
        if settings.storage.driver != "inmemory":
            self.ownership = FilesystemOwnership(self._places.root)

    @property
    def is_kept(self) -> bool:
        """Whether what is here outlives the registry, and other processes see it."""
        return self.ownership is not None

    @property
    def database(self) -> Path:
        """The file of the metadata, for messages."""
        return self._places.database

    @cached_property
    def snapshots(self) -> Snapshots | None:
        """Copies of the database; None where nothing is kept."""
        from entrepot.assembly.backend.snapshots import Snapshots

        return Snapshots(self._places) if self.is_kept else None

    @cached_property
    def tree(self) -> Tree | None:
        """The directory that Docker Registry wrote or will read; None where blobs are no files."""
        from entrepot.assembly.backend.tree import Tree

        return Tree(self._places, self.settings.server.limits.manifest) if self.is_kept else None

    # One way each: for the registry, for commands beside it, for commands in its absence.

    def hold(self) -> AbstractContextManager[None]:
        """Keep other registries off the data until the block ends.

        Raises:
            StorageOutage: another one runs on it, or it cannot be used.
        """
        return nullcontext() if self.ownership is None else self.ownership.hold()

    @contextmanager
    def beside(self, *, changes: bool = False) -> Iterator[Drivers]:
        """Open everything for a command, beside a registry that may run.

        The schema stays as it is: the registry that runs may be of the version that made it.

        Args:
            changes: what the registry holds will be changed.

        Raises:
            ConfigurationError: nothing is kept, there is no database, or the registry is read-only
                and shall be changed.
            MetadataOutage: the database cannot be used, or is not of this version.
            StorageOutage: another database is being put in its place at this moment.
        """
        ownership = self.require_database()
        if changes and self.settings.storage.maintenance.readonly.enabled:
            raise ConfigurationError("storage.maintenance.readonly is set: nothing may be changed")
        with ownership.beside(), self._opened_as_it_is() as drivers:
            yield drivers

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep registries and commands off the data, for somebody who replaces its database.

        Raises:
            ConfigurationError: nothing is kept.
            StorageOutage: a registry or a command is at work on it.
        """
        ownership = self.require_kept()
        with ownership.hold(), ownership.alone():
            yield

    def require_kept(self) -> FilesystemOwnership:
        """Give the ownership.

        Raises:
            ConfigurationError: nothing is kept, so that a command has nothing to work on.
            StorageOutage: this user may not use what is kept.
        """
        if self.ownership is None:
            raise ConfigurationError(
                f"storage.{self.settings.storage.driver} keeps everything in memory, where no"
                " command can reach it"
            )
        from entrepot.drivers.filesystem.permission import check_access

        check_access(self._places.root, self.database)
        return self.ownership

    def require_database(self) -> FilesystemOwnership:
        """Give the ownership where there is a database; commands never make one.

        Raises:
            ConfigurationError: nothing is kept, or there is no database.
            StorageOutage: this user may not use it.
        """
        ownership = self.require_kept()
        if not self.has_database:
            raise ConfigurationError(
                f"there is no database at {self.database}. Is this the right configuration"
                " (--config)? `entrepot serve` creates a database, `entrepot restore` restores one"
            )
        return ownership

    @property
    def has_database(self) -> bool:
        """Whether there is a database, as far as this user can see."""
        try:
            return self.database.exists()
        except OSError:
            return True  # whoever opens it says why it cannot be seen

    @contextmanager
    def copied(self) -> Iterator[Backend]:
        """Give the same with a copy of the database, which is gone afterwards.

        Raises:
            ConfigurationError: nothing is kept, or there is no database.
            MetadataOutage: the database cannot be read.
            StorageFull: there is no room for the copy.
        """
        self.require_database()
        assert self.snapshots is not None
        with TemporaryDirectory(prefix="dry-run-", dir=self.database.parent) as folder:
            copy = Path(folder) / self.database.name
            self.snapshots.source.write(copy, lambda: None)
            yield self.with_database(copy)

    def with_database(self, path: Path) -> Backend:
        """Give the same with another database in its place."""
        backend = Backend(self.settings)
        backend._places = replace(self._places, database=path)
        return backend

    # What there is to open

    async def prepare(self) -> None:
        """Make what every worker relies upon: directories and schemas. Called once, before them.

        Raises:
            StorageOutage: the data directory cannot be used.
            NewerDatabase: a newer Entrepot has written the database.
            MetadataOutage: the database cannot be used.
        """
        from entrepot.drivers.filesystem.storage import prepare
        from entrepot.drivers.sql.engines.sqlite.damage import forget_if_damaged
        from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
        from entrepot.drivers.sql.engines.sqlite.migrations import migrate
        from entrepot.drivers.sql.pulls import SqlPullGatherers
        from entrepot.drivers.sql.redo import SqlRedoLog
        from entrepot.services.redo import ALL_TIME, Redo

        if self.is_kept:
            prepare(self._places.root)
        sessions = self._places.sessions
        migrate(self.database, "metadata", durable=True)
        try:
            if forget_if_damaged(sessions):
                logger.warning("%s was damaged: uploads in progress must be restarted", sessions)
        except OSError as error:
            raise MetadataOutage(f"{sessions} is damaged and cannot be removed: {error}") from error
        migrate(sessions, "sessions", durable=False)
        with closing(SqliteDatabase(sessions, durable=False)) as opened:
            await SqlPullGatherers(opened).leave(f"{self.node}/")
        with closing(SqliteDatabase(self.database, durable=True)) as opened:
            waiting = await SqlRedoLog(opened).waiting(ALL_TIME, 0, 1)
        with closing(self.open()) as drivers:
            # Not those of commands, which may run beside the registry.
            await drivers.free_claims(f"{self.node}/worker-")
            if waiting:
                written = await Redo(drivers.redo, drivers.blobs).replay()
                logger.info(
                    "wrote %d small blobs that were committed before the last stop", written
                )

    def open(self, metrics: WorkerMetrics | None = None, worker: int | None = None) -> Drivers:
        """Open everything in one process; `prepare` has run before.

        Args:
            metrics: times what the drivers do; None for nobody.
            worker: the number of this worker on the node; None for a command.

        Raises:
            MetadataOutage: the database cannot be opened.
        """
        from entrepot.drivers.sql.accounts import SqlAccounts
        from entrepot.drivers.sql.check import SqlMender
        from entrepot.drivers.sql.collection import SqlCollectionQueue
        from entrepot.drivers.sql.dated_tags import SqlDatedTags
        from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase
        from entrepot.drivers.sql.engines.sqlite.writer import ignore_group
        from entrepot.drivers.sql.events import SqlEventLog
        from entrepot.drivers.sql.eviction import SqlCachedImages
        from entrepot.drivers.sql.fills import SqlCheckedTags, SqlFills
        from entrepot.drivers.sql.jobs import SqlJobLedger
        from entrepot.drivers.sql.metadata import SqlMetadata
        from entrepot.drivers.sql.pulls import SqlPullGatherers, SqlPullTimes
        from entrepot.drivers.sql.quarantine import SqlQuarantine
        from entrepot.drivers.sql.recount import SqlUsageRecount
        from entrepot.drivers.sql.redo import SqlRedoLog
        from entrepot.drivers.sql.removal import SqlHiddenRepositories, SqlTagHistory
        from entrepot.drivers.sql.sessions import (
            SqlGuessLedger,
            SqlReservations,
            SqlUploadSessions,
        )
        from entrepot.drivers.sql.sweep import SqlCollectionSweep
        from entrepot.drivers.sql.timed_database import TimedDatabase
        from entrepot.drivers.sql.tokens import SqlTokenStore
        from entrepot.drivers.sql.usage import SqlUsage
        from entrepot.operations.metered_storage import metered

        database = SqliteDatabase(
            self.database, observe=metrics.transaction if metrics else ignore_group
        )
        uploads = SqliteDatabase(self._places.sessions, durable=False)
        asked = TimedDatabase(database, metrics.database) if metrics else database
        metadata = SqlMetadata(asked, self.settings.tags.history.keep, self.node)
        storage, inspector, close_storage = self._open_storage()

        def close() -> None:
            database.close()
            uploads.close()
            close_storage()

        process = f"command-{os.getpid()}" if worker is None else f"worker-{worker}"
        holders = f"{self.node}/{process}/"
        return Drivers(
            metadata=metadata,
            sessions=SqlUploadSessions(uploads),
            blobs=metered(storage, metrics) if metrics else storage,
            access=OpenAccess(),
            clock=SystemClock(),
            jobs=SqlJobLedger(database, holders),
            events=SqlEventLog(database),
            tag_history=SqlTagHistory(database),
            dated_tags=SqlDatedTags(database),
            hidden_repositories=SqlHiddenRepositories(database),
            pulls=SqlPullTimes(database),
            pull_gatherers=SqlPullGatherers(uploads),
            accounts=SqlAccounts(database, self.node),
            tokens=SqlTokenStore(database),
            fills=SqlFills(uploads),
            checked_tags=SqlCheckedTags(uploads),
            cached_images=SqlCachedImages(database),
            guesses=SqlGuessLedger(uploads),
            quarantine=SqlQuarantine(database),
            inspector=inspector,
            collection=SqlCollectionQueue(database, self.node),
            collection_sweep=SqlCollectionSweep(database),
            reservations=SqlReservations(uploads),
            mender=SqlMender(database),
            redo=SqlRedoLog(database),
            usage=SqlUsage(database),
            recount=SqlUsageRecount(database),
            holders=holders,
            close=close,
        )

    @contextmanager
    def rows(self) -> Iterator[MetadataInspector]:
        """Open the database for somebody who reads all of it, page by page."""
        from entrepot.drivers.sql.check import SqlInspector
        from entrepot.drivers.sql.engines.sqlite.database import SqliteDatabase

        with closing(SqliteDatabase(self.database, read_only=True)) as database:
            yield SqlInspector(database)

    @contextmanager
    def checked(self, drivers: Drivers) -> Iterator[Stores]:
        """Give what a check of these drivers works with."""
        from entrepot.assembly.rules import mirror_names
        from entrepot.services.check import Stores

        with self.rows() as rows:
            yield Stores(
                rows=rows,
                mender=drivers.mender,
                blobs=drivers.inspector,
                keeper=drivers.blobs,
                sessions=drivers.sessions,
                recount=drivers.recount,
                quarantine=drivers.quarantine,
                clock=drivers.clock,
                directory=None if self.tree is None else self.tree.watch(drivers),
                mirrors=mirror_names(self.settings.mirrors),
            )

    @contextmanager
    def _opened_as_it_is(self) -> Iterator[Drivers]:
        from entrepot.drivers.sql.engines.sqlite.migrations import require_schema

        require_schema(self.database, "metadata")
        require_schema(self._places.sessions, "sessions")
        with closing(self.open()) as drivers:
            yield drivers

    def _open_storage(self) -> tuple[BlobStorage, BlobInspector, Callable[[], None]]:
        if not self.is_kept:
            from entrepot.drivers.memory.storage import MemoryStorage
            from entrepot.drivers.memory.store import MemoryInspector, MemoryStore

            store = MemoryStore()
            memory = MemoryStorage(store)
            return memory, MemoryInspector(store), memory.close
        from entrepot.drivers.filesystem.inspector import FilesystemInspector
        from entrepot.drivers.filesystem.storage import FilesystemStorage

        root = self._places.root
        storage = FilesystemStorage(root, self.settings.storage.filesystem.maxthreads)
        inspector = FilesystemInspector(root)

        def close() -> None:
            inspector.close()
            storage.close()

        return storage, inspector, close
